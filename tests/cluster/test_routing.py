"""Whom the gateway lets in, and how it shares requests: keys, tokens, addresses, limits, weights, copies."""

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from axon.explain.routes import refusals_of
from components.gateway_clusters import clusters_of
from stacks.settings.traffic_splitter import TrafficSplitter
from tests.conftest import ONE, SMALL
from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster
IRIS, OTHER, SHADOW, SPLIT = "iris-classifier", "iris-b", "digits-classifier", "split"
BODY = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
ISSUER, AUDIENCE = "https://issuer.example", "models"


def made(kind: str, name: str, namespace: str, **data: str) -> dict[str, Any]:
    """Make a Secret or ConfigMap as a person would: by hand."""
    key = "stringData" if kind == "Secret" else "data"
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        key: data,
    }


@pytest.fixture
def by_hand(live: Stack) -> Iterator[Callable[..., None]]:
    """Make objects that stack files only name; they are removed in the end."""
    names: list[tuple[str, str]] = []

    def apply(kind: str, name: str, **data: str) -> None:
        kubectl("apply", "-f", "-", stdin=json.dumps(made(kind, name, live.namespace, **data)))
        names.append((kind, name))

    yield apply
    for kind, name in names:
        kubectl("delete", kind, name, "-n", live.namespace)


def ask(url: str, body: Any = BODY, **headers: str) -> httpx.Response:
    return httpx.post(
        url, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=30
    )


def until(url: str, status: int, **headers: str) -> httpx.Response:
    """Ask until the gateway has learnt what to answer."""
    deadline = time.monotonic() + 30
    while True:
        answer = ask(url, **headers)
        if answer.status_code == status:
            return answer
        assert time.monotonic() < deadline, f"{answer.status_code} {answer.text}, not {status}"
        time.sleep(0.2)


