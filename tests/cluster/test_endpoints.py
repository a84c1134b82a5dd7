"""One owner for each path of the gateway: what the API server refuses, whoever asks."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axon.kubectl import KUBECTL
from tests.conftest import ONE, SMALL
from tests.stacks import Stack, environment_of_tests, get, kubectl, stack

pytestmark = pytest.mark.cluster
IRIS, TEAM = "iris-classifier", "axon-team-b"
CLAIM = "endpoints.axon.dev/"
GATEWAY = {"name": "axon", "namespace": "envoy-gateway-system"}


def refusal(thing: dict[str, Any]) -> str:
    """Apply an object, and return why the API server refuses it; empty if it does not."""
    run = subprocess.run(
        [KUBECTL, "apply", "--server-side", "-f", "-"],
        env=environment_of_tests(),
        input=json.dumps(thing),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr.strip() if run.returncode else ""


def namespace(**claims: str) -> dict[str, Any]:
    """A namespace of another team, as somebody makes it who may."""
    annotations = {CLAIM + name: value for name, value in claims.items()}
    labels = {"axon.dev/gateway": "axon"}
    metadata = {"name": TEAM, "labels": labels, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def route(path: str, *hostnames: str, name: str = "thief", kind: str = "PathPrefix") -> dict[str, Any]:
    rule = {"matches": [{"path": {"type": kind, "value": path}}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": TEAM},
        "spec": {"parentRefs": [GATEWAY], "hostnames": list(hostnames), "rules": [rule]},
    }


@pytest.fixture
def team() -> Iterator[Callable[..., str]]:
    """Claim paths for the other team's namespace, which is removed in the end."""
    assert not refusal(namespace())
    yield lambda **claims: refusal(namespace(**claims))
    kubectl("delete", "namespace", TEAM)


def test_nobody_takes_a_path_that_is_claimed(deployed: Stack, team: Callable[..., str]) -> None:
    taken = f"/{deployed.name}/{IRIS}"

    for path in (taken, f"{taken}/v2", f"/{deployed.name}", f"{taken} team-b.example"):
        assert f"claimed already: by {CLAIM}" in team(thief=f"b {path}"), path
    host = get("gateway", "axon", "envoy-gateway-system")["status"]["addresses"][0]["value"]
    assert "no host name" in team(thief=f"b /{TEAM} {host}") or "own" in team(thief=f"b /{TEAM} {host}")
    assert not team(thief=f"b /{TEAM}")


def test_a_route_has_what_its_namespace_has_claimed_and_no_more(
    deployed: Stack, team: Callable[..., str]
) -> None:
    taken = f"/{deployed.name}/{IRIS}"
    assert "has no claim for this route" in refusal(route(f"{taken}/v2"))
    assert "has no claim for this route" in refusal(route(taken, "team-b.example"))
    assert not team(thief=f"b /{TEAM}")

    assert "at or beneath its claim" in refusal(route(f"{taken}/v2"))
    assert "at or beneath its claim" in refusal(route(f"/{TEAM}.*", kind="RegularExpression"))
    assert "host names" in refusal(route(f"/{TEAM}", "team-b.example"))
    assert not refusal(route(f"/{TEAM}/model"))
    accepted = "jsonpath={.status.parents[0].conditions[?(@.type=='Accepted')].status}=True"
    kubectl("wait", "httproute/thief", "-n", TEAM, f"--for={accepted}", "--timeout=60s")


def test_the_gateway_takes_no_route_of_another_kind(deployed: Stack, team: Callable[..., str]) -> None:
    del deployed
    grpc = {**route("/"), "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute"}
    grpc["spec"] = {"parentRefs": [GATEWAY], "rules": [{}]}
    assert not refusal(grpc)

    refused = "jsonpath={.status.parents[0].conditions[?(@.type=='Accepted')].status}=False"
    kubectl("wait", "grpcroute/thief", "-n", TEAM, f"--for={refused}", "--timeout=60s")


def test_two_stacks_cannot_claim_one_endpoint(deployed: Stack, tmp_path: Path) -> None:
    name = f"{deployed.name}-twin"
    wanted = {**deployed.settings["models"][IRIS], "compute": dict(SMALL), "autoscaling": dict(ONE)}
    settings = {
        **deployed.settings,
        "platform": {**deployed.settings["platform"], "namespace": f"axon-{name}", "install": False},
        "models": {IRIS: wanted},
    }

    with stack(tmp_path / "axon", name, settings) as twin:
        run = twin.pulumi("up", "--yes", "--skip-preview", check=False)

        assert run.returncode != 0
        said = f"{wanted['networking']['endpoint']} is claimed already: by {CLAIM}{IRIS}"
        assert said in run.stdout + run.stderr
        assert kubectl("get", "httproutes", "-n", twin.namespace, "-o", "name") == ""
