"""Put into the registry what a stack's pods run."""

from pathlib import Path

import envoy

from components.platform import versions
from local.images import Builder, push_base, push_binary, pushed
from local.settings import LocalSettings
from local.steps import timed
from local.toolbox.builds import binary
from predictor_images import BuildContext, contexts_of
from stacks.settings import Stack
from stacks.settings.model import Model


def publish(settings: LocalSettings, stack: Stack) -> None:
    """Build and push every image of a stack that its registry lacks."""
    if _is_local(settings, stack.images.mirror):
        _publish_platform(settings, stack)
    if _is_local(settings, stack.images.base):
        push_base(settings, stack.images.base)
    for name, model in stack.models.items():
        for context in _contexts(stack, model):
            if not pushed(context.image):
                with timed(f"{name}: image {context.image}"):
                    Builder(settings).build(
                        context.image,
                        context.folder,
                        context.dockerfile,
                        context.arguments,
                    )


def missing_images(stack: Stack) -> list[str]:
    """Return the predictor images that the stack's registry lacks."""
    contexts = [c for model in stack.models.values() for c in _contexts(stack, model)]
    return sorted({context.image for context in contexts if not pushed(context.image)})


def _contexts(stack: Stack, model: Model) -> list[BuildContext]:
    return contexts_of(stack.images, model.predictor, gpu=model.compute.gpu > 0)


def _is_local(settings: LocalSettings, reference: str | None) -> bool:
    return reference is not None and reference.startswith(f"{settings.registry}/")


def _publish_platform(settings: LocalSettings, stack: Stack) -> None:
    images = stack.images
    static = [
        (versions.METRICS_SERVER_IMAGE, "metrics-server", "/metrics-server"),
        (versions.ENVOY_GATEWAY_IMAGE, "envoy-gateway", "/usr/local/bin/envoy-gateway"),
    ]
    for image, name, place in static:
        push_binary(settings, images.mirrored(image), binary(settings, name), place)
    proxy = Path(envoy.__file__).parent / "_bin" / "envoy"
    place = "/usr/local/bin/envoy"
    push_binary(settings, images.mirrored(versions.ENVOY_IMAGE), proxy, place, libraries=True)
