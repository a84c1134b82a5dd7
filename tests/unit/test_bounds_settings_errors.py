"""Values at the edges of what Kubernetes, KEDA, Prometheus, the gateway, AWS and registries take."""
# ruff: noqa: E501, RUF001 (a message is one line; digits of other scripts are meant)

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stacks.settings.aws.extras import Email, HostedZone
from stacks.settings.aws.node_group import NodeGroup
from stacks.settings.aws.units import AccountId, AddonVersion, Region
from stacks.settings.cron import Cron, cron_times
from stacks.settings.model import Model
from stacks.settings.networking import Networking
from stacks.settings.paths import FolderPath, RelativePath
from stacks.settings.platform import Prometheus
from stacks.settings.sources import ObjectName
from stacks.settings.stack import Stack
from stacks.settings.units import Cpu, Duration, ImageReference, ImageRepository, Memory, Size
from stacks.settings.web import Endpoint, Hostname, HttpUrl, Origin
from tests.unit.refusals import refused

SAVED = {"type": "sklearn", "path": "predictors/iris"}


def said(**settings: Any) -> list[str]:
    """What is said of a model with these settings."""
    model = {"predictor": SAVED, **settings}
    stack = {"cluster": {"kind": "existing"}, "models": {"m": model}}
    return [f"{'.'.join(map(str, one.path[2:]))}: {one.message}" for one in refused(Stack, stack)]


# a key, the least and the most that it takes, and what is said of less and of more
DURATIONS = [
    ("autoscaling.window", "10s", "1h", ("9s", "1ms", "0s"), ("3601s", "2h")),
    ("autoscaling.upscale_stabilization_period", "0s", "3600s", ("500ms",), ("3601s", "2h")),
    ("autoscaling.downscale_stabilization_period", "0s", "60m", ("1500ms",), ("61m", "2h")),
    ("server.request_timeout", "100ms", "24h", ("0s", "99ms"), ("100000s", "25h")),
    ("server.batch_interval", "0s", "59s", (), ("61s", "2m")),
    ("update_strategy.timeout", "10s", "24h", ("0s", "9s", "500ms"), ("100000s", "25h")),
    ("update_strategy.min_ready", "0s", "1h", ("1ms",), ("3601s",)),
]
EDGES = [(key, value) for key, least, most, _, _ in DURATIONS for value in (least, most)]
BEYOND = [(key, value) for key, _, _, low, high in DURATIONS for value in (*low, *high)]


def nested(key: str, value: Any) -> dict[str, Any]:
    group, name = key.split(".")
    more = {"timeout": "24h"} if name == "min_ready" else {}
    return {group: {name: value, **more}}


@pytest.mark.parametrize(("key", "value"), EDGES)
def test_a_duration_at_its_bound_is_taken(key: str, value: str) -> None:
    assert said(**nested(key, value)) == []


@pytest.mark.parametrize(("key", "value"), BEYOND)
def test_a_duration_beyond_its_bound_is_refused_with_it(key: str, value: str) -> None:
    (line,) = said(**nested(key, value))

    assert line.startswith(f'{key}: "{value}" is ')
    assert any(
        words in line for words in ("is less than", "is more than", "is not a whole number of seconds")
    )


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("autoscaling.downscale_stabilization_period", "2h", '"2h" is more than 1h, the most that Kubernetes looks back'),
        ("autoscaling.window", "1ms", '"1ms" is less than 10s, two scrapes: there would be no number'),
        ("server.request_timeout", "0s", '"0s" is less than 100ms, and no request would be in time'),
        ("server.request_timeout", "１s", '"１s" is not a duration (try 1s)'),
        ("server.request_timeout", f"{'9' * 5000}h", f'"{"9" * 5000}h" is not a duration (try 30s)'),
    ],
)  # fmt: skip
def test_a_bound_says_whose_it_is(key: str, value: str, line: str) -> None:
    assert said(**nested(key, value)) == [f"{key}: {line}"]


def test_a_batch_is_not_waited_for_longer_than_a_request() -> None:
    assert said(server={"batch_interval": "5s", "request_timeout": "5s"}) == [
        "server.batch_interval: 5s is not less than `request_timeout`, 5s: no request would be in time"
    ]


