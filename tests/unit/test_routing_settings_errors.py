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
    ({"auth": "open"}, '.auth: "open" is not a mapping of keys'),
    ({"endpoint": "/iris/"}, '.endpoint: "/iris/" is not a path such as /iris-classifier (try /iris)'),
    ({"endpoint": "/a//b"}, '.endpoint: "/a//b" is not a path such as /iris-classifier (try /a/b)'),
    ({"endpoint": "/a/../b"}, '.endpoint: "/a/../b" is not a path such as /iris-classifier (try /a/b)'),
    ({"endpoint": "/."}, '.endpoint: "/." is not a path such as /iris-classifier (try /iris)'),
    ({"endpoint": "/a/."}, '.endpoint: "/a/." is not a path such as /iris-classifier (try /a)'),
    ({"endpoint": "/%69ris"}, '.endpoint: "/%69ris" is not a path such as /iris-classifier (try /-69ris)'),
    ({"endpoint": "/" + "a" * 1024}, ".endpoint: has 1025 characters; 1024 is the most"),
    (
        {"hostnames": ["Models.example.com"]},
        '.hostnames.0: "Models.example.com" is not a host name (try models.example.com)',
    ),
    (
        {"hostnames": ["10.96.145.184"]},
        '.hostnames.0: "10.96.145.184" is not a host name (such as models.example.com)',
    ),
    (
        {"hostnames": ["-a.example"]},
        '.hostnames.0: "-a.example" is not a host name (such as models.example.com)',
    ),
    ({"slow_start": "1h"}, '.slow_start: "1h" is more than 15m, the most allowed'),
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


KEYS = {"api_keys": {"secret_names": ["clients"]}}
TOKENS = {"jwt": JWT}


@pytest.mark.parametrize("place", ["apis", "canary", "shadow"])
@pytest.mark.parametrize("auth", [KEYS, TOKENS])
def test_a_splitter_does_not_open_a_model_with_keys(
    stack_file: Path, auth: dict[str, Any], place: str
) -> None:
    open_model = {"name": "other", "weight": 100}
    named = {"apis": [SHARE]} if place == "apis" else {"apis": [open_model], place: {"name": "iris"}}
    config = yaml.safe_load(written({"auth": auth}, splitters={"both": named}))
    config["config"]["axon:models"]["other"] = {"predictor": IMAGE}

    assert lines(stack_file, yaml.safe_dump(config, sort_keys=False))[0].split(": axon:", 1)[1] == (
        "traffic_splitters.both.networking.auth: everybody would reach iris, which asks for keys or "
        "tokens: give the splitter `auth` too, or write `auth: none`"
    )


@pytest.mark.parametrize("auth", ["none", KEYS, TOKENS])
def test_a_splitter_that_says_whom_it_lets_in_is_right(stack_file: Path, auth: Any) -> None:
    splitter = {"apis": [SHARE], "networking": {"auth": auth}}
    stack_file.write_text(written({"auth": KEYS}, splitters={"both": splitter}))

    assert load_file("test").traffic_splitters["both"].networking.needs_credentials == (auth != "none")


def test_a_model_that_says_none_needs_no_keys_of_its_splitter(stack_file: Path) -> None:
    stack_file.write_text(written({"auth": "none"}, splitters={"both": {"apis": [SHARE]}}))

    assert not load_file("test").models["iris"].networking.needs_credentials


def test_a_splitter_does_not_open_a_model_to_other_networks(stack_file: Path) -> None:
    allow = {"allow": ["10.0.0.0/8"]}

    assert said(stack_file, allow, splitters={"both": {"apis": [SHARE]}}) == [
        "traffic_splitters.both.networking.allow: every network would reach iris, which has `allow`: give "
        'the splitter `allow` too (["0.0.0.0/0", "::/0"] is everybody)'
    ]
    everybody = {"allow": ["0.0.0.0/0", "::/0"]}
    stack_file.write_text(written(allow, splitters={"both": {"apis": [SHARE], "networking": everybody}}))
    assert load_file("test").traffic_splitters["both"].networking.allow == everybody["allow"]


