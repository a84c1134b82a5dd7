"""`eks.Cluster`, which mocks cannot run: its children as the double of the component makes them."""

import enum
import re
from typing import Any

import pulumi
import pytest

from components import control_plane
from tests.doubles import component


class Cluster(pulumi.ComponentResource):
    """What pulumi-eks makes of the same arguments."""

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions, **arguments: Any) -> None:
        inputs = {_camel(key): _plain(value) for key, value in arguments.items() if value is not None}
        for entry in (inputs.get("accessEntries") or {}).values():
            entry.setdefault("accessPolicies", {})
        providers = opts.providers
        provider = providers[0] if isinstance(providers, list) else None
        inner = pulumi.ResourceOptions(
            parent=opts.parent,
            provider=provider,
            depends_on=opts.depends_on,
            transformations=[_in_process(transform) for transform in opts.transforms or ()],
        )
        made = component.Cluster(resource_name, inputs, inner)
        self.eks_cluster = pulumi.Output.from_input(None).apply(lambda _: made.cluster)
        self.kubeconfig_json = made.kubeconfig


def _in_process(transform: pulumi.ResourceTransform) -> pulumi.ResourceTransformation:
    """Return a transform, which the engine calls, as one that the SDK calls itself."""

    def changed(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        arguments = pulumi.ResourceTransformArgs(True, made.type_, made.name, dict(made.props), made.opts)
        result = transform(arguments)
        if not isinstance(result, pulumi.ResourceTransformResult):
            return None
        props = {_snake(key): value for key, value in result.props.items()}
        return pulumi.ResourceTransformationResult(props, made.opts)

    return changed


def stand_in(patch: pytest.MonkeyPatch) -> None:
    """Put it in the place of the component for as long as the patch lasts."""
    patch.setattr(control_plane.eks, "Cluster", Cluster)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _plain(value: Any) -> Any:
    """Return arguments as the component's own process gets them: names in camel case, no classes."""
    if isinstance(value, pulumi.Output):
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if type(value).__module__.startswith("pulumi_"):
        return {
            _camel(key): _plain(inner)
            for key, inner in vars(value).items()
            if inner is not None and key[:2] != "__"
        }
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
