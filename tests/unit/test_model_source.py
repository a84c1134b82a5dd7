"""A model that replicas fetch: its image, its pod, its role."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from axon_runtime.config import from_environment

from components import ModelApi, Platform
from components.kubernetes_cluster import OnAws
from predictor_images import contexts_of, image_of, repositories_of
from stacks.settings import Images, Model, Stack
from stacks.settings import Platform as PlatformSettings
from stacks.settings.eks_checks import aws_problems
from tests.unit.conftest import Recorder
from tests.unit.on_aws import EXISTING, cluster, on_aws

DEPLOYMENT, POLICY = "kubernetes:apps/v1:Deployment", "aws:iam/rolePolicy:RolePolicy"
IMAGES = Images(registry="registry.example/axon")
IRIS = {"type": "sklearn", "model": "s3://models/iris.joblib"}
Deploy = Callable[[Callable[[], Any]], Recorder]


def model(predictor: dict[str, Any], **settings: Any) -> Model:
    return Model.model_validate({"predictor": predictor, **settings})


def deployed(deploy: Deploy, wanted: Model, make: Callable[[], OnAws | None] = lambda: None) -> Recorder:
    def program() -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster"))
        platform = Platform("platform", PlatformSettings(), IMAGES, opts=opts)
        return ModelApi("iris", wanted, IMAGES, platform=platform, on_aws=make(), opts=opts).url

    return deploy(program)


def pod(recorder: Recorder) -> dict[str, Any]:
    return recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["spec"]


def environment(recorder: Recorder) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod(recorder)["containers"][0]["env"]}


def test_a_fetched_model_runs_in_its_frameworks_image(model_folder: Path) -> None:
    fetched = model(IRIS).predictor
    (framework,) = contexts_of(IMAGES, fetched)

    assert image_of(IMAGES, fetched) == framework.image
    assert framework.image.startswith("registry.example/axon/sklearn:")


def test_a_class_that_loads_a_fetched_model_still_has_an_image_of_its_own(model_folder: Path) -> None:
    (model_folder / "predictor.py").touch()
    predictor = model({"type": "python", "path": "p", "model": "s3://models/iris.joblib"}).predictor

    assert image_of(IMAGES, predictor).startswith("registry.example/axon/p:")


def test_the_registry_gets_no_repository_for_a_fetched_model() -> None:
    stack = Stack.model_validate({"cluster": {"kind": "existing"}, "models": {"iris": {"predictor": IRIS}}})

    assert repositories_of(stack) == ["sklearn"]


def test_the_runtime_is_told_where_its_model_is(deploy: Deploy) -> None:
    told = environment(deployed(deploy, model({**IRIS, "sha256": "0" * 64})))

    config = from_environment(told)
    assert config.model is not None
    assert (config.model.url, config.model.sha256) == (IRIS["model"], "0" * 64)
    assert str(config.cache) == "/models"


def test_the_runtime_is_told_to_export_its_model(deploy: Deploy) -> None:
    told = environment(deployed(deploy, model({**IRIS, "onnx": True})))

    assert from_environment({"AXON_PREDICTOR": "sklearn", **told}).onnx
    assert "AXON_ONNX" not in environment(deployed(deploy, model(IRIS)))


def test_another_checksum_is_a_rollout(deploy: Deploy) -> None:
    pods = [json.dumps(pod(deployed(deploy, model({**IRIS, "sha256": digit * 64})))) for digit in "01"]

    assert pods[0] != pods[1]


def test_the_cache_is_a_volume_that_goes_with_the_pod(deploy: Deploy) -> None:
    found = pod(deployed(deploy, model(IRIS)))

    assert {"name": "models", "emptyDir": {}} in found["volumes"]
    assert {"name": "models", "mountPath": "/models"} in found["containers"][0]["volumeMounts"]
    assert "fsGroup" not in found["securityContext"]


def test_replicas_that_are_given_a_claim_share_the_cache(deploy: Deploy) -> None:
    found = pod(deployed(deploy, model({**IRIS, "cache_claim": "shared"})))

    assert {"name": "models", "persistentVolumeClaim": {"claimName": "shared"}} in found["volumes"]
    assert found["securityContext"]["fsGroup"] == found["securityContext"]["runAsUser"]


def test_a_model_in_its_image_has_no_cache(deploy: Deploy, model_folder: Path) -> None:
    recorder = deployed(deploy, model({"type": "sklearn", "path": "p"}))

    assert [volume["name"] for volume in pod(recorder)["volumes"]] == ["tmp"]
    assert not [name for name in environment(recorder) if name in ("AXON_MODEL", "AXON_CACHE")]


def test_keys_to_a_model_come_from_a_secret_by_name(deploy: Deploy) -> None:
    recorder = deployed(deploy, model({**IRIS, "credentials_secret": "minio"}))

    assert pod(recorder)["containers"][0]["envFrom"] == [{"secretRef": {"name": "minio"}}]
    assert "envFrom" not in pod(deployed(deploy, model(IRIS)))["containers"][0]


@pytest.mark.parametrize(("timeout", "seconds"), [("5m", 300), ("30s", 300), ("20m", 1200)])
def test_a_large_model_may_be_fetched_for_as_long_as_its_rollout_may_take(
    deploy: Deploy, timeout: str, seconds: int
) -> None:
    found = pod(deployed(deploy, model(IRIS, update_strategy={"timeout": timeout})))

    probe = found["containers"][0]["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == seconds


def test_on_eks_the_role_may_read_the_model_and_no_more(deploy: Deploy) -> None:
    make = lambda: on_aws(cluster(network={"existing": EXISTING}))  # noqa: E731

    recorder = deployed(deploy, model(IRIS), make)

    (statement, _) = json.loads(recorder.one(POLICY)["policy"])["Statement"]
    assert statement["Action"] == ["s3:GetObject"]
    assert "arn:aws:s3:::models/iris.joblib" in statement["Resource"]
    assert pod(recorder)["serviceAccountName"] == "iris"


def test_a_model_in_a_folder_that_the_role_reads_adds_nothing() -> None:
    wanted = model(IRIS, aws={"read": ["s3://models/"]})

    assert wanted.access.read == ["s3://models/"]


@pytest.mark.parametrize("url", ["https://models.example/iris.joblib", "gs://models/iris.joblib"])
def test_a_model_from_elsewhere_needs_no_role(url: str) -> None:
    assert not model({**IRIS, "model": url}).access.granted


MANY = {"type": "sklearn", "models": {"near": "p", "far": "s3://models/iris.joblib"}, "cache_size": 1}


def test_the_runtime_is_told_where_each_of_its_models_is(deploy: Deploy, model_folder: Path) -> None:
    config = from_environment(environment(deployed(deploy, model(MANY))))

    told = {name: source.url for name, source in config.models.items()}
    assert told == {"near": "file:///predictor/near", "far": "s3://models/iris.joblib"}
    assert config.cache_size == 1
    assert config.model is None


def test_models_of_the_project_are_in_one_image_each_in_its_folder(model_folder: Path) -> None:
    (model_folder.parent / "q").mkdir()
    (model_folder.parent / "q/model.joblib").touch()
    predictor = model({"type": "sklearn", "models": {"a": "p", "b": "q"}}).predictor

    framework, first, second = contexts_of(IMAGES, predictor)

    assert (first.arguments["BASE_IMAGE"], first.arguments["FOLDER"]) == (framework.image, "/predictor/a")
    assert (second.arguments["BASE_IMAGE"], second.arguments["FOLDER"]) == (first.image, "/predictor/b")
    assert image_of(IMAGES, predictor) == second.image


def test_a_change_of_any_model_is_another_image(model_folder: Path) -> None:
    (model_folder.parent / "q").mkdir()
    (model_folder.parent / "q/model.joblib").touch()
    predictor = model({"type": "sklearn", "models": {"a": "p", "b": "q"}}).predictor
    before = image_of(IMAGES, predictor)

    (model_folder / "model.joblib").write_bytes(b"better model")

    assert image_of(IMAGES, predictor) != before


def test_the_role_may_read_each_model() -> None:
    assert model(MANY).access.read == ["s3://models/iris.joblib"]


@pytest.mark.parametrize(("read", "said"), [([], 1), (["s3://models/"], 0)])
def test_more_places_than_fit_into_a_role_are_refused(read: list[str], said: int) -> None:
    many = {f"m{number}": f"s3://models/{number}.joblib" for number in range(21)}
    wanted = model({"type": "sklearn", "models": many}, aws={"read": read})

    found = list(aws_problems(cluster(), {"iris": wanted}))

    assert len(found) == said
    for problem in found:
        assert problem.path == ("models", "iris", "predictor")
        assert problem.message == (
            "21 places in S3 are more than a role's 20: give their folder in `aws.read`, with a slash last"
        )
