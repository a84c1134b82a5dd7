"""The parts of a stack, each a Pulumi component resource."""

from components.budget import Budget
from components.cluster import EksCluster, aws_provider, aws_tags
from components.existing_cluster import ExistingCluster
from components.model_api import ModelApi
from components.model_store import ModelStore
from components.platform import Platform
from components.registry import Registry
from components.traffic_splitter import TrafficSplitter

__all__ = [
    "Budget",
    "EksCluster",
    "ExistingCluster",
    "ModelApi",
    "ModelStore",
    "Platform",
    "Registry",
    "TrafficSplitter",
    "aws_provider",
    "aws_tags",
]
