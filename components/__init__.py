"""Components of a stack, each a Pulumi component resource. Components on AWS: components/on_aws.py."""

from components.existing_cluster import ExistingCluster
from components.kubernetes_cluster import KubernetesCluster
from components.model_api import ModelApi
from components.platform import Platform
from components.traffic_splitter import TrafficSplitter

__all__ = ["ExistingCluster", "KubernetesCluster", "ModelApi", "Platform", "TrafficSplitter"]
