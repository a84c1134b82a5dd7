"""Durations with bounds: those of Kubernetes, KEDA, Prometheus and the gateway."""

from typing import Annotated

from pydantic import AfterValidator

from stacks.settings.units import Duration, duration_seconds


def between(
    least: str,
    most: str,
    *,
    low: str = "the least allowed",
    high: str = "the most allowed",
    whole: bool = True,
) -> AfterValidator:
    """Return a check of a duration: both bounds are allowed, and errors end with `low` or `high`.

    `whole`: reject fractions of a second.
    """

    def check(text: str) -> str:
        seconds = duration_seconds(text)
        if seconds < duration_seconds(least):
            raise ValueError(f'"{text}" is less than {least}, {low}')
        if seconds > duration_seconds(most):
            raise ValueError(f'"{text}" is more than {most}, {high}')
        if whole and seconds % 1:
            raise ValueError(f'"{text}" is not a whole number of seconds (try {max(1, round(seconds))}s)')
        return text

    return AfterValidator(check)


# MaxStabilizationWindowSeconds of Kubernetes: pkg/apis/autoscaling/validation/validation.go
StabilizationPeriod = Annotated[
    Duration,
    between("0s", "1h", low="no time at all", high="the most that Kubernetes looks back"),
]
# components/platform/prometheus.py: replicas are scraped every 5 s; metrics are kept for 6h by default.
Window = Annotated[
    Duration,
    between("10s", "1h", low="two scrapes: there would be no number", high="which follows no load"),
]
# https://gateway-api.sigs.k8s.io/geps/gep-2257/ : five digits of seconds; starting a replica takes some.
RequestTimeout = Annotated[
    Duration,
    between(
        "100ms",
        "24h",
        low="and no request would be in time",
        high="the longest that the gateway waits (Gateway API: five digits of seconds)",
        whole=False,
    ),
]
BatchInterval = Annotated[
    Duration,
    between("0s", "1m", low="no time at all", high="for which every request would wait", whole=False),
]
# Deployment.spec.progressDeadlineSeconds is more than minReadySeconds, and both are whole seconds.
RolloutTimeout = Annotated[
    Duration,
    between(
        "10s", "24h", low="in which no replica starts", high="for which a failed update would go unnoticed"
    ),
]
MinReady = Annotated[
    Duration,
    between("0s", "1h", low="no time at all", high="which every replica of an update would wait for"),
]
# `autoscaling.window` is an hour at most.
Retention = Annotated[
    Duration,
    between(
        "1h",
        "8760h",
        low="what `autoscaling.window` may ask for",
        high="a year: use a Prometheus of your own",
    ),
]
# https://fetch.spec.whatwg.org/#http-access-control-max-age : no browser caches a response for longer.
CorsAge = Annotated[
    Duration, between("0s", "24h", low="no time at all", high="the longest that any browser remembers")
]
# Kubernetes counts the times of a probe and of a pod's end in whole seconds.
WholeSeconds = Annotated[Duration, between("1s", "1h")]
SlowStart = Annotated[Duration, between("0s", "15m", whole=False)]
HeaderTimeout = Annotated[Duration, between("1s", "5m", whole=False)]
BodyTimeout = Annotated[Duration, between("1s", "24h", whole=False)]
IdleTimeout = Annotated[Duration, between("10s", "1h", whole=False)]
