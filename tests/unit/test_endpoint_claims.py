"""Who owns which path of the gateway: what a stack claims, and what the API server is told to compare."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from components import ModelApi, Platform, TrafficSplitter
from components.platform import webhooks
from components.platform.webhooks import once_the_claim_is_known
from stacks.settings import Images
from stacks.settings import Platform as PlatformSettings
from stacks.settings import traffic_splitter as settings
from tests.unit.conftest import Recorder
from tests.unit.test_model_api import model, program

CLAIM = "kubernetes:core/v1:NamespacePatch"
NAMESPACE = "kubernetes:core/v1:Namespace"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
BINDING = f"{POLICY}Binding"
LABEL = {"axon.dev/gateway": "axon"}
Deploy = Callable[[Callable[[], Any]], Recorder]


def claims(recorder: Recorder) -> dict[str, str]:
    return {
        key.removeprefix("endpoints.axon.dev/"): value
        for patch in recorder.all(CLAIM)
        for key, value in patch["metadata"]["annotations"].items()
    }


@pytest.mark.parametrize(
    ("networking", "claim"),
    [
        ({}, "test /iris"),
        ({"endpoint": "/v1/iris"}, "test /v1/iris"),
        ({"hostnames": ["a.example", "b.example"]}, "test /iris a.example,b.example"),
    ],
)
def test_a_model_claims_its_endpoint(deploy: Deploy, networking: dict[str, Any], claim: str) -> None:
    recorder = deploy(program(model(networking=networking)))

    assert claims(recorder) == {"iris": claim}
    assert recorder.one(CLAIM)["metadata"]["name"] == "models"


def test_a_route_comes_after_its_claim(deploy: Deploy) -> None:
    recorder = deploy(program(model()))
    kinds = [r.typ for r in recorder.resources if r.typ == CLAIM or (r.typ, r.name) == (ROUTE, "iris")]

    assert kinds == [CLAIM, ROUTE]
    assert [urn for urn in recorder.options(ROUTE, "iris").dependencies if "NamespacePatch" in urn]


def test_a_splitter_claims_its_endpoint_beside_its_models(deploy: Deploy) -> None:
    def run() -> Any:
        platform = Platform("platform", PlatformSettings(install=False, namespace="team-b"), IMAGES)
        apis = {"iris": ModelApi("iris", model(), IMAGES, platform=platform)}
        share = {"apis": [{"name": "iris", "weight": 100}], "networking": {"endpoint": "/all/iris"}}
        splitter = settings.TrafficSplitter.model_validate(share)
        return TrafficSplitter("all", splitter, apis, platform=platform).url

    recorder = deploy(run)

    assert claims(recorder) == {"iris": "test /iris", "all": "test /all/iris"}
    assert {patch["metadata"]["name"] for patch in recorder.all(CLAIM)} == {"team-b"}


IMAGES = Images(registry="localhost:5000/axon")


@pytest.mark.parametrize("install", [True, False])
def test_the_gateway_takes_the_routes_of_every_stack_and_of_nobody_else(
    deploy: Deploy, install: bool
) -> None:
    recorder = deploy(program(model(), install=install, namespace="team-b"))

    assert recorder.named(NAMESPACE)["team-b"]["metadata"]["labels"].items() >= LABEL.items()
    for gateway in recorder.all(GATEWAY):
        for listener in gateway["spec"]["listeners"]:
            assert listener["allowedRoutes"] == {
                "namespaces": {"from": "Selector", "selector": {"matchLabels": LABEL}},
                "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
            }


def test_only_the_platforms_stack_installs_the_policies(deploy: Deploy) -> None:
    assert deploy(program(model(), install=False)).all(POLICY) == []


def test_claims_are_compared_with_those_of_every_labelled_namespace(deploy: Deploy) -> None:
    recorder = deploy(program(model()))
    policies, bindings = recorder.named(POLICY), recorder.named(BINDING)

    assert set(policies) == set(bindings) == {"axon-claims", "axon-routes"}
    assert all(policy["spec"]["failurePolicy"] == "Fail" for policy in policies.values())
    assert all(binding["spec"]["validationActions"] == ["Deny"] for binding in bindings.values())
    assert bindings["axon-claims"]["spec"]["paramRef"]["selector"] == {"matchLabels": LABEL}
    (rule,) = policies["axon-routes"]["spec"]["matchConstraints"]["resourceRules"]
    assert (rule["resources"], rule["operations"]) == (["httproutes"], ["CREATE", "UPDATE"])


@pytest.mark.parametrize(
    ("errors", "again"),
    [
        (
            ["ValidatingAdmissionPolicy 'axon-routes' with binding 'axon-routes' denied request: no claim"],
            True,
        ),
        (["ValidatingAdmissionPolicy 'axon-routes' denied request"] * 6, False),
        (["the object has been modified"], False),
        ([], False),
    ],
)
def test_a_route_whose_claim_is_not_known_yet_is_tried_again_for_a_while(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, errors: list[str], again: bool
) -> None:
    async def at_once(_seconds: float) -> None:
        return

    found: list[Any] = []

    def run() -> Any:
        found.extend(once_the_claim_is_known().on_error or [])
        return None

    deploy(run)
    monkeypatch.setattr(webhooks.asyncio, "sleep", at_once)
    (hook,) = found
    failed = SimpleNamespace(errors=errors)

    assert asyncio.new_event_loop().run_until_complete(hook(failed)) is again
