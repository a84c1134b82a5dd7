"""What the pod settings of a model become."""

from collections.abc import Callable
from typing import Any

import pytest

from stacks.settings import Model
from tests.unit.conftest import Recorder
from tests.unit.test_autoscaler import PLAIN
from tests.unit.test_model_api import DEPLOYMENT, SCALED, model, pod, program

IMAGE = {"image": "registry.example/iris:1"}
SAVED = {"type": "sklearn", "path": "p"}
SAVED = {"type": "sklearn", "path": "p"}
TOKENIZER = {"name": "tokenizer", "image": "registry.example/tokenizer:2"}
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(deploy: Deploy, **settings: Any) -> dict[str, Any]:
    """The pod of a model with settings."""
    return pod(deploy(program(model(**settings))))


def predictor(deploy: Deploy, **settings: Any) -> dict[str, Any]:
    return made(deploy, **settings)["containers"][0]


def test_variables_are_sorted_after_the_runtimes_own_so_that_their_order_rolls_nothing_out(
    deploy: Deploy,
) -> None:
    one = predictor(deploy, env={"B": "2", "A": "1"})["env"]

    names = [entry["name"] for entry in one]
    assert names[-2:] == ["A", "B"]
    assert all(name.startswith("AXON_") for name in names[:-2])
    assert one == predictor(deploy, env={"A": "1", "B": "2"})["env"]


@pytest.mark.usefixtures("model_folder")
def test_a_replica_is_told_what_its_pod_gives_it(deploy: Deploy) -> None:
    told = {"predictor": SAVED, "compute": {"mem": "1Gi"}, "server": {"request_timeout": "90s"}}
    pod = made(deploy, **told)
    env = {entry["name"]: entry.get("value") for entry in predictor(deploy, **told)["env"]}

    assert env["AXON_MEMORY_LIMIT"] == str(2**30)
    drain = 10
    assert 90 < int(env["AXON_GRACE_SECONDS"]) < pod["terminationGracePeriodSeconds"] - drain


@pytest.mark.usefixtures("model_folder")
def test_probes_and_metrics_have_a_port_that_the_gateway_has_no_way_to(deploy: Deploy) -> None:
    container = predictor(deploy, predictor=SAVED)

    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "http": 8080,
        "management": 8081,
    }
    for probe, path in {"startup": "/ready", "readiness": "/ready", "liveness": "/live"}.items():
        assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "management"}


def test_a_secret_is_named_and_never_read(deploy: Deploy) -> None:
    env = predictor(deploy, secrets={"HF_TOKEN": {"secret": "hub", "key": "token"}})["env"]

    assert env[-1] == {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}}


def test_an_image_may_be_started_otherwise(deploy: Deploy) -> None:
    container = predictor(deploy, predictor={**IMAGE, "command": ["serve"], "args": ["--port", "8080"]})

    assert (container["command"], container["args"]) == (["serve"], ["--port", "8080"])
    assert not {"command", "args"} & predictor(deploy).keys(), "the image's own"


def test_an_image_that_says_how_is_ended_when_it_is_dead(deploy: Deploy) -> None:
    settings = {**IMAGE, "liveness_path": "/alive", "probe_timeout": "2s"}

    container = predictor(deploy, predictor=settings)

    assert container["livenessProbe"]["httpGet"] == {"path": "/alive", "port": "http"}
    assert container["readinessProbe"]["timeoutSeconds"] == container["livenessProbe"]["timeoutSeconds"] == 2