def at(endpoint: str, *hostnames: str) -> dict[str, Any]:
    named = {"hostnames": list(hostnames)} if hostnames else {}
    return {"predictor": IMAGE, "networking": {"endpoint": endpoint, **named}}


def of_models(first: dict[str, Any], second: dict[str, Any]) -> str:
    config = yaml.safe_load(written())
    config["config"]["axon:models"] = {"first": first, "second": second}
    return yaml.safe_dump(config, sort_keys=False)


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        ("/a", "/a/b", "beneath"),
        ("/a", "/a/b/c/d", "beneath"),
        ("/a/b", "/a", "above"),
        ("/v1/models/iris", "/v1", "above"),
    ],
)
@pytest.mark.parametrize("hosts", [(), ("a.example",)])
def test_an_endpoint_beneath_or_above_another_is_refused(
    stack_file: Path, first: str, second: str, relation: str, hosts: tuple[str, ...]
) -> None:
    (line,) = lines(stack_file, of_models(at(first, *hosts), at(second, *hosts)))

    assert line.endswith(
        f'models.second.networking.endpoint: "{second}" is {relation} "{first}", the endpoint of first: '
        "each would get requests that are meant for the other (give one another path)"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (at("/a"), at("/ab")),
        (at("/a/b"), at("/a/c")),
        (at("/a-b"), at("/a")),
        (at("/a", "a.example"), at("/a/b", "b.example")),
        (at("/a", "a.example"), at("/a", "b.example")),
    ],
)
def test_endpoints_beside_each_other_are_right(
    stack_file: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    stack_file.write_text(of_models(first, second))

    assert set(load_file("test").models) == {"first", "second"}


def test_a_splitter_beneath_a_models_endpoint_is_refused(stack_file: Path) -> None:
    splitter = {"apis": [SHARE], "networking": {"endpoint": "/iris/v2"}}

    (line,) = said(stack_file, splitters={"both": splitter})
    assert line.startswith('traffic_splitters.both.networking.endpoint: "/iris/v2" is beneath "/iris"')


@pytest.mark.parametrize(
    ("gateway", "message"),
    [
        ({"header_timeout": "0s"}, 'header_timeout: "0s" is less than 1s, the least allowed'),
        ({"body_timeout": "25h"}, 'body_timeout: "25h" is more than 24h, the most allowed'),
        ({"idle_timeout": "1s"}, 'idle_timeout: "1s" is less than 10s, the least allowed'),
        ({"max_connections": 0}, "max_connections: 0 is less than 1, the least allowed"),
        ({"max_streams": 5000}, "max_streams: 5000 is more than 1000, the most allowed"),
        (
            {"body_timeout": "30s"},
            "body_timeout: 30s is less than 60s, the `request_timeout` of iris: uploads would be cut",
        ),
    ],
)
def test_a_wrong_limit_of_the_gateway_is_one_line(
    stack_file: Path, gateway: dict[str, Any], message: str
) -> None:
    assert said(stack_file, gateway=gateway) == [f"platform.gateway.{message}"]


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        (["0.0.0.0/0"], '.0: "0.0.0.0/0" is everything: replicas could fetch nothing'),
        (["10.0.0.0"], '.0: "10.0.0.0" has no length (try 10.0.0.0/32)'),
        (["10.0.0.0/8", "10.0.0.0/8"], ': "10.0.0.0/8" stands twice'),
    ],
)
def test_wrong_internal_networks_are_one_line(stack_file: Path, networks: list[str], message: str) -> None:
    config = yaml.safe_load(written())
    config["config"]["axon:platform"] = {"internal_networks": networks}

    (line,) = lines(stack_file, yaml.safe_dump(config, sort_keys=False))
    assert line.endswith(f"axon:platform.internal_networks{message}")
