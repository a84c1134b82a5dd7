"""A preview and the look for drift, with the rights in the cluster that GitHub's jobs have on EKS.

EKS' access policies are not on the tests' cluster; ClusterRoles with their rules are.
"""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stacks import Stack, kubectl

pytestmark = pytest.mark.cluster
RULES = yaml.safe_load((Path(__file__).parent / "eks_access_policies.yaml").read_text())
VIEW, ADMIN_VIEW = "AmazonEKSViewPolicy", "AmazonEKSAdminViewPolicy"
As = Callable[[str], Stack]


@pytest.fixture
def restricted(live: Stack, tmp_path: Path) -> Iterator[As]:
    """Return the deployed stack, as the engine sees it with the rights of an access policy."""
    made: list[dict[str, Any]] = []

    def stack(policy: str) -> Stack:
        name = f"axon-rights-{policy.lower()}"
        account = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
        metadata = {"name": name}
        group = "rbac.authorization.k8s.io"
        objects: list[dict[str, Any]] = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**metadata, "namespace": "default"}},
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRole",
                "metadata": metadata,
                "rules": RULES[policy],
            },
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": metadata,
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": [account],
            },
        ]
        kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))
        made.extend(objects)
        seen = copy.copy(live)
        seen.environment = {**live.environment, "KUBECONFIG": str(_kubeconfig(name, tmp_path))}
        return seen

    yield stack
    if made:
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=yaml.safe_dump_all(made))


def _kubeconfig(account: str, folder: Path) -> Path:
    config = yaml.safe_load(kubectl("config", "view", "--raw", "--minify"))
    token = kubectl("create", "token", account, "--namespace", "default").strip()
    config["users"] = [{"name": account, "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = account
    file = folder / f"{account}.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def previewed(stack: Stack, *words: str) -> tuple[list[str], dict[str, str]]:
    """Return the errors of a preview, and what would happen to each resource that would not stay."""
    run = stack.pulumi("preview", "--json", *words, check=False)
    said = json.loads(run.stdout[run.stdout.find("{") :])
    errors = [one["message"] for one in said.get("diagnostics") or [] if one.get("severity") == "error"]
    changed = {
        step["urn"].rsplit("::", 1)[1]: step["op"]
        for step in said.get("steps", [])
        if step["op"] not in ("same", "read", "refresh")
    }
    return errors, changed


def test_a_preview_of_a_pull_request_needs_no_more_than_view(live: Stack, restricted: As) -> None:
    live.settings["models"]["species"]["compute"]["cpu"] = "60m"

    errors, changed = previewed(restricted(VIEW))

    assert errors == []
    assert changed["species"] == "update"


def test_the_look_for_drift_needs_no_more_than_admin_view(restricted: As) -> None:
    errors, changed = previewed(restricted(ADMIN_VIEW), "--refresh")

    assert errors == []
    assert changed in ({}, {"cluster": "update"}), "all but the provider's own kubeconfig is as it was"
