"""What a replica is told, in environment variables: the pod's, or a person's who tries a predictor."""

import math
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast, get_args

import msgspec

Kind = Literal["onnx", "python", "pytorch", "sklearn", "tensorflow"]
"""What a predictor is: a class of the user's, or a saved model of a framework."""


# Beyond a request's timeout, to end in, where the pod says nothing.
_END_SECONDS = 5


class ConfigError(Exception):
    """The environment is wrong. Its text is one line."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much a replica takes at once, and how it takes it."""

    max_concurrency: int = 100
    """Requests that are worked on at once. With batching, those of one batch."""

    max_queue_length: int = 100
    """Requests that wait beside them (default: Cortex's). One more is answered 503 at once."""

    max_batch_size: int = 64
    """Requests that a model which takes rows is given together."""

    batch_interval: float = 0.0
    """Seconds to wait for a batch to fill while other requests are there. 0: take what waits."""

    processes_per_replica: int = 1
    """Processes that each load the model; the limits are of all of them together."""

    threads_per_process: int = 1
    """Threads that run a predictor's code."""

    request_timeout: float = 60.0
    """Seconds after which a request is answered 504."""

    max_body_size: int = 32 * 2**20
    """Bytes of a request's body. A larger one is answered 413."""

    log_requests: bool = False
    """Log each request, not only those that fail."""

    openapi: bool = True
    """Whether `/openapi.json` describes the model."""

    def __post_init__(self) -> None:
        """Refuse what could never serve."""
        for name in ("max_concurrency", "max_batch_size", "threads_per_process", "max_body_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is less than 1")
        if not 1 <= self.processes_per_replica <= 64:
            raise ValueError(f"processes_per_replica is {self.processes_per_replica}, not from 1 to 64")
        if self.max_queue_length < 0 or self.batch_interval < 0 or self.request_timeout <= 0:
            raise ValueError("max_queue_length, batch_interval and request_timeout must not be negative")

    @property
    def most(self) -> int:
        """Requests in flight, working and waiting, before one is refused."""
        return self.max_concurrency + self.max_queue_length


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a model is fetched from."""

    url: str
    """`s3://`, `gs://`, `https://`, `http://` or `file://`; a slash at its end: a folder."""

    sha256: str | None = None
    """The file's checksum, in hex; what differs is refused."""


class Track(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is counted of predictions."""

    model_type: Literal["classification", "regression"]
    """Whether classes are counted, or numbers."""

    key: str | None = None
    """Where in a Python predictor's answer the prediction is; None: it is all of it."""

    max_classes: int = 100
    """Classes that are counted apart; the rest are `other`."""

    buckets: tuple[float, ...] = (0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
    """The upper bounds of the histogram of numbers."""

    def __post_init__(self) -> None:
        """Refuse what could not be counted."""
        if self.max_classes < 1:
            raise ValueError("max_classes is less than 1")
        rising = all(low < high for low, high in pairwise(self.buckets))
        if not self.buckets or not rising or not all(map(math.isfinite, self.buckets)):
            raise ValueError("buckets are not rising numbers")


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A replica's whole configuration."""

    name: str
    kind: Kind
    folder: Path
    """Of the predictor; or of a fetched model, or its file."""

    port: int
    limits: Limits
    arguments: dict[str, Any]
    """What the user's class is given as `config`."""

    model: Source | None = None
    """Where the model is fetched from, unless it is in the folder."""

    model_path: Path | None = None
    """What the user's class is given to load, once it is fetched."""

    models: dict[str, Source] = {}
    """Several models instead of one, by name."""

    cache_size: int | None = None
    """How many of them are loaded at once; None: all."""

    cache: Path = Path("/models")
    """Where fetched models are kept."""

    onnx: bool = False
    """Whether an estimator of scikit-learn is served by ONNX Runtime, if it predicts the same so."""

    track: Track | None = None
    """What is counted of predictions, if anything is."""

    traces: bool = False
    """Whether a trace of each request is exported."""

    management_port: int | None = None
    """The port of probes and metrics; None: the next one, or any that is free."""

    grace: float
    """Seconds from SIGTERM to the end of the process, whatever hangs: more than a request may take."""

    memory_limit: int | None = None
    """Bytes of memory that the replica may use; None: no limit is known."""

    @property
    def hung(self) -> float:
        """Seconds after which a running call hangs: three times what a request may take."""
        return 3 * self.limits.request_timeout


def from_environment(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration.

    Raises:
        ConfigError: when a variable holds what it cannot.
    """
    kind = environment.get("AXON_PREDICTOR", "sklearn")
    if kind not in get_args(Kind):
        raise ConfigError(f'AXON_PREDICTOR is "{kind}", not one of {", ".join(get_args(Kind))}')
    port = _port("AXON_PORT", environment.get("AXON_PORT", "8080"))
    limits = _decoded("AXON_LIMITS", environment, Limits)
    told = environment.get("AXON_MANAGEMENT_PORT")
    return Config(
        name=environment.get("AXON_MODEL_NAME", "model"),
        kind=cast(Kind, kind),
        folder=Path(environment.get("AXON_PREDICTOR_FOLDER", "/predictor")),
        port=port,
        management_port=_port("AXON_MANAGEMENT_PORT", told) if told else None,
        limits=limits,
        grace=_count("AXON_GRACE_SECONDS", environment) or limits.request_timeout + _END_SECONDS,
        memory_limit=_count("AXON_MEMORY_LIMIT", environment),
        arguments=_decoded("AXON_CONFIG", environment, dict[str, Any]),
        model=_source(environment),
        models=_decoded("AXON_MODELS", environment, dict[str, Source]),
        cache_size=_count("AXON_CACHE_SIZE", environment),
        cache=Path(environment.get("AXON_CACHE", "/models")),
        onnx=_onnx(kind, environment),
        track=_decoded("AXON_TRACKER", environment, Track) if "AXON_TRACKER" in environment else None,
        traces=_traces(environment),
    )


def _onnx(kind: str, environment: Mapping[str, str]) -> bool:
    onnx = _decoded("AXON_ONNX", {"AXON_ONNX": "false", **environment}, bool)
    if onnx and kind != "sklearn":
        raise ConfigError(f"AXON_ONNX is for AXON_PREDICTOR=sklearn, and that is {kind}")
    return onnx


def _traces(environment: Mapping[str, str]) -> bool:
    """Say whether OpenTelemetry's own variables ask for traces: by naming who takes them.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    """
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or not any(environment.get(f"OTEL_EXPORTER_OTLP{of}_ENDPOINT") for of in ("_TRACES", "")):
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    if exporter not in ("otlp", "none"):
        raise ConfigError(f'OTEL_TRACES_EXPORTER is "{exporter}", neither otlp nor none')
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if protocol := environment.get(name):
            if protocol != "http/protobuf":
                raise ConfigError(f'{name} is "{protocol}": traces are sent by http/protobuf alone')
            break
    return exporter == "otlp"


def _source(environment: Mapping[str, str]) -> Source | None:
    url = environment.get("AXON_MODEL")
    return Source(url, environment.get("AXON_MODEL_SHA256")) if url else None


def _count(name: str, environment: Mapping[str, str]) -> int | None:
    text = environment.get(name)
    if text is None or (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        return int(text) if text else None
    raise ConfigError(f'{name} is "{text}", not a whole number above 0')


def _port(name: str, text: str) -> int:
    if text.isascii() and text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise ConfigError(f'{name} is "{text}", not a port')


def _decoded(name: str, environment: Mapping[str, str], kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(environment.get(name, "{}"), type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{name}: {error}") from None
