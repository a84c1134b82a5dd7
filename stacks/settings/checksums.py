"""Checksum requirements: anyone who can change a model that runs code can run it in the replicas."""

import re
from collections.abc import Iterator

from stacks.settings.aws.eks import EksCluster
from stacks.settings.errors import Path, Problem
from stacks.settings.model import Model, PythonPredictor
from stacks.settings.sources import PytorchPredictor, SavedPredictor, SklearnPredictor, Source
from stacks.settings.stack import Stack

# Suffix after `bucket_prefix` of components/model_store.py:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket#bucket_prefix
_SUFFIX = "[0-9a-f]{26}"
_FIX = "give its `sha256`"


def checksum_problems(stack: Stack) -> Iterator[Problem]:
    """Yield models without a checksum that are fetched from a place where others may write."""
    for name, model in stack.models.items():
        for path, source in _sources(model):
            url = source.model
            if url and not source.sha256 and (message := _unsafe(stack, model, url)):
                yield Problem(("models", name, "predictor", *path), message)


def own_buckets(stack: Stack) -> list[str]:
    """Return the stack's own buckets that hold its models, for another stack on the same cluster."""
    urls = [url for model in stack.models.values() for url in model.fetched if _is_own(stack, url)]
    return list(dict.fromkeys("/".join(url.split("/")[:3]) for url in urls))


def _sources(model: Model) -> Iterator[tuple[Path, Source]]:
    predictor = model.predictor
    if isinstance(predictor, Source):
        yield ("model",), predictor
    if isinstance(predictor, SavedPredictor):
        for name, source in predictor.models.items():
            yield ("models", name), source


def _unsafe(stack: Stack, model: Model, url: str) -> str | None:
    """Return the reason why a URL needs a checksum, and how to add one; None if it needs none."""
    if url.startswith("http://"):
        return f"http:// is read by anyone, and changed: {_FIX} (or https://)"
    # Nothing is fetched from a volume of the replica's own.
    if not _runs_code(model) or url.startswith("file://") or _is_own(stack, url):
        return None
    own = "keep it in a bucket of the stack's own (`model_store`, `axon:platform.model_buckets`)"
    if url.endswith("/"):
        return f"a folder of this kind can run code as it is loaded, and has no `sha256`: {own}"
    return f"a file of this kind can run code as it is loaded: {_FIX}, or {own}"


def _runs_code(model: Model) -> bool:
    """Return True if a model is loaded by pickle, or by a class that may use it.

    ONNX files hold no code, and TensorFlow's no Python code.
    """
    return isinstance(model.predictor, SklearnPredictor | PytorchPredictor | PythonPredictor)


def _is_own(stack: Stack, url: str) -> bool:
    """Return True if a URL is in a bucket that only people of the stack write to."""
    if any(url.startswith(f"{bucket}/") for bucket in stack.platform.model_buckets):
        return True
    cluster = stack.cluster
    if not isinstance(cluster, EksCluster) or not cluster.model_store.enabled:
        return False
    return re.match(rf"s3://{re.escape(cluster.name)}-models-{_SUFFIX}/", url) is not None