@pytest.mark.parametrize(
    ("compute", "server", "line"),
    [
        (
            {"mem": "512Mi"},
            {"max_body_size": "4Gi"},
            "server.max_body_size: 4Gi does not fit into `compute.mem`, 512Mi: a request takes 4 times its body (set 128Mi, or mem: 16384Mi)",
        ),
        ({"mem": "512Mi"}, {"max_body_size": "128Mi"}, None),
        (
            {"mem": "512Mi"},
            {"max_body_size": "129Mi"},
            "server.max_body_size: 129Mi does not fit into `compute.mem`, 512Mi: a request takes 4 times its body (set 128Mi, or mem: 516Mi)",
        ),
        ({"mem": "20Mi"}, {}, None),
        (
            {"mem": "128Mi"},
            {"processes_per_replica": 7},
            "server.processes_per_replica: 7 processes do not fit into `compute.mem`, 128Mi: each takes 20Mi and the model (set mem: 140Mi)",
        ),
        ({"mem": "140Mi"}, {"processes_per_replica": 7}, None),
    ],
)
def test_what_memory_does_not_hold_is_refused(
    compute: dict[str, Any], server: dict[str, Any], line: str | None
) -> None:
    assert said(compute=compute, server=server) == ([line] if line else [])


@pytest.mark.parametrize(
    ("mem", "server", "largest"),
    [
        ("512Mi", {}, 32 * 2**20),
        ("256Mi", {}, 32 * 2**20),
        ("128Mi", {}, 16 * 2**20),
        ("128Mi", {"max_body_size": "32Mi"}, 32 * 2**20),
        ("16Gi", {"max_body_size": "4Gi"}, 4 * 2**30),
    ],
)
def test_a_body_that_nobody_chose_a_size_for_fits_into_memory(
    mem: str, server: dict[str, Any], largest: int
) -> None:
    model = Model.model_validate({"predictor": SAVED, "compute": {"mem": mem}, "server": server})

    assert model.max_body_size == largest


def test_a_config_that_no_variable_holds_is_refused() -> None:
    predictor = {"type": "python", "path": "p", "config": {"text": "x" * 131_072}}

    (line,) = said(predictor=predictor)

    size = len(json.dumps(predictor["config"]))
    assert (
        line
        == f"predictor.config: {size} bytes are more than a variable holds, 130048: put them into a file of `path`"
    )


