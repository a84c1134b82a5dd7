"""Stack config: all settings that differ between stacks."""

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
    """Keys of a stack file, each `axon:<key>`."""

    cluster: Cluster
    """Kubernetes cluster of the stack, existing or created on AWS."""

    images: Images = Images()
    """Registries that images are pushed to and pulled from."""

    platform: Platform = Platform()
    """Add-ons that every model API needs: gateway, autoscaling, metrics."""

    models: Models = Field(default_factory=dict[str, Model])
    """Model APIs of the stack, by name."""

    traffic_splitters: TrafficSplitters = Field(default_factory=dict[str, TrafficSplitter])
    """Endpoints that divide their requests among several model APIs, by name."""

    def with_registry(self) -> "Stack":
        """Return the stack with the registry and mirrors of an EKS stack, unless they are set."""
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
        """Longest time in seconds that a model's request may take, except streams."""
        return max((request_seconds(model) or 0 for model in self.models.values()), default=0)
