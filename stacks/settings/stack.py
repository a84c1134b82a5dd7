"""The whole stack config: everything that differs between one stack and the next."""

from pydantic import Field

from stacks.settings.base import Settings
from stacks.settings.cluster import Cluster
from stacks.settings.images import Images
from stacks.settings.model import Model, Models
from stacks.settings.platform import Platform


class Stack(Settings):
    """The keys of a stack file, each `axon:<key>`."""

    cluster: Cluster
    """Which Kubernetes."""

    images: Images
    """Where images come from."""

    platform: Platform = Platform()
    """The add-ons."""

    models: Models = Field(default_factory=dict[str, Model])
    """The model APIs, by name."""