def test_only_who_has_a_key_is_let_in_and_replicas_never_see_it(
    live: Stack, by_hand: Callable[..., None]
) -> None:
    by_hand("Secret", "clients", mobile="k3y-of-mobile")
    networking = live.settings["models"][IRIS]["networking"]
    networking["auth"] = {"api_keys": {"secret_names": ["clients"]}}
    networking["cors"] = {"allow_origins": ["https://app.example.com"]}
    networking["max_body_size"] = "4Ki"
    live.up()
    url = live.endpoints()[IRIS]

    until(url, 401)
    assert until(url, 200, x_api_key="k3y-of-mobile").json() == {"predictions": [0]}
    assert ask(url, x_api_key="another").status_code == 401
    assert ask(url, {"instances": [[1.0] * 4] * 1000}, x_api_key="k3y-of-mobile").status_code == 413
    preflight = {"origin": "https://app.example.com", "access-control-request-method": "POST"}
    allowed = httpx.options(url, headers=preflight)
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    stranger = httpx.options(url, headers={**preflight, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
    assert "k3y-of-mobile" not in live.state()
    live.pulumi("preview", "--expect-no-changes")


# Answers with the names of the headers that reach it.
ECHO = """
import http.server, json
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({key.lower(): value for key, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 8080), Echo).serve_forever()
"""


@pytest.mark.parametrize("forward", [False, True])
def test_replicas_see_no_token_that_the_gateway_has_checked(
    live: Stack, by_hand: Callable[..., None], forward: bool
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": "1", "alg": "RS256"}
    by_hand("ConfigMap", "issuer", jwks=json.dumps({"keys": [public]}))
    image = json.loads(live.pulumi("stack", "output", "--json").stdout)["models"][IRIS]["image"]
    jwt_of = {"issuer": ISSUER, "audiences": [AUDIENCE], "jwks_config_map": "issuer", "forward": forward}
    live.settings["models"]["echo"] = {
        "predictor": {"image": image, "command": ["python", "-c", ECHO], "port": 8080, "readiness_path": "/"},
        "compute": dict(SMALL),
        "autoscaling": dict(ONE),
        "networking": {"endpoint": f"/{live.name}/echo", "auth": {"jwt": jwt_of}},
    }
    live.up()
    known = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600}
    token = jwt.encode(known, key, algorithm="RS256", headers={"kid": "1"})
    url = live.endpoints()["echo"]

    deadline = time.monotonic() + 30
    while (answer := httpx.get(url, headers={"authorization": f"Bearer {token}"})).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    assert ("authorization" in answer.json()) == forward
    assert httpx.get(url, params={"access_token": token}).status_code == 401
    del live.settings["models"]["echo"]


def test_headers_that_do_not_end_are_answered_408(live: Stack) -> None:
    url = httpx.URL(live.endpoints()[IRIS])
    with socket.create_connection((url.host, url.port or 80), timeout=30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: models.example\r\n")

        assert client.recv(64).startswith(b"HTTP/1.1 408 ")


def test_only_tokens_of_the_issuer_for_this_audience_are_let_in(
    live: Stack, by_hand: Callable[..., None]
) -> None:
    own, strange = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    public = {**json.loads(RSAAlgorithm.to_jwk(own.public_key())), "kid": "1", "alg": "RS256"}
    by_hand("ConfigMap", "issuer", jwks=json.dumps({"keys": [public]}))
    auth = {"jwt": {"issuer": ISSUER, "audiences": [AUDIENCE], "jwks_config_map": "issuer"}}
    live.settings["models"][IRIS]["networking"]["auth"] = auth
    live.up()
    url = live.endpoints()[IRIS]

    def with_token(key: rsa.RSAPrivateKey, **claims: Any) -> dict[str, str]:
        known = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600, **claims}
        token = jwt.encode(known, key, algorithm="RS256", headers={"kid": "1"})
        return {"authorization": f"Bearer {token}"}

    until(url, 401)
    until(url, 200, **with_token(own))
    assert ask(url, **with_token(strange)).status_code == 401
    assert ask(url, **with_token(own, aud="others")).status_code == 403
    assert ask(url, **with_token(own, iss="https://evil.example")).status_code == 401
    assert ask(url, **with_token(own, exp=int(time.time()) - 600)).status_code == 401


def test_hosts_networks_and_rates_are_limited(live: Stack) -> None:
    models = live.settings["models"]
    path = models[IRIS]["networking"]["endpoint"]
    models[IRIS]["networking"] |= {"allow": ["192.0.2.0/24"]}
    models[SHADOW]["networking"] |= {"hostnames": ["digits.example"], "endpoint": path}
    models["species"]["networking"] |= {"rate_limit": {"requests": 2, "per": "hour"}}
    live.up()
    endpoints = live.endpoints()

    assert endpoints[SHADOW] == re.sub("//[^/:]+", "//digits.example", endpoints[IRIS])
    until(endpoints[IRIS], 403)
    # The same path of another host is another model, which cannot read an iris.
    assert "[-1, 64]" in until(endpoints[IRIS], 400, host="digits.example").text
    sample = {"petal_length": 4.4}
    codes = [ask(endpoints["species"], sample).status_code for _ in range(6)]
    assert codes[-3:] == [429, 429, 429]
    assert Counter(codes)[200] <= 2


def test_a_policy_that_the_gateway_refuses_fails_the_update_and_lets_nobody_in(live: Stack) -> None:
    live.settings["models"][IRIS]["networking"]["auth"] = {"api_keys": {"secret_names": ["missing"]}}
    run = live.pulumi("up", "--yes", "--skip-preview", check=False)

    assert run.returncode != 0
    policy = get("securitypolicy", IRIS, live.namespace)
    assert "missing does not exist" in next(refusals_of(policy))
    assert ask(live.endpoints()[IRIS]).status_code == 500


def served(model: str, live: Stack) -> int:
    """How many requests a model's replicas have been sent, by their own count."""
    script = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8081/metrics').read().decode())"
    inside = ("exec", f"deploy/{model}", "-n", live.namespace, "--", "python", "-c", script)
    text = kubectl(*inside)
    return int(sum(float(n) for n in re.findall(r"^axon_requests_total\{[^}]*\} (\S+)$", text, re.MULTILINE)))


def until_served(model: str, live: Stack, count: int) -> None:
    deadline = time.monotonic() + 30
    while served(model, live) < count:
        assert time.monotonic() < deadline, f"{served(model, live)} of {count}"
        time.sleep(0.5)


def shares(url: str, count: int, **headers: str) -> Counter[str]:
    """Ask so many times, and count which model answered; every answer has to be right."""
    with httpx.Client(headers=headers, timeout=30) as client:
        answers = [client.post(url, json=BODY) for _ in range(count)]
    assert {answer.status_code for answer in answers} == {200}, {answer.text for answer in answers}
    assert all(answer.json() == {"predictions": [0]} for answer in answers)
    return Counter(answer.headers["x-axon-model"] for answer in answers)


def counted(clusters: str) -> float:
    """What Prometheus counts by a gateway's proxies, for which it may take a few scrapes."""
    query = f'sum(envoy_cluster_upstream_rq_total{{envoy_cluster_name=~"{clusters}"}})'
    path = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query?query="
    deadline = time.monotonic() + 60
    while True:
        result = json.loads(kubectl("get", "--raw", path + quote(query)))["data"]["result"]
        if result or time.monotonic() > deadline:
            return float(result[0]["value"][1]) if result else 0
        time.sleep(1)


def test_a_splitter_shares_by_weight_copies_and_lets_testers_choose(live: Stack) -> None:
    live.settings["models"][OTHER] = {
        "predictor": {"type": "sklearn", "path": "predictors/iris"},
        "compute": dict(SMALL),
        "autoscaling": dict(ONE),
        "networking": {"endpoint": f"/{live.name}/{OTHER}"},
    }
    split: dict[str, Any] = {
        "networking": {"endpoint": f"/{live.name}/{SPLIT}"},
        "apis": [{"name": IRIS, "weight": 80}, {"name": OTHER, "weight": 20}],
        "shadow": {"name": SHADOW},
        "canary": {"name": OTHER},
    }
    live.settings["traffic_splitters"] = {SPLIT: split}
    live.up()
    url = live.endpoints()[SPLIT]
    until(url, 200)
    until(url, 200, x_canary="true")
    before = served(SHADOW, live)

    # Five standard deviations of a binomial distribution: sqrt(1000 * 0.8 * 0.2) is 12.6.
    assert 137 <= shares(url, 1000)[OTHER] <= 263
    assert shares(url, 20, **{"x-canary": "true"}) == {OTHER: 20}
    until_served(SHADOW, live, before + 1000)

    wanted = TrafficSplitter.model_validate(split)
    for model in (IRIS, OTHER, SHADOW):
        own, *by_splitter = clusters_of(model, model, {SPLIT: wanted}, live.namespace).split("|")
        assert all(counted(clusters) for clusters in by_splitter), (own, by_splitter)
    generation = get("deployment", OTHER, live.namespace)["metadata"]["generation"]
    split["apis"] = [{"name": IRIS, "weight": 0}, {"name": OTHER, "weight": 100}]
    live.up()
    deadline = time.monotonic() + 30
    while shares(url, 20) != {OTHER: 20}:
        assert time.monotonic() < deadline, "requests still go to the other"
    assert get("deployment", OTHER, live.namespace)["metadata"]["generation"] == generation
    del live.settings["traffic_splitters"]
