"""Times that a model's requests, starts and ends may take, in seconds."""

import math

from stacks.settings.image_predictor import ImagePredictor, drain_seconds
from stacks.settings.model import Model
from stacks.settings.probes import DRAIN_SECONDS
from stacks.settings.units import duration_seconds

# Time for the server to end, in addition to a request's timeout.
_ENDING_SECONDS = 5
# Time after the server's own end, before Kubernetes kills the remaining processes.
_SPARE_SECONDS = 5
# Time in which streams without a timeout must end.
_STREAMS_SECONDS = 60


def request_seconds(model: Model) -> int | None:
    """Return the seconds after which a request's response is 504; None if responses are streams of any
    length.
    """
    if stream_idle_seconds(model) is not None:
        return None
    return math.ceil(duration_seconds(model.server.request_timeout))


def stream_idle_seconds(model: Model) -> int | None:
    """Return the seconds after which an idle stream ends; None if responses are not streams."""
    predictor = model.predictor
    idle = predictor.stream_idle_timeout if isinstance(predictor, ImagePredictor) else None
    return math.ceil(duration_seconds(idle)) if idle else None


def usual_startup_seconds(model: Model) -> int:
    """Return the seconds that starting may take by default: five minutes, or the timeout of a rollout.

    Fetching a large model takes long.
    """
    return max(300, math.ceil(duration_seconds(model.update_strategy.timeout)))


def startup_seconds(model: Model) -> int:
    """Return the seconds that starting may take."""
    usual = usual_startup_seconds(model)
    probe = model.predictor.startup if isinstance(model.predictor, ImagePredictor) else None
    if probe is None:
        return usual
    delay, period = (math.ceil(duration_seconds(one)) for one in (probe.initial_delay, probe.period or "1s"))
    return delay + (period * probe.failures if probe.failures else usual)


def wake_seconds(model: Model) -> int:
    """Return the seconds that a request waits for the first replica of a model that scales to zero."""
    wanted = model.autoscaling.wake_timeout
    return math.ceil(duration_seconds(wanted)) if wanted else startup_seconds(model)


def ending_seconds(model: Model) -> int:
    """Return the seconds that a replica may continue after SIGTERM, in which it completes the longest
    request.

    axon's runtime receives the value (AXON_GRACE_SECONDS), and ends by then even if a request hangs.
    """
    return _answer_seconds(model) + _ENDING_SECONDS


def draining_seconds(model: Model) -> int:
    """Return the seconds that a replica continues before SIGTERM, in which the gateway removes it from its
    routes.

    Behind the proxy that queues requests for an image, it is the time until the last of them has been
    answered, since an image may close its port at SIGTERM.
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
    """Return the seconds from the start of a replica's removal until it is killed, including the drain before
    SIGTERM.
    """
    predictor = model.predictor
    if isinstance(predictor, ImagePredictor) and predictor.grace_period:
        return math.ceil(duration_seconds(predictor.grace_period))
    return draining_seconds(model) + ending_seconds(model) + _SPARE_SECONDS


def _answer_seconds(model: Model) -> int:
    return request_seconds(model) or _STREAMS_SECONDS
