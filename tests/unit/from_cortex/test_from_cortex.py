"""Cortex's files, as its users wrote them, and the stack that each becomes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrations.from_cortex import Conversion, convert
from migrations.from_cortex.command import convert_files
from migrations.from_cortex.values import duration
from stacks.settings import Stack, load_file

HERE = Path(__file__).parent
APIS = ["v13.yaml", "v16.yaml", "v22.yaml", "v35.yaml", "v42.yaml"]
CLUSTERS = ["cluster18.yaml", "cluster42.yaml"]


def converted(*names: str) -> Conversion:
    return convert({name: yaml.safe_load((HERE / name).read_text()) for name in names})


def loaded(stack_file: Path, made: Conversion) -> Stack:
    """The stack as the program would have it."""
    stack_file.write_text(made.text())
    return load_file("test")


def said(made: Conversion) -> list[str]:
    return [str(note) for note in made.notes]


@pytest.mark.parametrize(
    "names",
    [[name] for name in APIS + CLUSTERS] + [["cluster42.yaml", "v42.yaml", "v16.yaml", "v22.yaml"]],
    ids="+".join,
)
def test_what_is_written_is_a_stack(stack_file: Path, names: list[str]) -> None:
    assert loaded(stack_file, converted(*names))


def test_the_whole_of_an_early_api(stack_file: Path) -> None:
    iris = loaded(stack_file, converted("v13.yaml")).models["iris"]

    assert iris.endpoint("iris") == "/flowers/iris"
    assert iris.fetched == ["s3://models/iris/iris.onnx"]
    assert iris.env == {"LOG": "debug"}
    assert (iris.replicas, iris.autoscaling.target_cpu_utilization) == ((2, 5), 70)
    assert (iris.update_strategy.max_surge, iris.update_strategy.max_unavailable) == ("1", "0")


def test_workers_become_processes_and_the_most_requests_a_queue(stack_file: Path) -> None:
    generator = loaded(stack_file, converted("v16.yaml")).models["text-generator"]

    assert (generator.server.processes_per_replica, generator.server.threads_per_process) == (2, 4)
    assert (generator.server.max_concurrency, generator.server.max_queue_length) == (8, 56)
    assert generator.target_in_flight == 6
    assert (generator.autoscaling.window, generator.autoscaling.downscale_stabilization_period) == (
        "90s",
        "5m",
    )
    assert generator.update_strategy.max_unavailable == "25%", "Cortex's default: with 0 nothing could move"


def test_a_pod_of_containers_has_the_one_that_answers_and_others_beside_it(stack_file: Path) -> None:
    captions = loaded(stack_file, converted("cluster42.yaml", "v42.yaml")).models["captions"]

    predictor: Any = captions.predictor
    assert (predictor.image, predictor.port) == ("quay.io/me/captions:latest", 9000)
    assert predictor.args == ["--port", "9000"]
    ready = predictor.readiness
    assert (ready.http, ready.port, ready.timeout, ready.period) == ("/healthz", None, "3s", "5s")
    assert predictor.liveness.command == ["ls"]
    assert predictor.pre_stop is None, "so long passes anyway"
    assert captions.proxied == {"max_concurrency": 4, "max_queue_length": 50}
    tokenizer: Any
    (tokenizer,) = captions.sidecars
    assert (tokenizer.name, tokenizer.port) == ("tokenizer", 9001)
    assert (tokenizer.readiness.http, tokenizer.readiness.initial_delay) == ("/ok", "2s")
    assert tokenizer.liveness.tcp == 9001
    assert (captions.compute.gpu, captions.compute.shm, captions.node_groups) == (1, "1Gi", ["gpu"])
    assert captions.target_in_flight == 2
    assert captions.aws.policy_arns == ["arn:aws:iam::111122223333:policy/features"]


def test_an_image_without_words_of_its_own_gets_what_cortex_gave_it(stack_file: Path) -> None:
    plain = loaded(stack_file, converted("v42.yaml")).models["plain"]

    predictor: Any = plain.predictor
    assert predictor.readiness.tcp == 8080
    assert plain.server.max_concurrency == plain.target_in_flight == 1


def test_what_runs_before_the_end_takes_the_place_of_the_wait() -> None:
    def ending(*command: str) -> tuple[Any, list[str]]:
        container = {"image": "a/b:1", "pre_stop": {"exec": {"command": list(command)}}}
        made = convert({"f": [{"name": "a", "kind": "RealtimeAPI", "pod": {"containers": [container]}}]})
        return made.settings["models"]["a"]["predictor"].get("pre_stop"), said(made)

    assert ending("sleep", "5")[0] is None
    assert ending("sleep", "30")[0] == {"sleep": "30s"}
    found, notes = ending("/leave", "now")
    assert found == {"command": ["/leave", "now"]}
    assert [note for note in notes if "has to take at least these" in note]


def test_a_cluster_is_made_anew(stack_file: Path) -> None:
    cluster: Any = loaded(stack_file, converted("cluster42.yaml")).cluster

    assert (cluster.name, cluster.region, cluster.network.nat) == ("cortex", "us-west-2", "per_zone")
    assert set(cluster.node_groups) == {"system", "cpu", "gpu"}
    gpu = cluster.node_groups["gpu"]
    assert (gpu.instance_types, gpu.spot, gpu.disk.size, gpu.disk.type) == (
        ["g4dn.xlarge"],
        True,
        100,
        "io2",
    )
    assert cluster.load_balancer.allow == ["203.0.113.0/24"]
    assert cluster.endpoint.public_cidrs == ["198.51.100.0/24"]


def test_a_cluster_of_one_group_has_it_beside_the_platforms(stack_file: Path) -> None:
    made = converted("cluster18.yaml")

    cluster: Any = loaded(stack_file, made).cluster
    assert cluster.name == "our-production-clust"
    assert cluster.node_groups["nodes"].instance_types == ["m5.large", "m5a.large"], "t3.2xlarge is larger"
    assert cluster.node_groups["nodes"].subnets == "public"


def test_a_splitter_keeps_its_weights_and_its_shadow() -> None:
    splitters = converted("v22.yaml", "v42.yaml").settings["traffic_splitters"]

    assert splitters == {
        "translate": {
            "networking": {"endpoint": "/translate"},
            "apis": [{"name": "translator", "weight": 90}, {"name": "languages", "weight": 10}],
        },
        "both": {
            "networking": {"endpoint": "/captions-ab"},
            "apis": [{"name": "captions", "weight": 100}],
            "shadow": {"name": "plain", "percent": 30},
        },
    }


@pytest.mark.parametrize(("name", "secret"), [("v16.yaml", "hf_0123456789"), ("v42.yaml", "hunter2")])
def test_a_credential_becomes_a_reference_and_is_written_nowhere(name: str, secret: str) -> None:
    made = converted(name)

    assert secret in (HERE / name).read_text()
    assert secret not in made.text()
    assert not [line for line in said(made) if secret in line]
    assert [line for line in said(made) if "kubectl create secret generic" in line]


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (
            ["v13.yaml"],
            [
                "axon:cluster: no cluster.yaml: the stack is for a cluster that exists, and its registry "
                "localhost:5000/axon",
                "v13.yaml: iris.predictor.path: copy src/iris.py to predictors/iris/predictor.py, beside its "
                "requirements.txt, and call the class Predictor",
                "v13.yaml: iris.predictor.type: is a class that loads its model itself, in load(model_path): "
                "no onnx_client",
            ],
        ),
        (
            ["cluster18.yaml"],
            [
                "cluster18.yaml: account: 111122223333 stands for your account: Cortex's file does not name "
                "it",
                "cluster18.yaml: Cortex's cluster cannot be taken over: this one is made beside it",
                "cluster18.yaml.spot_config.on_demand_backup: has no match: add a group on demand with a "
                "lower `priority`, which grows when spot has none",
                "cluster18.yaml.node_groups: system is new, for the platform: in the place of Cortex's own "
                "three nodes",
                "cluster18.yaml.cluster_name: has 20 characters at most here: now our-production-clust",
                "cluster18.yaml.nat_gateway: none needs `network.interface_endpoints` here: now single, "
                "which costs",
                "cluster18.yaml.operator_load_balancer_cidr_white_list: was the whole internet: name the "
                "networks that deploy in `endpoint.public_cidrs`",
                "cluster18.yaml.api_load_balancer_cidr_white_list: was the whole internet: now internal; for "
                "clients outside set `scheme: internet-facing` and `allow`",
                "cluster18.yaml.log_group: has no match: the stack has a log group of its own (`logging`)",
                "cluster18.yaml.spot_config: t3.2xlarge is not like m5.large: left out (make it a group of "
                "its own)",
            ],
        ),
    ],
)
def test_the_whole_report(names: list[str], lines: list[str]) -> None:
    assert sorted(said(converted(*names))) == sorted(lines)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("v22.yaml", "translator.predictor.server_side_batching: has no match: a class is given one request"),
        ("v22.yaml", "languages.compute.mem: was not set, and is a limit here: 512Mi; set what it needs"),
        ("v35.yaml", "nightly: BatchAPI has no match"),
        ("v35.yaml", "queue: AsyncAPI has no match"),
        ("v35.yaml", "sound.handler.protobuf_path: has no match: no gRPC"),
        ("v42.yaml", "clean-up: TaskAPI has no match"),
        ("v42.yaml", "axon:models.captions.node_groups: gpu: not in the cluster, left out"),
    ],
)
def test_what_has_no_match_is_said_with_its_reason(name: str, line: str) -> None:
    assert [found for found in said(converted(name)) if line in found]


def test_a_field_that_cortex_does_not_have_is_left_out() -> None:
    made = convert({"f": [{"name": "a", "kind": "RealtimeAPI", "computer": {}, "predictor": {"pth": 1}}]})

    assert "f: a.computer: is no field of Cortex's that this knows: left out" in said(made)
    assert "f: a.predictor.pth: is no field of Cortex's that this knows: left out" in said(made)


def test_a_value_that_is_wrong_here_is_left_out_and_the_rest_stays(stack_file: Path) -> None:
    api = {"name": "a", "predictor": {}, "compute": {"cpu": "5m", "mem": "1Gi"}}

    made = convert({"f": [api]})

    assert loaded(stack_file, made).models["a"].compute.cpu == "200m"
    assert (
        'axon:models.a.compute.cpu: "5m" is less than 20m, the least that a predictor starts with: left out'
        in said(made)
    )


def test_what_was_tracked_is_tracked() -> None:
    told = {"model_type": "classification", "key": "label"}

    for name in ("tracker", "monitoring"):
        made = convert({"f": [{"name": "a", "predictor": {"type": "python"}, name: told}]})
        assert made.settings["models"]["a"]["tracker"] == told


def test_what_does_not_go_together_is_said() -> None:
    made = converted("cluster42.yaml", "v35.yaml")

    assert "axon:models.sound.compute.neuron: no node group has Neuron devices (such as inf2.xlarge)" in said(
        made
    )


@pytest.mark.parametrize(
    ("go", "ours"),
    [
        ("1m30s", "90s"),
        ("5m0s", "5m"),
        ("1h", "60m"),
        ("500ms", "500ms"),
        ("1s500ms", "1500ms"),
        ("0s", "0s"),
        ("soon", "soon"),
        (None, None),
    ],
)
def test_durations_have_one_unit(go: str | None, ours: str | None) -> None:
    assert duration(go) == ours


def test_the_command_writes_the_stack_and_what_it_lacks(
    stack_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert_files([HERE / "v13.yaml"]) == 0

    written = capsys.readouterr()
    stack_file.write_text(written.out)
    assert list(load_file("test").models) == ["iris"]
    assert "iris.predictor.path: copy src/iris.py" in written.err


@pytest.mark.parametrize(
    ("text", "message"), [("a: [", ":1: not YAML: "), (None, ": No such file or directory")]
)
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    file = tmp_path / "cortex.yaml"
    if text is not None:
        file.write_text(text)

    assert convert_files([file]) == 1
    assert f"{file}{message}" in capsys.readouterr().err


_KEYS = sorted(
    {
        word.strip("-: ,{}[]")
        for name in APIS + CLUSTERS
        for word in (HERE / name).read_text().replace("{", " ").split()
        if word.endswith(":")
    }
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.text(max_size=8) | st.sampled_from(_KEYS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6),
    max_leaves=25,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(api=st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=8), cluster=_VALUES)
def test_whatever_stands_in_a_file_what_is_written_can_be_read(api: dict[str, Any], cluster: Any) -> None:
    made = convert({"apis": [{**api, "name": "a"}], "cluster": cluster})

    assert Stack.model_validate(made.settings)
