"""How long a model's requests, starts and ends may take, in seconds."""

import math

from stacks.settings.image_predictor import ImagePredictor, drain_seconds
from stacks.settings.model import Model
from stacks.settings.probes import DRAIN_SECONDS
from stacks.settings.units import duration_seconds

# Beyond a request's timeout, for the server to end in.
_ENDING_SECONDS = 5
# Beyond the server's own end, before Kubernetes kills what is left.
_SPARE_SECONDS = 5
# What streams without a timeout have to end in.
_STREAMS_SECONDS = 60


def request_seconds(model: Model) -> int | None:
    """Return when a request is answered 504; None where answers are streams of any length."""
    if stream_idle_seconds(model) is not None:
        return None
    return math.ceil(duration_seconds(model.server.request_timeout))


def stream_idle_seconds(model: Model) -> int | None:
    """Return when a stream that nobody sends anything by is ended; None where answers are no streams."""
    predictor = model.predictor
    idle = predictor.stream_idle_timeout if isinstance(predictor, ImagePredictor) else None
    return math.ceil(duration_seconds(idle)) if idle else None


def usual_startup_seconds(model: Model) -> int:
    """Return how long starting may take by default: five minutes, or what a rollout may take.

    Fetching a large model takes long.
    """
    return max(300, math.ceil(duration_seconds(model.update_strategy.timeout)))


def startup_seconds(model: Model) -> int:
    """Return how long starting may take."""
    usual = usual_startup_seconds(model)
    probe = model.predictor.startup if isinstance(model.predictor, ImagePredictor) else None
    if probe is None:
        return usual
    delay, period = (math.ceil(duration_seconds(one)) for one in (probe.initial_delay, probe.period or "1s"))
    return delay + (period * probe.failures if probe.failures else usual)


def wake_seconds(model: Model) -> int:
    """Return how long a request waits for the first replica of a model that sleeps."""
    wanted = model.autoscaling.wake_timeout
    return math.ceil(duration_seconds(wanted)) if wanted else startup_seconds(model)


def ending_seconds(model: Model) -> int:
    """Return for how long after SIGTERM a replica may go on: the longest request is answered in it.

    axon's runtime is told (AXON_GRACE_SECONDS), and ends by then whatever hangs.
    """
    return _answer_seconds(model) + _ENDING_SECONDS


def draining_seconds(model: Model) -> int:
    """Return how long a replica goes on before it is told to end: the gateway learns of it meanwhile.

    Behind the proxy that holds requests for an image, until the last of them has been answered: an image may
    close its port as soon as it is told.
    """
    predictor = model.predictor
    if isinstance(predictor, ImagePredictor) and predictor.pre_stop:
        return drain_seconds(predictor)
    if not isinstance(predictor, ImagePredictor) or not model.proxied or not model.server.max_queue_length:
        return DRAIN_SECONDS
    most = DRAIN_SECONDS + _answer_seconds(model)
    if predictor.grace_period:
        own = math.ceil(duration_seconds(predictor.grace_period)) - _ENDING_SECONDS
        return max(DRAIN_SECONDS, min(most, own))
    return most


def grace_seconds(model: Model) -> int:
    """Return how long a replica that is to end has before it is killed, the drain before SIGTERM included."""
    predictor = model.predictor
    if isinstance(predictor, ImagePredictor) and predictor.grace_period:
        return math.ceil(duration_seconds(predictor.grace_period))
    return draining_seconds(model) + ending_seconds(model) + _SPARE_SECONDS


def _answer_seconds(model: Model) -> int:
    return request_seconds(model) or _STREAMS_SECONDS
