"""The whole stack config: everything that differs between one stack and the next."""

from pydantic import Field

from stacks.settings.aws.eks import EksCluster
from stacks.settings.base import Settings
from stacks.settings.cluster import Cluster
from stacks.settings.images import Images
from stacks.settings.model import Model, Models
from stacks.settings.platform import Platform
from stacks.settings.times import request_seconds
from stacks.settings.traffic_splitter import TrafficSplitter, TrafficSplitters


class Stack(Settings):
    """The keys of a stack file, each `axon:<key>`."""

    cluster: Cluster
    """Which Kubernetes."""

    images: Images = Images()
    """Where images come from."""

    platform: Platform = Platform()
    """The add-ons."""

    models: Models = Field(default_factory=dict[str, Model])
    """The model APIs, by name."""

    traffic_splitters: TrafficSplitters = Field(default_factory=dict[str, TrafficSplitter])
    """Endpoints whose requests several model APIs share, by name."""

    def with_registry(self) -> "Stack":
        """Return the stack with what EKS stacks have of their own, unless it is set: registry and mirrors."""
        if not isinstance(self.cluster, EksCluster):
            return self
        own = {
            "registry": self.images.registry or self.cluster.registry,
            "mirrors": {**self.cluster.image_mirrors, **self.images.mirrors},
        }
        images = self.images.model_copy(update=own)
        return self.model_copy(update={"images": images})

    @property
    def longest_request(self) -> float:
        """The seconds that the slowest model's requests may take, streams aside."""
        return max((request_seconds(model) or 0 for model in self.models.values()), default=0)