def test_shared_memory_is_a_part_of_the_memory(deploy: Deploy) -> None:
    found = made(deploy, compute={"mem": "2Gi", "shm": "1Gi"})

    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}} in found["volumes"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in found["containers"][0]["volumeMounts"]
    assert found["containers"][0]["resources"]["limits"] == {"memory": "2Gi"}


def test_disk_is_asked_for_and_limited(deploy: Deploy) -> None:
    resources = predictor(deploy, compute={"ephemeral_storage": "10Gi"})["resources"]

    assert resources["requests"]["ephemeral-storage"] == resources["limits"]["ephemeral-storage"] == "10Gi"


def test_a_container_beside_the_predictor_starts_before_and_ends_after_it(deploy: Deploy) -> None:
    beside = {**TOKENIZER, "port": 9000, "readiness_path": "/ok", "env": {"THREADS": "2"}}

    found = made(deploy, predictor={**IMAGE, "containers": [beside]})

    assert [container["name"] for container in found["containers"]] == ["predictor"]
    (sidecar,) = found["initContainers"]
    assert (sidecar["name"], sidecar["image"]) == ("tokenizer", "registry.example/tokenizer:2")
    assert sidecar["restartPolicy"] == "Always", "else it would have to end before the predictor starts"
    assert sidecar["startupProbe"]["tcpSocket"] == {"port": 9000}
    assert sidecar["readinessProbe"]["httpGet"] == {"path": "/ok", "port": 9000}
    assert sidecar["env"] == [{"name": "THREADS", "value": "2"}]


def test_a_container_beside_the_predictor_is_locked_down_as_well(deploy: Deploy) -> None:
    found = made(deploy, predictor={**IMAGE, "containers": [TOKENIZER]})

    sidecar = found["initContainers"][0]
    assert sidecar["securityContext"] == found["containers"][0]["securityContext"]
    assert sidecar["resources"] == {
        "requests": {"cpu": "50m", "memory": "128Mi"},
        "limits": {"memory": "128Mi"},
    }


def test_containers_of_a_pod_share_a_folder_and_no_other(deploy: Deploy) -> None:
    other = {"name": "cache", "image": "registry.example/cache:1"}

    found = made(deploy, predictor={**IMAGE, "containers": [TOKENIZER, other]})

    everyone = [*found["initContainers"], *found["containers"]]
    mounted = [{mount["mountPath"]: mount["name"] for mount in one["volumeMounts"]} for one in everyone]
    assert {names["/mnt"] for names in mounted} == {"shared"}
    assert len({names["/tmp"] for names in mounted}) == 3
    assert {volume["name"] for volume in found["volumes"]} == {
        "tmp",
        "shared",
        "tmp-tokenizer",
        "tmp-cache",
    }


def test_a_node_has_to_hold_all_containers_of_a_pod() -> None:
    sidecar = {**TOKENIZER, "compute": {"cpu": "1", "mem": "1Gi"}}
    whole = model(predictor={**IMAGE, "containers": [sidecar]}, compute={"cpu": "500m", "mem": "512Mi"})

    assert (whole.pod_compute.cpu, whole.pod_compute.mem) == ("1500m", "1536Mi")
    assert model().pod_compute == model().compute


def test_a_new_replica_may_have_to_stay_ready_before_an_old_one_goes(deploy: Deploy) -> None:
    recorder = deploy(program(model(update_strategy={"min_ready": "15s"})))

    spec = recorder.named(DEPLOYMENT)["iris"]["spec"]
    assert spec["minReadySeconds"] == 15


def test_a_model_waits_for_the_priority_class_that_the_platform_makes(deploy: Deploy) -> None:
    settings = model(priority_class="urgent")
    recorder = deploy(program(settings, priority_classes={"urgent": 1000}))

    made = recorder.one("kubernetes:scheduling.k8s.io/v1:PriorityClass")
    assert (made["metadata"]["name"], made["value"]) == ("urgent", 1000)
    spec = recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["spec"]
    assert spec["priorityClassName"] == "urgent"


def test_a_priority_class_may_be_one_that_the_cluster_has(deploy: Deploy) -> None:
    recorder = deploy(program(model(priority_class="theirs"), install=False, priority_classes={"urgent": 1}))

    assert recorder.all("kubernetes:scheduling.k8s.io/v1:PriorityClass") == [], "another stack makes them"
    spec = recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["spec"]
    assert spec["priorityClassName"] == "theirs"


def test_a_paused_model_keeps_everything_but_its_replicas(deploy: Deploy) -> None:
    running, paused = deploy(program(model())), deploy(program(model(paused=True)))

    assert {(r.typ, r.name) for r in running.resources} == {(r.typ, r.name) for r in paused.resources}
    annotations = paused.one(SCALED)["metadata"]["annotations"]
    assert annotations["autoscaling.keda.sh/paused-replicas"] == "0"
    deployment = paused.named(DEPLOYMENT)["iris"]
    assert deployment["spec"].pop("replicas") == 0, "a new model starts none"
    assert paused.options(DEPLOYMENT, "iris").ignoreChanges == ["spec.replicas"], (
        "and one that runs is not told so"
    )
    assert running.named(DEPLOYMENT)["iris"] == deployment, "so no replica of it starts anew later"
    assert paused.one(SCALED)["spec"] == running.one(SCALED)["spec"]


def test_a_plain_autoscaler_rests_while_the_deployment_wants_no_replica(deploy: Deploy) -> None:
    on_cpu = {"target_cpu_utilization": 60}

    recorder = deploy(program(model(paused=True, autoscaling=on_cpu)))

    deployment = recorder.named(DEPLOYMENT)["iris"]
    assert deployment["spec"]["replicas"] == 0
    assert deployment["metadata"]["annotations"]["pulumi.com/patchForce"] == "true", "it was the HPA's"
    assert recorder.one(PLAIN)["spec"]["minReplicas"] == 1
    running = deploy(program(model(autoscaling=on_cpu))).named(DEPLOYMENT)["iris"]
    assert "replicas" not in running["spec"]


def test_nobody_waits_for_a_paused_model_that_slept() -> None:
    assert Model.model_validate({"predictor": IMAGE, "autoscaling": {"min_replicas": 0}}).sleeps
    assert not model(paused=True, autoscaling={"min_replicas": 0}).sleeps


def test_a_fixed_number_of_replicas_is_the_fewest_and_the_most(deploy: Deploy) -> None:
    settings = model(autoscaling={"min_replicas": 3, "max_replicas": 3})

    spec = deploy(program(settings)).one(SCALED)["spec"]

    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == settings.replicas == (3, 3)


def test_labels_of_the_platform_are_on_pods_and_select_none(deploy: Deploy) -> None:
    recorder = deploy(program(model(), labels={"team": "vision"}))

    spec = recorder.named(DEPLOYMENT)["iris"]["spec"]
    assert spec["template"]["metadata"]["labels"]["team"] == "vision"
    assert spec["selector"]["matchLabels"] == {"app.kubernetes.io/name": "iris"}


@pytest.mark.parametrize("kind", [DEPLOYMENT, SCALED])
def test_objects_say_whose_they_are(deploy: Deploy, kind: str) -> None:
    labels = deploy(program(model())).named(kind)["iris"]["metadata"]["labels"]

    assert (labels["axon.dev/model"], labels["axon.dev/stack"]) == ("iris", "test")
