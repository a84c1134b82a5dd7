"""Saved models and their sources: a folder of the project, or a URL from which replicas fetch the model."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.paths import FolderPath
from stacks.settings.units import DnsLabel

_FORMS = "s3://bucket/key, gs://bucket/key, https://host/path or file:///path"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; wildcards are IAM's.
_PLACES = (
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/*?][^*?]*",
    r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/[^/].*",
    r"https?://[^/?#\s]+/[^/?#\s][^#\s]*",
    r"file:///[^/].*",
)


def _model_url(text: str) -> str:
    if not any(re.fullmatch(place, text) for place in _PLACES):
        raise ValueError(f'"{text}" is not where a model can be fetched from ({_FORMS})')
    if text.startswith("http"):
        parts = urlsplit(text)
        if "@" in parts.netloc:
            raise ValueError("a password here would be stored in plain text")
        if parts.path.endswith("/"):
            raise ValueError(f'"{text}" is a folder, and a web server lists none (name a file)')
    return text


def _bucket(text: str) -> str:
    if any(re.fullmatch(place.partition("/[^")[0], text) for place in _PLACES[:2]):
        return text
    raise ValueError(f'"{text}" is not a bucket such as s3://models (no slash last)')


def _sha256(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    raise ValueError(f'"{text}" is not a SHA-256 (64 hex digits in lower case, from `sha256sum FILE`)')


def _object_name(text: str) -> str:
    # https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
    if (
        re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", text)
        and len(text) < 254
    ):
        return text
    raise ValueError(f'"{text}" is not the name of a Kubernetes object')


# MAX_ARG_STRLEN of Linux, with room for the name: https://man7.org/linux/man-pages/man2/execve.2.html
MOST_OF_A_VARIABLE = 127 * 1024

FOLDER = "/predictor"
"""Folder in an image with the files from the project."""

# Paths of the server itself, at `/` and a name.
_RESERVED = frozenset({"live", "metrics", "ready", "v2"})

ModelUrl = Annotated[str, AfterValidator(_model_url)]
Bucket = Annotated[str, AfterValidator(_bucket)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
ObjectName = Annotated[str, AfterValidator(_object_name)]


class Source(Settings):
    """A model that replicas fetch when they start."""

    model: ModelUrl | None = None
    """URL of the model: `s3://bucket/key`, `gs://…`, `https://…` or `file:///…`. A slash at the end means a
    folder.
    """

    sha256: Sha256 | None = None
    """SHA-256 checksum of `model`, which must be a single file. Another file is rejected, and a preview shows
    a change of the model.

    Every load checks it. It is required for `http://`, and for files that can run code when they are loaded
    (scikit-learn, PyTorch, a class of yours), except in buckets of the stack's own.
    """

    @model_validator(mode="after")
    def _of_a_file(self) -> "Source":
        if self.sha256 and not self.model:
            raise _wrong("sha256", "is of a `model`, and there is none")
        if self.sha256 and (self.model or "").endswith("/"):
            raise _wrong("sha256", "is of one file, and `model` is a folder")
        return self


class Fetched(Source):
    """Source of a fetched model, and its cache and credentials."""

    cache_claim: ObjectName | None = None
    """Name of a PersistentVolumeClaim in the models' namespace, in which replicas share fetched models.
    Unset: each replica fetches for itself.
    """

    credentials_secret: ObjectName | None = None
    """Name of a Secret in the models' namespace whose keys are environment variables, such as
    AWS_ACCESS_KEY_ID. Unset: the model's role on EKS, otherwise no credentials.
    """

    @property
    def urls(self) -> list[str]:
        """URLs that replicas fetch."""
        return [self.model] if self.model else []

    @model_validator(mode="after")
    def _for_a_url(self) -> "Fetched":
        for key in ("cache_claim", "credentials_secret"):
            if getattr(self, key) and not self.urls:
                raise _wrong(key, "is for a `model`, and nothing is fetched")
        return self


class OneOfMany(Source):
    """One of several models of a replica. A path or URL without keys is its short form."""

    path: FolderPath | None = None
    """Folder of the project with the model. Set either this or `model`."""

    @model_validator(mode="after")
    def _one_source(self) -> "OneOfMany":
        if (self.path is None) == (self.model is None):
            raise PydanticCustomError("source", "needs either `path` or `model`")
        return self


def _source(value: object) -> object:
    if isinstance(value, str):
        return {"model" if "://" in value else "path": value}
    return value


class SavedPredictor(Fetched):
    """One or several models that axon's runtime loads."""

    path: FolderPath | None = None
    """Folder of the project with the model and, for `axon predict`, `sample.json`. Set either this, `model`
    or `models`.
    """

    models: dict[
        DnsLabel, Annotated[OneOfMany, BeforeValidator(_source, json_schema_input_type=str | OneOfMany)]
    ] = Field(default_factory=dict[str, OneOfMany], max_length=200)
    """Several models in each replica, by the name that selects one in a request's path."""

    cache_size: int | None = Field(default=None, ge=1)
    """Maximum number of `models` that are loaded at once; the least recently used is unloaded. Unset: all are
    loaded.
    """

    @property
    def urls(self) -> list[str]:
        """URLs that replicas fetch."""
        return [source.model for source in (self, *self.models.values()) if source.model]

    @property
    def folders(self) -> dict[str, str]:
        """Folders of the project that are copied into the image, by their place in it."""
        if self.path:
            return {FOLDER: self.path}
        return {f"{FOLDER}/{name}": source.path for name, source in self.models.items() if source.path}

    @model_validator(mode="after")
    def _one_source(self) -> "SavedPredictor":
        given = [key for key in ("path", "model", "models") if getattr(self, key)]
        if not given:
            raise PydanticCustomError(
                "source", "needs `path`, a folder of the project, or `model`, a URL, or several `models`"
            )
        if len(given) > 1:
            raise _wrong(given[1], f"stands beside `{given[0]}`: give one of them")
        if self.cache_size and not self.models:
            raise _wrong("cache_size", "is of `models`, and there are none")
        for name in _RESERVED.intersection(self.models):
            raise _wrong(f"models.{name}", f"/{name} is a path of the server's own: choose another name")
        return self


class SklearnPredictor(SavedPredictor):
    """A fitted scikit-learn estimator, served by axon's runtime."""

    type: Literal["sklearn"]
    """`sklearn`: a scikit-learn estimator saved with joblib, `model.joblib` in its folder."""

    onnx: bool = False
    """Export to ONNX when the model is loaded, and inference by ONNX Runtime, which is faster. The model is
    rejected if the results differ.
    """


class OnnxPredictor(SavedPredictor):
    """An ONNX model, served by axon's runtime."""

    type: Literal["onnx"]
    """`onnx`: a model in the Open Neural Network Exchange format, `model.onnx` in its folder."""


class PytorchPredictor(SavedPredictor):
    """A PyTorch model, served by axon's runtime."""

    type: Literal["pytorch"]
    """`pytorch`: a program of `torch.export`, `model.pt2` in its folder, or TorchScript, `model.pt`."""


class TensorflowPredictor(SavedPredictor):
    """A TensorFlow model, served by axon's runtime."""

    type: Literal["tensorflow"]
    """`tensorflow`: a Keras archive, `model.keras` in its folder, or a SavedModel, the folder `model`."""


def _wrong(key: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("source", "{message}", {"message": message, "at": key})
