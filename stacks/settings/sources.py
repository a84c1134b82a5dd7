"""Where a model comes from: a folder of the project, or a URL that replicas fetch it from."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.units import RelativePath

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


def _sha256(text: str) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return text
    raise ValueError(f'"{text}" is not a SHA-256 (64 hex digits in lower case, from `sha256sum FILE`)')


def _object_name(text: str) -> str:
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", text):
        return text
    raise ValueError(f'"{text}" is not the name of a Kubernetes object')


ModelUrl = Annotated[str, AfterValidator(_model_url)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
ObjectName = Annotated[str, AfterValidator(_object_name)]


class Fetched(Settings):
    """What replicas fetch when they start."""

    model: ModelUrl | None = None
    """`s3://bucket/key`, `gs://…`, `https://…` or `file:///…`; with a slash at its end, a folder."""

    sha256: Sha256 | None = None
    """The checksum of `model`, a single file: another one is refused, and a preview shows when it changes."""

    cache_claim: ObjectName | None = None
    """A PersistentVolumeClaim of the models' namespace that replicas keep fetched models in, together."""

    credentials_secret: ObjectName | None = None
    """A Secret of that namespace whose keys are environment variables, such as AWS_ACCESS_KEY_ID."""

    @property
    def urls(self) -> list[str]:
        """What is fetched."""
        return [self.model] if self.model else []

    @model_validator(mode="after")
    def _of_a_model(self) -> "Fetched":
        if self.sha256 and not self.model:
            raise _wrong("sha256", "is of a `model`, and there is none")
        if self.sha256 and (self.model or "").endswith("/"):
            raise _wrong("sha256", "is of one file, and `model` is a folder")
        for key in ("cache_claim", "credentials_secret"):
            if getattr(self, key) and not self.urls:
                raise _wrong(key, "is for a `model`, and nothing is fetched")
        return self


class SavedPredictor(Fetched):
    """A model that axon's own runtime loads."""

    path: RelativePath | None = None
    """A folder of the project that holds the model and, for `make predict`, `sample.json`."""

    @property
    def folders(self) -> list[str]:
        """The folders of the project that go into its image."""
        return [self.path] if self.path else []

    @model_validator(mode="after")
    def _one_source(self) -> "SavedPredictor":
        if self.path and self.model:
            raise _wrong("model", "stands beside `path`: give one of them")
        if not self.path and not self.model:
            raise PydanticCustomError("source", "needs `path`, a folder of the project, or `model`, a URL")
        return self


def _wrong(key: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("source", "{message}", {"message": message, "at": key})
