"""`axon up`: what a stack needs, in order: policies, images, a copy of the state, objects, predictions."""

import sys
from collections.abc import Mapping
from typing import Any

from axon import engine
from axon.checks.failed_creation import replace_failed
from axon.checks.fit import check_fit
from axon.explain.pods import explain
from axon.gate import refused
from axon.images.ecr import ecr_region, fill_cache, make_all_but_models
from axon.images.publish import missing_images, publish
from axon.machine import LocalSettings
from axon.predict import predict
from axon.session import ready
from axon.state import back_up
from predictor_images import repositories_of
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster


def up(name: str, base: str) -> bool:
    """Make everything that a stack needs and ask each model for its sample; return whether all succeeded.

    `base` is the branch whose policies judge the change.
    """
    settings = ready(name)
    if refused(name, settings, base):
        return False
    make_images(name, settings)
    check_fit(settings)
    for line in replace_failed(settings, name, copy_state(name)):
        print(line)
    if not engine.up(name, settings):
        explain(settings)
        return False
    predict(settings, name, list(settings.models))
    return True


def make_images(name: str, settings: Stack) -> None:
    """Build and push the images that a stack's registry lacks, after making the registry on AWS."""
    registry = settings.images.registry or ""
    if isinstance(settings.cluster, EksCluster) and settings.cluster.image_cache:
        fill_cache(settings.cluster, settings.images)
    if ecr_region(registry) and missing_images(settings):
        make_all_but_models(name, settings, registry, repositories_of(settings))
    publish(LocalSettings(), settings)


def copy_state(name: str) -> Mapping[str, Any]:
    """Keep a copy of a stack's state, and return the state.

    Raises:
        StateError: when an update was interrupted.
    """
    state = engine.export(name)
    if file := back_up(name, state):
        print(f"state    copied to {file}", file=sys.stderr)
    return state
