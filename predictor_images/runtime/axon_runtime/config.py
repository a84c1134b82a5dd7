"""Configuration of a replica in environment variables: set by the pod, or by a user on a workstation."""

import math
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast, get_args

import msgspec

Kind = Literal["onnx", "python", "pytorch", "sklearn", "tensorflow"]
"""Type of a predictor: a user's class, or a saved model of a framework."""


# Grace period in addition to a request's timeout, if the pod does not set one.
_END_SECONDS = 5


class ConfigError(Exception):
    """An environment variable is invalid. The text is one line."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Concurrency, timeouts and sizes of a replica's requests."""

    max_concurrency: int = 100
    """Maximum number of requests in progress. With batching, the requests of one batch."""

    max_queue_length: int = 100
    """Maximum number of queued requests, in addition to those in progress. Further requests get 503 at
    once.
    """

    max_batch_size: int = 64
    """Maximum number of requests per batch, for a model that takes rows."""

    batch_interval: float = 0.0
    """Seconds to wait for a batch to fill while other requests are in flight. 0: no wait."""

    processes_per_replica: int = 1
    """Processes that each load the model; the limits apply to all processes together."""

    threads_per_process: int = 1
    """Threads that run a predictor's code."""

    request_timeout: float = 60.0
    """Seconds after which a request gets 504."""

    max_body_size: int = 32 * 2**20
    """Maximum number of bytes of a request's body. A larger body gets 413."""

    log_requests: bool = False
    """Log every request, not only failed requests."""

    openapi: bool = True
    """True if `/openapi.json` describes the model."""

    def __post_init__(self) -> None:
        """Reject values with which no request could be served."""
        for name in ("max_concurrency", "max_batch_size", "threads_per_process", "max_body_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is less than 1")
        if not 1 <= self.processes_per_replica <= 64:
            raise ValueError(f"processes_per_replica is {self.processes_per_replica}, not from 1 to 64")
        if self.max_queue_length < 0 or self.batch_interval < 0 or self.request_timeout <= 0:
            raise ValueError("max_queue_length, batch_interval and request_timeout must not be negative")

    @property
    def most(self) -> int:
        """Maximum number of requests in flight, in progress and queued."""
        return self.max_concurrency + self.max_queue_length


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Location of a fetched model."""

    url: str
    """URL with `s3://`, `gs://`, `https://`, `http://` or `file://`; a trailing slash denotes a folder."""

    sha256: str | None = None
    """SHA-256 of the file, in hex; a file with a different hash is rejected."""


class Track(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings of prediction tracking."""

    model_type: Literal["classification", "regression"]
    """Type of the tracked predictions: classes or numbers."""

    key: str | None = None
    """Key of the prediction in a Python predictor's response; None: the whole response."""

    max_classes: int = 100
    """Classes with their own label; the others are counted as `other`."""

    buckets: tuple[float, ...] = (0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
    """Upper bounds of the histogram of numbers."""

    def __post_init__(self) -> None:
        """Reject settings that cannot be tracked."""
        if self.max_classes < 1:
            raise ValueError("max_classes is less than 1")
        rising = all(low < high for low, high in pairwise(self.buckets))
        if not self.buckets or not rising or not all(map(math.isfinite, self.buckets)):
            raise ValueError("buckets are not rising numbers")


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Complete configuration of a replica."""

    name: str
    kind: Kind
    folder: Path
    """Folder of the predictor; or path of a fetched model, or its file."""

    port: int
    limits: Limits
    arguments: dict[str, Any]
    """Argument `config` of the user's class."""

    model: Source | None = None
    """Source of the model, unless the model is in the folder."""

    model_path: Path | None = None
    """Fetched model, passed to the user's class for loading."""

    models: dict[str, Source] = {}
    """Several models instead of one, by name."""

    cache_size: int | None = None
    """Maximum number of models that are loaded at once; None: all."""

    cache: Path = Path("/models")
    """Cache folder of fetched models."""

    onnx: bool = False
    """True if ONNX Runtime serves a scikit-learn estimator, provided that the predictions are the same."""

    track: Track | None = None
    """Settings of prediction tracking; None: no tracking."""

    traces: bool = False
    """True if a trace of each request is exported."""

    management_port: int | None = None
    """Port of probes and metrics; None: the next port, or any free port."""

    grace: float
    """Seconds from SIGTERM to the forced end of the process: more than a request's timeout."""

    memory_limit: int | None = None
    """Memory limit of the replica in bytes; None: unknown."""

    @property
    def hung(self) -> float:
        """Seconds after which a running call counts as hung: three times a request's timeout."""
        return 3 * self.limits.request_timeout


def from_environment(environment: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration from environment variables.

    Raises:
        ConfigError: when the value of a variable is invalid.
    """
    kind = environment.get("AXON_PREDICTOR", "sklearn")
    if kind not in get_args(Kind):
        raise ConfigError(f'AXON_PREDICTOR is "{kind}", not one of {", ".join(get_args(Kind))}')
    port = _port("AXON_PORT", environment.get("AXON_PORT", "8080"))
    limits = _decoded("AXON_LIMITS", environment, Limits)
    management = environment.get("AXON_MANAGEMENT_PORT")
    return Config(
        name=environment.get("AXON_MODEL_NAME", "model"),
        kind=cast(Kind, kind),
        folder=Path(environment.get("AXON_PREDICTOR_FOLDER", "/predictor")),
        port=port,
        management_port=_port("AXON_MANAGEMENT_PORT", management) if management else None,
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
    """Return whether OpenTelemetry's own variables enable traces, by an endpoint.

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
