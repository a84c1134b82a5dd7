"""The parts of a stack, each a Pulumi component resource."""

from components.existing_cluster import ExistingCluster
from components.model_api import ModelApi
from components.platform import Platform

__all__ = ["ExistingCluster", "ModelApi", "Platform"]
