"""`axon:images`: where images come from."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.sources import ObjectName
from stacks.settings.units import DnsLabel, ImageReference, ImageRepository
from stacks.settings.web import Hostname


class Images(Settings):
    """The registry of the predictor images, and the mirror of everybody else's."""

    registry: ImageRepository | None = None
    """Where `axon images` pushes predictor images and nodes pull them. Unset: the stack's own, on EKS."""

    base: ImageReference = "docker.io/library/python:3.11-slim-bookworm"
    """The image that predictor images start from: Python 3.11 on Debian 12."""

    mirror: ImageRepository | None = None
    """A registry that holds copies of the platform's images under their own paths. Unset: upstream's."""

    mirrors: dict[Hostname, ImageRepository] = Field(default_factory=dict[str, str])
    """Mirrors of single registries, such as `docker.io: registry.example/hub`. They come before `mirror`."""

    keep: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=100
    )
    """Repositories of the stack's own registry on EKS that stay without a model, as a removed model's."""

    pull_secrets: Annotated[list[ObjectName], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=8
    )
    """Secrets of type kubernetes.io/dockerconfigjson that nodes pull every image with, the platform's too.

    Each has to be there under this name in the namespaces of the models and of the platform's parts.
    """

    @property
    def chart_secrets(self) -> dict[str, list[dict[str, str]]]:
        """Return `pull_secrets` as the values of most charts have them."""
        return (
            {"imagePullSecrets": [{"name": name} for name in self.pull_secrets]} if self.pull_secrets else {}
        )

    def repository(self, name: str) -> str:
        """Return registry and path of the predictor image called `name`."""
        return f"{self.registry}/{name}"

    def mirrored(self, upstream: str) -> str:
        """Return where to pull `upstream` (registry, path, tag and perhaps digest) from.

        A mirror is asked by tag: one that was built rather than copied has digests of its own.
        """
        host, path = upstream.split("@")[0].split("/", 1)
        place = self.mirrors.get(host, self.mirror)
        return upstream if place is None else f"{place}/{path}"

    def chart_image(self, upstream: str) -> dict[str, str]:
        """Return where to pull `upstream` from, as the values of most charts have it."""
        repository, tag = self.mirrored(upstream).rsplit(":", 1)
        return {"repository": repository, "tag": tag}
