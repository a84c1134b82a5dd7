"""What the gateway is told of a model or a splitter, and in what order."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from axon_runtime.connection import IDLE_SECONDS

from components import ModelApi, Platform, TrafficSplitter
from components.connections import GATEWAY_IDLE_SECONDS, REPLICA_IDLE_SECONDS
from components.gateway_clusters import clusters_of
from components.platform.entrance import entrance
from stacks.settings import Images, Model, Stack
from stacks.settings import Platform as PlatformSettings
from stacks.settings import traffic_splitter as settings
from stacks.settings.aws.extras import LoadBalancer
from stacks.settings.platform import Gateway
from tests.unit.conftest import Recorder
from tests.unit.test_model_api import model, program

ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
WHO = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
ACCEPTED = f"{WHO}Patch"
TRAFFIC = "kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"
CLIENTS = "kubernetes:gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
IMAGES = Images(registry="localhost:5000/axon")
Deploy = Callable[[Callable[[], Any]], Recorder]
KEYS = {"api_keys": {"secret_names": ["clients"]}}


def split(**given: Any) -> settings.TrafficSplitter:
    apis = [{"name": "a", "weight": 80}, {"name": "b", "weight": 20}]
    return settings.TrafficSplitter.model_validate({"apis": apis, **given})


def shared(splitter: settings.TrafficSplitter, **of_b: Any) -> Callable[[], Any]:
    def run() -> Any:
        platform = Platform("platform", PlatformSettings(install=False), IMAGES)
        models: dict[str, Model] = {"a": model(), "b": model(**of_b), "c": model()}
        apis = {
            name: ModelApi(name, wanted, IMAGES, platform=platform, splitters={"both": splitter})
            for name, wanted in models.items()
        }
        return TrafficSplitter("both", splitter, apis, platform=platform).url

    return run


def rules(recorder: Recorder) -> list[dict[str, Any]]:
    return recorder.named(ROUTE)["both"]["spec"]["rules"]


def test_a_model_of_everybody_has_no_policy_of_who(deploy: Deploy) -> None:
    assert deploy(program(model())).all(WHO) == []


def test_the_gateway_knows_whom_to_let_in_before_there_is_a_route(deploy: Deploy) -> None:
    recorder = deploy(program(model(networking={"auth": KEYS})))
    order = [r.typ for r in recorder.resources if r.typ in (WHO, ROUTE, ACCEPTED)]

    assert order == [WHO, ROUTE, ACCEPTED]
    awaited = "pulumi.com/waitFor" in recorder.one(WHO)["metadata"]["annotations"]
    assert not awaited, "it would wait for a route that comes later"
    assert "Accepted" in recorder.one(ACCEPTED)["metadata"]["annotations"]["pulumi.com/waitFor"]


def test_keys_are_named_and_taken_off(deploy: Deploy) -> None:
    spec = deploy(program(model(networking={"auth": KEYS}))).one(WHO)["spec"]

    assert spec["apiKeyAuth"] == {
        "credentialRefs": [{"group": "", "kind": "Secret", "name": "clients"}],
        "extractFrom": [{"headers": ["x-api-key"]}],
        "sanitize": True,
    }


def test_keys_of_an_issuer_come_from_its_url(deploy: Deploy) -> None:
    jwt = {"issuer": "me", "audiences": ["you"], "jwks_url": "https://issuer.example/keys"}
    spec = deploy(program(model(networking={"auth": {"jwt": jwt}}))).one(WHO)["spec"]

    (provider,) = spec["jwt"]["providers"]
    assert provider["remoteJWKS"] == {"uri": "https://issuer.example/keys"}


def test_other_networks_are_denied(deploy: Deploy) -> None:
    spec = deploy(program(model(networking={"allow": ["10.0.0.0/8"]}))).one(WHO)["spec"]

    assert spec["authorization"]["defaultAction"] == "Deny"
    assert spec["authorization"]["rules"] == [
        {"action": "Allow", "principal": {"clientCIDRs": ["10.0.0.0/8"]}}
    ]


def test_replicas_may_see_the_whole_path(deploy: Deploy) -> None:
    kept = {"endpoint": "/inference.GRPCInferenceService", "keep_path": True}
    (rule,) = deploy(program(model(networking=kept))).one(ROUTE)["spec"]["rules"]
    both = rules(deploy(shared(split(networking={"keep_path": True}, canary={"name": "b"}))))

    assert "filters" not in rule, "nothing is rewritten"
    assert not [one for each in both for one in each.get("filters", ()) if one["type"] == "URLRewrite"]


def test_a_splitter_gives_streams_the_time_that_they_take(deploy: Deploy) -> None:
    streams = {"image": "registry.example/b:1", "stream_idle_timeout": "10m"}
    recorder = deploy(shared(split(), predictor=streams))

    assert rules(recorder)[0]["timeouts"] == {"request": "0s"}
    assert recorder.named(TRAFFIC)["both"]["spec"]["timeout"]["http"]["streamIdleTimeout"] == "605s"


def test_limits_stand_beside_the_retries(deploy: Deploy) -> None:
    networking = {"rate_limit": {"requests": 5, "per": "minute"}, "max_body_size": "1Mi"}
    spec = deploy(program(model(networking=networking))).one(TRAFFIC)["spec"]

    (rule,) = spec["rateLimit"]["local"]["rules"]
    assert rule["limit"] == {"requests": 5, "unit": "Minute"}
    assert spec["requestBuffer"] == {"limit": "1Mi"}
    assert spec["retry"]["numRetries"] == 3


def test_a_splitter_leads_to_the_services_by_weight(deploy: Deploy) -> None:
    (rule,) = rules(deploy(shared(split())))

    assert [(one["name"], one["weight"]) for one in rule["backendRefs"]] == [("a", 80), ("b", 20)]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/both"}}]


def test_copies_are_of_everybodys_requests_and_testers_go_to_one(deploy: Deploy) -> None:
    splitter = split(shadow={"name": "c", "percent": 10}, canary={"name": "b"})
    everybody, testers = rules(deploy(shared(splitter)))

    (copy,) = [one["requestMirror"] for one in everybody["filters"] if one["type"] == "RequestMirror"]
    assert (copy["backendRef"]["name"], copy["percent"]) == ("c", 10)
    assert testers["matches"][0]["headers"] == [{"type": "Exact", "name": "x-canary", "value": "true"}]
    assert [one["name"] for one in testers["backendRefs"]] == ["b"]
    assert [one["type"] for one in testers["filters"]] == ["URLRewrite"]


def test_a_splitter_waits_as_long_as_its_slowest_model(deploy: Deploy) -> None:
    (rule,) = rules(deploy(shared(split(), server={"request_timeout": "2m"})))

    assert rule["timeouts"] == {"request": "125s"}


def test_a_splitter_holds_requests_for_a_model_that_sleeps(deploy: Deploy) -> None:
    recorder = deploy(shared(split(), autoscaling={"min_replicas": 0}))

    assert recorder.named(TRAFFIC)["both"]["spec"]["routingType"] == "Service"
    assert "routingType" not in recorder.named(TRAFFIC)["a"]["spec"]


def test_weights_change_nothing_but_the_splitters_route(deploy: Deploy) -> None:
    one, other = (deploy(shared(splitter)) for splitter in (split(), split(apis=_weighted(0, 100))))

    def without_route(recorder: Recorder) -> dict[tuple[str, str], Any]:
        found = {(r.typ, r.name): r.inputs for r in recorder.resources}
        return {key: inputs for key, inputs in found.items() if key != (ROUTE, "both")}

    assert without_route(one) == without_route(other)
    assert rules(one) != rules(other)


def _weighted(a: int, b: int) -> list[dict[str, Any]]:
    return [{"name": "a", "weight": a}, {"name": "b", "weight": b}]


def test_requests_that_come_by_splitters_count_as_well() -> None:
    splitter = split(shadow={"name": "c"}, canary={"name": "b"})
    own = "httproute/models/{}/rule/.*"
    way = "httproute/models/both/rule"

    assert clusters_of("a", "a", {"both": splitter}, "models") == f"{own.format('a')}|{way}/0/backend/0"
    assert clusters_of("b", "b", {"both": splitter}, "models") == "|".join(
        [own.format("b"), f"{way}/0/backend/1", f"{way}/1/backend/0"]
    )
    assert clusters_of("c", "c", {"both": splitter}, "models") == f"{own.format('c')}|{way}/0-mirror-.*"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://10.96.0.99/iris"),
        ({"hostnames": ["ml.example.com"]}, "http://ml.example.com/iris"),
    ],
)
def test_a_host_of_its_own_is_in_the_url(deploy: Deploy, given: dict[str, Any], expected: str) -> None:
    urls: list[str] = []

    def run() -> pulumi.Output[None]:
        gateway = Gateway(service_type="ClusterIP")
        platform = Platform("platform", PlatformSettings(install=False, gateway=gateway), IMAGES)
        api = ModelApi("iris", model(networking=given), IMAGES, platform=platform)
        return api.url.apply(urls.append)

    deploy(run)

    assert urls == [expected]


def test_https_of_the_gateway_itself(deploy: Deploy) -> None:
    tls = {"hostnames": ["a.example", "b.example"], "secret_name": "certificate", "client_ca": "clients"}
    recorder = deploy(program(model(), gateway={"tls": tls}))
    listeners = {one["name"]: one for one in recorder.named(GATEWAY)["axon-gateway"]["spec"]["listeners"]}

    assert list(listeners) == ["https-0", "https-1", "redirect"]
    assert listeners["https-1"]["tls"]["certificateRefs"] == [{"name": "certificate"}]
    assert listeners["redirect"]["allowedRoutes"]["namespaces"] == {"from": "Same"}
    assert recorder.one(CLIENTS)["spec"]["tls"]["clientValidation"] == {
        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "clients"}]
    }


def test_clients_have_no_certificates_by_default(deploy: Deploy) -> None:
    assert "tls" not in deploy(program(model())).one(CLIENTS)["spec"]


def clients(deploy: Deploy, longest_request: float = 0, **gateway: Any) -> dict[str, Any]:
    def run() -> Any:
        settings = PlatformSettings.model_validate({"gateway": gateway})
        return Platform("platform", settings, IMAGES, longest_request=longest_request).url

    return deploy(run).one(CLIENTS)["spec"]


def test_clients_have_limits_by_default(deploy: Deploy) -> None:
    assert clients(deploy) == {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "axon"}],
        "timeout": {
            "http": {
                "requestHeadersReceivedTimeout": "10s",
                "requestReceivedTimeout": "300s",
                "idleTimeout": "5m",
            }
        },
        "connection": {"connectionLimit": {"value": 10_000}},
        "http2": {"maxConcurrentStreams": 100},
    }


@pytest.mark.parametrize(
    ("longest", "gateway", "seconds"),
    [(60, {}, "300s"), (600.5, {}, "601s"), (600, {"body_timeout": "15m"}, "900s")],
)
def test_no_upload_is_cut_while_its_model_would_still_take_it(
    deploy: Deploy, longest: float, gateway: dict[str, Any], seconds: str
) -> None:
    assert clients(deploy, longest, **gateway)["timeout"]["http"]["requestReceivedTimeout"] == seconds


def test_the_slowest_model_says_how_long_a_request_may_take() -> None:
    stack = Stack.model_validate(
        {
            "cluster": {"kind": "existing"},
            "models": {name: _takes(timeout) for name, timeout in (("a", "90s"), ("b", "10m"))},
        }
    )

    assert stack.longest_request == 600


def _takes(timeout: str) -> dict[str, Any]:
    return {"predictor": {"image": "registry.example/iris:1"}, "server": {"request_timeout": timeout}}


@pytest.mark.usefixtures("model_folder")
def test_the_gateway_closes_an_idle_connection_before_a_replica_does(deploy: Deploy) -> None:
    spec = deploy(program(model(predictor={"type": "sklearn", "path": "p"}))).one(TRAFFIC)["spec"]

    assert spec["timeout"]["http"]["connectionIdleTimeout"] == f"{GATEWAY_IDLE_SECONDS}s"
    assert GATEWAY_IDLE_SECONDS < REPLICA_IDLE_SECONDS <= IDLE_SECONDS, "the last is the runtime's"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"type": "LeastRequest", "slowStart": {"window": "30s"}}),
        ({"networking": {"slow_start": "2m"}}, {"type": "LeastRequest", "slowStart": {"window": "2m"}}),
        ({"networking": {"slow_start": "0s"}}, None),
        ({"autoscaling": {"min_replicas": 0}}, None),
    ],
)
def test_a_new_replica_starts_slowly(
    deploy: Deploy, given: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert deploy(program(model(**given))).one(TRAFFIC)["spec"].get("loadBalancer") == expected


@pytest.mark.parametrize("forward", [False, True])
def test_replicas_see_no_key_that_the_gateway_has_checked(deploy: Deploy, forward: bool) -> None:
    keys = {"secret_names": ["clients"], "forward": forward}
    spec = deploy(program(model(networking={"auth": {"api_keys": keys}}))).one(WHO)["spec"]

    assert spec["apiKeyAuth"]["sanitize"] == (not forward)


TOKENS = {"issuer": "me", "audiences": ["you"], "jwks_config_map": "keys"}
TAKEN = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}}


@pytest.mark.parametrize(
    ("auth", "taken"),
    [
        ({"jwt": TOKENS}, True),
        ({"jwt": {**TOKENS, "forward": True}}, False),
        (KEYS, False),
        ({**KEYS, "jwt": TOKENS}, True),
        ("none", False),
        (None, False),
    ],
)
def test_replicas_see_no_token_that_the_gateway_has_checked(deploy: Deploy, auth: Any, taken: bool) -> None:
    (rule,) = deploy(program(model(networking={"auth": auth}))).named(ROUTE)["iris"]["spec"]["rules"]

    assert (TAKEN in rule["filters"]) == taken


def test_no_rule_of_a_splitter_hands_on_its_token(deploy: Deploy) -> None:
    splitter = split(networking={"auth": {"jwt": TOKENS}}, canary={"name": "b"})

    assert all(TAKEN in rule["filters"] for rule in rules(deploy(shared(splitter))))


def test_a_token_is_read_from_its_header_alone(deploy: Deploy) -> None:
    spec = deploy(program(model(networking={"auth": {"jwt": TOKENS}}))).one(WHO)["spec"]

    headers = [{"name": "Authorization", "valuePrefix": "Bearer "}]
    assert spec["jwt"]["providers"][0]["extractFrom"] == {"headers": headers}


def test_client_certificates_on_eks() -> None:
    dns = {"zone_id": "Z0123456789ABCDEFGHIJ", "hostnames": ["a.example"]}
    tls = {"cluster_issuer": "letsencrypt", "client_ca": "clients"}
    ways = entrance(Gateway(), LoadBalancer.model_validate({"dns": dns, "tls": tls}))

    assert ways.client_ca == "clients"
    assert ways.listeners[0].certificate == "axon-https-0"
