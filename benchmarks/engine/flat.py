"""A flat Pulumi program: each resource of `resources.json`, registered one after the other, and nothing else.

The benchmark copies it to the folder of that file as `__main__.py`.
"""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

OF_KUBERNETES = {
    "kubernetes:core/v1:Namespace": k8s.core.v1.Namespace,
    "kubernetes:core/v1:Service": k8s.core.v1.Service,
    "kubernetes:core/v1:ServiceAccount": k8s.core.v1.ServiceAccount,
    "kubernetes:apps/v1:Deployment": k8s.apps.v1.Deployment,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": k8s.networking.v1.NetworkPolicy,
    "kubernetes:policy/v1:PodDisruptionBudget": k8s.policy.v1.PodDisruptionBudget,
}


def register(kind: str, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
    """Register one resource by its class, or as a CustomResource."""
    own = {key: value for key, value in inputs.items() if key not in ("apiVersion", "kind")}
    if made := OF_KUBERNETES.get(kind):
        made(name, **{_snake(key): value for key, value in own.items()}, opts=opts)
    else:
        k8s.apiextensions.CustomResource(
            name, api_version=inputs["apiVersion"], kind=inputs["kind"], **own, opts=opts
        )


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


if __name__ == "__main__":
    provider = k8s.Provider("cluster")
    for entry in json.loads(Path("resources.json").read_text()):
        register(entry["type"], entry["name"], entry["inputs"], pulumi.ResourceOptions(provider=provider))