# a kind, what it takes, and what it refuses with the first words of the reason
KINDS: list[tuple[Any, list[str], list[str]]] = [
    (Memory, ["20Mi", "64Ti", "256.5Mi", "20971520", "1G"], ["２56Mi", "٢56Mi", "65Ti", "900Ei", "9Ei", "19Mi", "-1Gi", "1e9", "1E9", "25600000000.5", "30000000.5", "0", "", " 256Mi", f"{'9' * 50}Mi", "20000000000001m"]),
    (Cpu, ["20m", "1024", "0.5", "1k"], ["２", "1025", "19m", "-1", "1e3", "1E", "1,5", "0", "½"]),
    (Size, ["1Ki", "1024", "64Ti"], ["1023", "65Ti", "1Kib", "１Ki"]),
    (Duration, ["0s", "999999999s", "5m"], ["1000000000s", "1d", "1.5h", "1m30s", "-1s", "５m", "5", "s", "5 m"]),
    (Endpoint, ["/a", "/a/b.c", "/...", "/~user", "/" + "a" * 1023], ["/a/../b", "/a/./b", "/..", "/.", "/a/..", "/a//b", "/a/", "/%2e%2e", "/é", "/a?b", "/" + "a" * 1024]),
    (Hostname, ["a.example", "*.a.example", "xn--bcher-kva.example", "a" * 63 + ".example"], ["ünï.example", "A.example", "-a.example", "a-.example", "a..example", ".example", "a.example.", "1.2.3.4", "localhost", "a" * 64 + ".example", "*.*.example", "a_b.example", "*.", "１.example"]),
    (HttpUrl, ["http://a:9090", "https://a.b/c"], ["http://a:99999", "http://a:0", "http://-a", "http://a:９090", "http://a b", "ftp://a", "http://a?b", "http://u:p@a"]),
    (Origin, ["*", "https://a.example", "https://*.a.example:8443"], ["https://a.example/", "https://a.example:70000", "https://ä.example", "a.example", "https://*.*.a"]),
    (FolderPath, ["predictors/iris", "predictors/iris/", "Models/iris", "a", "a/b_c", "a/b.c"], ["predictors/My Model", "predictors/Iris", ".", "..", ".git", "./a", "a/.git", ".git/a", "a/../b", "/a", "", "a//b", "a\\b", "a/-b", "a/b-", "a/b__c", "a/é", "a/" + "b" * 101, "predictors/iris\n"]),
    (RelativePath, ["local/charts", "Charts"], [".", "../charts", "/charts", "a b", ""]),
    (ImageReference, ["r.example/a:1", "localhost:5000/axon/python:3.11-bookworm", "a:1", "a@sha256:" + "0" * 64, "r.example/a:1@sha256:" + "0" * 64], ["a", "a:", "a:1:2", "a/b:", "A/b:1", "r.example:5000/a", "a@sha256:0", "https://r.example/a:1", "a b:1", "r.example//a:1", "-a:1", "a:-1", "a:" + "1" * 129, "r.example/À:1", "a:1\n"]),
    (ImageRepository, ["localhost:5000/axon", "r.example", "1.dkr.ecr.eu-west-1.amazonaws.com/a"], ["-", "r.example/", "https://r", "r.example:999999/a", "r.example/A", "r:５000/a", "r.example/a:1"]),
    (ObjectName, ["a", "a.b", "a-b", "a" * 253], ["a..b", ".a", "a.", "A", "a_b", "a" * 254, "-a", "é", "a.-b"]),
    (Cron, ["0 8 * * 1-5", "*/5 * * * *", "0 0 29 2 *", "0 0 ? JAN-MAR mon", "0 0 30 2 1", "5/15 0 1,15 * *"], ["60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 7", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * * *", "* * * * * *", "@daily", "5-1 * * * *", "*/0 * * * *", "a * * * *", "１ * * * *", "1,,2 * * * *", "1- * * * *", "0  8 * * *", "-1 * * * *", "TZ=UTC 0 0 * * *"]),
    (AccountId, ["111122223333"], ["１１１１２２２２３３３３", "1111-2222-3333", "11112222333"]),
    (Region, ["eu-west-1"], ["eu-west-１", "eu-west-1a", "EU-west-1"]),
    (AddonVersion, ["v1.22.4-eksbuild.3"], ["v1.22.٤-eksbuild.3", "1.22.4"]),
    (HostedZone, ["Z0123456789ABCDEFGHIJ"], ["ZÀ", "z1", "Z", "Z1 "]),
    (Email, ["a@b.example", "a.b+c@d.example"], ["a@b", "a b@c.example", "a@b@c.example", "a@b.example\n", "@b.example"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, value) for kind, taken, _ in KINDS for value in taken],
    ids=lambda one: str(one)[:40] if isinstance(one, str) else "",
)
def test_a_value_at_the_edge_is_taken(kind: Any, value: str) -> None:
    assert TypeAdapter(kind).validate_python(value, strict=True) == value.removesuffix("/") or kind is Origin


@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, value) for kind, _, wrong in KINDS for value in wrong],
    ids=lambda one: repr(one)[:40] if isinstance(one, str) else "",
)
def test_a_value_beyond_the_edge_is_refused(kind: Any, value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("２56Mi", '"２56Mi" is not a Kubernetes quantity (try 256Mi)'),
        ("900Ei", '"900Ei" is more than a quantity can be, 9223372036854775807'),
        ("65Ti", '"65Ti" is more than 64Ti, the most of any machine'),
        ("30000000.5", '"30000000.5" is not a whole number of bytes'),
    ],
)
def test_a_wrong_memory_is_told_the_right_one(value: str, line: str) -> None:
    assert said(compute={"mem": value}) == [f"compute.mem: {line}"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("predictors/My Model", '"predictors/My Model": "My Model" cannot be a folder here: letters, digits, ".", "_" and "-", no "." first'),
        (".", '".": "." cannot be a folder here: letters, digits, ".", "_" and "-", no "." first'),
        (".git", '".git": ".git" cannot be a folder here: letters, digits, ".", "_" and "-", no "." first'),
        ("predictors/MyModel", '"predictors/MyModel": no registry takes an image called MyModel, as its folder: rename that (try mymodel)'),
    ],
)  # fmt: skip
def test_a_folder_that_no_image_can_be_called_after_is_refused(path: str, line: str) -> None:
    assert said(predictor={"type": "sklearn", "path": path}) == [f"predictor.path: {line}"]


