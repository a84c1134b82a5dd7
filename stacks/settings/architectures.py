"""Processor architectures that a model's image is built for: those of the nodes that the model may run on."""

from collections.abc import Iterator

from stacks.settings.aws.eks import EksCluster
from stacks.settings.cluster import Cluster
from stacks.settings.eks_checks import eligible_groups
from stacks.settings.errors import Path, Problem
from stacks.settings.model import ImagePredictor, Model, PythonPredictor
from stacks.settings.stack import Stack

# In the terms of images: https://github.com/opencontainers/image-spec/blob/main/image-index.md (platform)
_OF_IMAGES = {"x86_64": "amd64", "arm64": "arm64"}
# Frameworks without wheels for ARM, according to `uv pip install --python-platform aarch64-manylinux_2_28`
# for predictor_images/*/requirements.txt. ONNX Runtime has ARM wheels only without GPU support.
_X86_ALONE, _X86_WITH_GPU = {"tensorflow"}, {"onnx"}


def architectures_of(cluster: Cluster | None, model: Model) -> tuple[str, ...]:
    """Return the architectures, such as `amd64`; none if the cluster's nodes are unknown."""
    if not isinstance(cluster, EksCluster):
        return ()
    groups = eligible_groups(cluster, model).values()
    return tuple(sorted({_OF_IMAGES[group.facts.architecture] for group in groups}))


def architecture_problems(stack: Stack, cluster: EksCluster) -> Iterator[Problem]:
    """Yield models that would be built for an architecture without packages for their framework."""
    for name, model in stack.models.items():
        predictor = model.predictor
        known = all(group in cluster.node_groups for group in model.node_groups)
        if isinstance(predictor, ImagePredictor) or not known:
            continue
        framework = predictor.framework if isinstance(predictor, PythonPredictor) else predictor.type
        lacking = framework in _X86_ALONE or (framework in _X86_WITH_GPU and model.compute.gpu > 0)
        if lacking and "arm64" in architectures_of(cluster, model):
            path: Path = ("models", name, "node_groups")
            yield Problem(path, f"{framework} has no packages for ARM: name groups of x86 instances alone")
