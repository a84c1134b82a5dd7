"""How long a replica takes to end: one place for the pod, the runtime and the tests."""

import math

from stacks.settings.model import Model
from stacks.settings.units import duration_seconds

DRAIN_SECONDS = 10
"""Seconds before SIGTERM, in which the gateway learns that the replica ends; requests still succeed."""

# Beyond a request's timeout, for the server to end in.
_END_SECONDS = 5
# Beyond the server's own end, before Kubernetes kills what is left.
_SPARE_SECONDS = 5


def grace_seconds(model: Model) -> int:
    """Return for how many seconds after SIGTERM a replica may go on: the longest request is answered in them.

    The runtime is told (AXON_GRACE_SECONDS), and ends by then whatever hangs.
    """
    return math.ceil(duration_seconds(model.server.request_timeout)) + _END_SECONDS


def termination_seconds(model: Model) -> int:
    """Return `terminationGracePeriodSeconds` of the pod, which counts from before the drain."""
    return DRAIN_SECONDS + grace_seconds(model) + _SPARE_SECONDS
