"""`axon:images`: registries that images are pushed to and pulled from."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.sources import ObjectName
from stacks.settings.units import DnsLabel, ImageReference, ImageRepository
from stacks.settings.web import Hostname


class Images(Settings):
    """Registry of the predictor images, and mirrors of public registries."""

    registry: ImageRepository | None = None
    """Registry to which axon pushes predictor images and from which nodes pull them. Unset: on EKS, the
    stack's own registry.
    """

    base: ImageReference = "docker.io/library/python:3.11-slim-bookworm"
    """Base image of predictor images. It must have Python 3.11 on Debian 12, as the default has."""

    mirror: ImageRepository | None = None
    """Registry with copies of the platform's images under their original paths. Unset: the original
    registries.
    """

    mirrors: dict[Hostname, ImageRepository] = Field(default_factory=dict[str, str])
    """Mirrors by registry, such as `docker.io: registry.example/hub`. They take precedence over `mirror`."""

    keep: Annotated[list[DnsLabel], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=100
    )
    """Repositories in the stack's own registry on EKS that are kept without a model, such as the repository
    of a removed model.
    """

    pull_secrets: Annotated[list[ObjectName], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=8
    )
    """Secrets of type kubernetes.io/dockerconfigjson with which nodes pull every image, including the
    platform's.

    Each must exist under this name in the namespaces of the models and of the platform's parts.
    """

    @property
    def chart_secrets(self) -> dict[str, list[dict[str, str]]]:
        """Return `pull_secrets` in the form of most charts' values."""
        return (
            {"imagePullSecrets": [{"name": name} for name in self.pull_secrets]} if self.pull_secrets else {}
        )

    def repository(self, name: str) -> str:
        """Return the registry and path of the predictor image `name`."""
        return f"{self.registry}/{name}"

    def mirrored(self, upstream: str) -> str:
        """Return the place to pull `upstream` (registry, path, tag and perhaps digest) from.

        A mirror is asked by tag: one that was built rather than copied has digests of its own.
        """
        host, path = upstream.split("@")[0].split("/", 1)
        place = self.mirrors.get(host, self.mirror)
        return upstream if place is None else f"{place}/{path}"

    def chart_image(self, upstream: str) -> dict[str, str]:
        """Return the place to pull `upstream` from, in the form of most charts' values."""
        repository, tag = self.mirrored(upstream).rsplit(":", 1)
        return {"repository": repository, "tag": tag}
