"""Build and push the images of a stack."""

import tempfile
from pathlib import Path

import envoy

from axon.images.build import Builder, push_base, push_binary, pushed
from axon.images.platforms import machine, parts_of
from axon.images.sample_check import check_sample
from axon.machine import LocalSettings
from axon.steps import console, timed
from axon.toolchain.builds import binary
from components.platform import versions
from predictor_images import BuildContext, ContentError, contexts_of
from stacks.settings import Stack
from stacks.settings.architectures import architectures_of


def publish(settings: LocalSettings, stack: Stack) -> None:
    """Build and push every image of a stack that its registry lacks.

    Raises:
        ContentError: before anything is built, if a model's folder lacks its model.
        StepFailed: if a step fails, or a model fails its sample.
    """
    contexts = contexts_of_models(stack)
    if _is_local(settings, stack.images.mirror):
        _publish_platform(settings, stack)
    if _is_local(settings, stack.images.base):
        push_base(settings, stack.images.base)
    builder, made = Builder(settings), set[str]()
    for name, (framework, *own) in contexts.items():
        missing = [context for context in own if not pushed(context.image)]
        if not pushed(framework.image):
            _make(builder, name, framework)
            builder.push(framework.image, framework.architectures)
        for context in missing:
            _make(builder, name, context)
        made |= {context.image for context in missing}
        if own and own[-1].image in made:  # also for another model with the same image and other settings
            _check(builder, name, stack, own[-1])
        for context in missing:
            builder.push(context.image, context.architectures)


def contexts_of_models(stack: Stack) -> dict[str, list[BuildContext]]:
    """Return the build contexts of each model, by its name; none for an image of the user's own.

    Raises:
        ContentError: with a line for each folder that cannot become an image.
    """
    found: dict[str, list[BuildContext]] = {}
    problems: list[str] = []
    for name, model in stack.models.items():
        try:
            architectures, gpu = architectures_of(stack.cluster, model), model.compute.gpu > 0
            if contexts := contexts_of(stack.images, model.predictor, gpu=gpu, architectures=architectures):
                found[name] = contexts
        except ContentError as error:
            problems.append(f"axon:models.{name}: {error}")
    if problems:
        raise ContentError("\n".join(problems))
    return found


def _make(builder: Builder, name: str, context: BuildContext) -> None:
    cache = builder.settings.cache_dir
    cache.mkdir(parents=True, exist_ok=True)
    with timed(f"{name}: image {context.image}"), tempfile.TemporaryDirectory(dir=cache) as folder:
        context.write(Path(folder))
        dockerfile = Path(folder) / "Dockerfile"
        builder.make(context.image, Path(folder), dockerfile, architectures=context.architectures)


def _check(builder: Builder, name: str, stack: Stack, context: BuildContext) -> None:
    """Check the image of this machine's architecture with the model's sample, if there is one."""
    parts = parts_of(context.image, context.architectures)
    if image := parts.get(machine(), parts.get("")):
        check_sample(builder, name, stack.models[name], image)
    else:
        others = " and ".join(context.architectures)
        console.print(f"· {name}: not asked for its sample before the push: its image is for {others}")


def missing_images(stack: Stack) -> list[str]:
    """Return the predictor images that the stack's registry lacks."""
    contexts = [context for found in contexts_of_models(stack).values() for context in found]
    return sorted({context.image for context in contexts if not pushed(context.image)})


def _is_local(settings: LocalSettings, reference: str | None) -> bool:
    return reference is not None and reference.startswith(f"{settings.registry}/")


def _publish_platform(settings: LocalSettings, stack: Stack) -> None:
    images = stack.images
    static = [
        (versions.METRICS_SERVER_IMAGE, "metrics-server", "/metrics-server"),
        (versions.ENVOY_GATEWAY_IMAGE, "envoy-gateway", "/usr/local/bin/envoy-gateway"),
        (versions.KEDA_IMAGE, "keda", "/keda"),
        (versions.KEDA_METRICS_IMAGE, "keda-adapter", "/keda-adapter"),
        (versions.PROMETHEUS_IMAGE, "prometheus", "/bin/prometheus"),
    ]
    for image, name, place in static:
        push_binary(settings, images.mirrored(image), binary(settings, name), place)
    proxy = Path(envoy.__file__).parent / "_bin" / "envoy"
    place = "/usr/local/bin/envoy"
    push_binary(settings, images.mirrored(versions.ENVOY_IMAGE), proxy, place, libraries=True)
