"""Wrong routes: one line an error, with its place and what would be right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings import load_file
from tests.unit.refusals import lines

IMAGE = {"image": "registry.example/iris:1"}
JWT = {"issuer": "https://issuer.example", "audiences": ["models"], "jwks_config_map": "issuer"}
SHARE = {"name": "iris", "weight": 100}

# `networking` of a model, and the whole of what is said of it, after `axon:models.iris.networking`
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"endpoint": "iris"}, '.endpoint: "iris" is not a path such as /iris-classifier (try /iris)'),
    ({"hostnames": "a.example"}, '.hostnames: "a.example" is not a list'),
    ({"hostnames": ["models"]}, '.hostnames.0: "models" is not a host name (such as models.example.com)'),
    ({"hostnames": ["a.example", "a.example"]}, '.hostnames: "a.example" stands twice'),
    ({"auth": {}}, ".auth: needs `api_keys` or `jwt`"),
    ({"auth": "none"}, '.auth: "none" is not a mapping of keys'),
    ({"auth": {"api_keys": {}}}, ".auth.api_keys.secret_names: is required"),
    (
        {"auth": {"api_keys": {"secret_names": []}}},
        ".auth.api_keys.secret_names: has 0 entries; 1 is the least",
    ),
    (
        {"auth": {"api_keys": {"secret_names": ["My_Keys"]}}},
        '.auth.api_keys.secret_names.0: "My_Keys" is not the name of a Kubernetes object',
    ),
    (
        {"auth": {"api_keys": {"secret_names": ["a"], "header": "X-API-Key"}}},
        '.auth.api_keys.header: "X-API-Key" is not the name of a header in lower case (try x-api-key)',
    ),
    (
        {"auth": {"jwt": {**JWT, "jwks_url": "https://issuer.example/keys"}}},
        ".auth.jwt: needs `jwks_url` or `jwks_config_map`: one of them",
    ),
    (
        {"auth": {"jwt": {"issuer": "a", "audiences": ["b"]}}},
        ".auth.jwt: needs `jwks_url` or `jwks_config_map`: one of them",
    ),
    (
        {"auth": {"jwt": {"issuer": "a", "audiences": ["b"], "jwks_url": "http://issuer.example/keys"}}},
        '.auth.jwt.jwks_url: "http://issuer.example/keys" is not HTTPS: who can change it can make tokens',
    ),
    ({"auth": {"jwt": {**JWT, "audiences": []}}}, ".auth.jwt.audiences: has 0 entries; 1 is the least"),
    ({"auth": {"oauth": {}}}, ".auth.oauth: unknown key (known: api_keys, jwt)"),
    ({"allow": ["10.0.0.0"]}, '.allow.0: "10.0.0.0" has no length (try 10.0.0.0/32)'),
    (
        {"allow": ["10.0.0.1/8"]},
        '.allow.0: "10.0.0.1/8" is not the first address of its network (try 10.0.0.0/8)',
    ),
    ({"allow": ["office"]}, '.allow.0: "office" is not a network such as 10.1.0.0/16'),
    ({"cors": {}}, ".cors.allow_origins: is required"),
    (
        {"cors": {"allow_origins": ["https://a.example/"]}},
        '.cors.allow_origins.0: "https://a.example/" is not an origin such as https://app.example.com '
        "(no path, no slash last)",
    ),
    (
        {"cors": {"allow_origins": ["*"], "allow_credentials": True}},
        ".cors.allow_origins: would let any page act as its visitor, so browsers refuse it: name origins",
    ),
    (
        {"cors": {"allow_origins": ["*"], "allow_methods": ["get"]}},
        '.cors.allow_methods.0: "get" is not known '
        "(try GET or HEAD or POST or PUT or DELETE or OPTIONS or PATCH)",
    ),
    ({"rate_limit": {"requests": 0}}, ".rate_limit.requests: 0 is less than 1, the least allowed"),
    (
        {"rate_limit": {"requests": 5, "per": "day"}},
        '.rate_limit.per: "day" is not known (try second or minute or hour)',
    ),
    ({"max_body_size": "10MB"}, '.max_body_size: "10MB" is not a Kubernetes quantity (try 10M)'),
]
# a traffic splitter `both`, and what is said of it, after `axon:traffic_splitters.both`
WRONG_SPLITTERS: list[tuple[dict[str, Any], str]] = [
    ({}, ".apis: is required"),
    ({"apis": []}, ".apis: has 0 entries; 1 is the least"),
    ({"apis": [{**SHARE, "weight": 90}]}, ".apis: the weights sum to 90, not 100"),
    ({"apis": [{**SHARE, "weight": 101}]}, ".apis.0.weight: 101 is more than 100, the most allowed"),
    ({"apis": [{"name": "iris"}]}, ".apis.0.weight: is required"),
    (
        {"apis": [{**SHARE, "weight": 50}, {**SHARE, "weight": 50}]},
        ".apis.1.name: iris stands there twice",
    ),
    (
        {"apis": [SHARE], "shadow": {"name": "iris"}},
        ".shadow.name: iris is one of `apis`, and would answer its own copies",
    ),
    (
        {"apis": [{"name": "irys", "weight": 100}]},
        ".apis.0.name: no model is called irys (did you mean iris?)",
    ),
    (
        {"apis": [SHARE], "shadow": {"name": "other"}},
        ".shadow.name: no model is called other (models: iris, asleep)",
    ),
    (
        {"apis": [SHARE], "canary": {"name": "zzz"}},
        ".canary.name: no model is called zzz (models: iris, asleep)",
    ),
    ({"apis": [SHARE], "shadow": "asleep"}, '.shadow: "asleep" is not a mapping of keys'),
    (
        {"apis": [SHARE], "shadow": {"name": "asleep", "percent": 0}},
        ".shadow.percent: 0 is less than 1, the least allowed",
    ),
    (
        {"apis": [SHARE], "canary": {"name": "iris", "value": " true"}},
        ".canary.value: ' true' cannot be the value of a header: printable ASCII, no space first or last",
    ),
    (
        {"apis": [{"name": "asleep", "weight": 100}]},
        ".apis.0.weight: 100 % of the requests would fail: asleep is paused",
    ),
    (
        {"apis": [SHARE], "networking": {"endpoint": "/iris"}},
        '.networking.endpoint: "/iris" is the endpoint of iris already',
    ),
]
# the gateway's `tls`, and what is said of it, after `axon:platform.gateway.tls`
WRONG_TLS: list[tuple[dict[str, Any], str]] = [
    ({}, ".hostnames: is required"),
    ({"hostnames": ["a.example"]}, ": needs `secret_name` or `cluster_issuer`: one of them"),
    (
        {"hostnames": ["a.example"], "secret_name": "a", "cluster_issuer": "b"},
        ": needs `secret_name` or `cluster_issuer`: one of them",
    ),
]
TLS = {"hostnames": ["*.example.com", "ml.example.org"], "secret_name": "certificate"}


def written(
    networking: dict[str, Any] | None = None,
    splitters: dict[str, Any] | None = None,
    gateway: dict[str, Any] | None = None,
) -> str:
    asleep = {"predictor": IMAGE, "paused": True}
    config = {
        "axon:cluster": {"kind": "existing"},
        "axon:images": {"registry": "localhost:5000/axon"},
        "axon:platform": {"gateway": gateway or {}},
        "axon:models": {"iris": {"predictor": IMAGE, "networking": networking or {}}, "asleep": asleep},
        "axon:traffic_splitters": splitters or {},
    }
    return yaml.safe_dump({"config": config}, sort_keys=False)


def said(stack_file: Path, *given: Any, **more: Any) -> list[str]:
    return [line.split(": axon:", 1)[1] for line in lines(stack_file, written(*given, **more))]


@pytest.mark.parametrize(("networking", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_route_is_one_line(stack_file: Path, networking: dict[str, Any], message: str) -> None:
    assert said(stack_file, networking) == [f"models.iris.networking{message}"]


@pytest.mark.parametrize(
    ("splitter", "message"), WRONG_SPLITTERS, ids=[message for _, message in WRONG_SPLITTERS]
)
def test_a_wrong_splitter_is_one_line(stack_file: Path, splitter: dict[str, Any], message: str) -> None:
    assert said(stack_file, splitters={"both": splitter}) == [f"traffic_splitters.both{message}"]


@pytest.mark.parametrize(("tls", "message"), WRONG_TLS, ids=[message for _, message in WRONG_TLS])
def test_a_wrong_certificate_is_one_line(stack_file: Path, tls: dict[str, Any], message: str) -> None:
    assert said(stack_file, gateway={"tls": tls}) == [f"platform.gateway.tls{message}"]


def test_a_splitter_cannot_be_called_like_a_model(stack_file: Path) -> None:
    splitter = {"apis": [SHARE], "networking": {"endpoint": "/both"}}

    assert said(stack_file, splitters={"iris": splitter}) == [
        "traffic_splitters.iris: iris is a model's name already: objects of both would be called so"
    ]


@pytest.mark.parametrize(
    "hostname", ["ml.example.com", "ml.example.org", "*.example.com", "*.ml.example.com"]
)
def test_a_host_that_the_gateway_has_a_certificate_for_is_right(stack_file: Path, hostname: str) -> None:
    stack_file.write_text(written({"hostnames": [hostname]}, gateway={"tls": TLS}))

    assert load_file("test").models["iris"].networking.hostnames == [hostname]


@pytest.mark.parametrize("hostname", ["ml.example.net", "example.com", "*.example.net"])
def test_a_host_without_a_certificate_is_refused(stack_file: Path, hostname: str) -> None:
    assert said(stack_file, {"hostnames": [hostname]}, gateway={"tls": TLS}) == [
        f"models.iris.networking.hostnames.0: {hostname} is not one of the gateway's names "
        "(*.example.com, ml.example.org)"
    ]


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({"new": {"predictor": IMAGE, "moved_from": "New!"}}, '.new.moved_from: "New!" cannot be a name'),
        (
            {"old": {"predictor": IMAGE}, "new": {"predictor": IMAGE, "moved_from": "old"}},
            ".new.moved_from: the objects of old are called old already",
        ),
    ],
)
def test_no_two_models_are_called_alike(stack_file: Path, models: dict[str, Any], message: str) -> None:
    config = {
        "cluster": {"kind": "existing"},
        "images": {"registry": "localhost:5000/axon"},
        "models": models,
    }
    text = yaml.safe_dump(
        {"config": {f"axon:{key}": value for key, value in config.items()}}, sort_keys=False
    )

    assert [line for line in lines(stack_file, text) if f"axon:models{message}" in line]