def test_surges_of_more_replicas_than_there_can_be_are_refused() -> None:
    assert said(update_strategy={"max_surge": 1000}) == []
    assert said(update_strategy={"max_surge": 1001}) == [
        "update_strategy.max_surge: 1001 is more than 1000 replicas"
    ]
    assert "is not a number of replicas" in said(update_strategy={"max_surge": "２5%"})[0]


def test_a_schedule_that_ends_as_it_begins_is_refused() -> None:
    schedule = {"start": "0 8 * * 1-5", "end": "0 8 * * mon-fri", "replicas": 2}

    assert said(autoscaling={"schedules": [schedule]}) == [
        "autoscaling.schedules.0.end: is the same time as `start`"
    ]


def test_a_time_that_never_comes_is_refused_with_the_reason() -> None:
    schedule = {"start": "0 8 30 2 *", "end": "0 9 * * *", "replicas": 2}

    assert said(autoscaling={"schedules": [schedule]}) == [
        'autoscaling.schedules.0.start: "0 8 30 2 *" never comes: no month that it names has a day 30'
    ]


@given(st.lists(st.integers(0, 59), min_size=1, max_size=5), st.integers(1, 12))
def test_cron_fields_name_the_numbers_that_they_say(minutes: list[int], month: int) -> None:
    found = cron_times(f"{','.join(map(str, minutes))} */6 1-3 {month} *")

    assert found[0] == set(minutes)
    assert found[1:4] == [{0, 6, 12, 18}, {1, 2, 3}, {month}]


def test_what_the_gateway_and_prometheus_cannot_hold_is_refused() -> None:
    assert refused(Networking, {"max_body_size": "4095Mi"}) == []
    assert (
        refused(Networking, {"max_body_size": "4Gi"})[0].message
        == '"4Gi" is not less than 4Gi, the most that the gateway holds of a body'
    )
    assert refused(Prometheus, {"retention": "1h"}) == refused(Prometheus, {"retention": "8760h"}) == []
    assert "is less than 1h" in refused(Prometheus, {"retention": "1ms"})[0].message
    assert (
        "is more than 24h"
        in refused(Networking, {"cors": {"allow_origins": ["*"], "max_age": "100000s"}})[0].message
    )


@pytest.mark.parametrize(
    "group",
    [
        {"labels": {"téam": "a"}},
        {"labels": {"team": "é"}},
        {"labels": {"a..b/team": "a"}},
        {"taints": [{"key": "a b"}]},
        {"taints": [{"key": "team", "value": "a b"}]},
        {"taints": [{"key": "/team"}]},
        {"taints": [{"key": ""}]},
    ],
)
def test_a_label_or_taint_that_kubernetes_refuses_is_refused(group: dict[str, Any]) -> None:
    assert len(refused(NodeGroup, {"instance_types": ["m7i.large"], **group})) == 1


@given(st.decimals(0, Decimal("1e9"), places=3), st.sampled_from(["", "k", "Ki", "M", "Mi", "G", "Gi", "m"]))
def test_a_memory_that_is_taken_is_a_whole_number_of_bytes_between_its_bounds(
    number: Decimal, unit: str
) -> None:
    text = f"{number}{unit}"
    if refused(Model, {"predictor": SAVED, "compute": {"mem": text}}):
        return
    factor = {
        "": 1,
        "k": 10**3,
        "Ki": 2**10,
        "M": 10**6,
        "Mi": 2**20,
        "G": 10**9,
        "Gi": 2**30,
        "m": Decimal("0.001"),
    }
    value = number * factor[unit]
    assert value == int(value)
    assert 20 * 2**20 <= value <= 64 * 2**40
