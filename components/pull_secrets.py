"""Image pull Secrets."""

import pulumi_kubernetes as k8s

from stacks.settings.images import Images
from stacks.settings.model import ImagePredictor, Model


def pull_secrets(model: Model, images: Images) -> list[k8s.core.v1.LocalObjectReferenceArgs] | None:
    """Return the Secrets for a model's images: those of the stack, then the model's own."""
    own = model.predictor.image_pull_secrets if isinstance(model.predictor, ImagePredictor) else []
    return references([*images.pull_secrets, *own])


def references(names: list[str]) -> list[k8s.core.v1.LocalObjectReferenceArgs] | None:
    """Return references to Secrets in the form of a pod's spec, without duplicates."""
    return [k8s.core.v1.LocalObjectReferenceArgs(name=name) for name in dict.fromkeys(names)] or None
