"""What has drifted, in plain words."""

from gitops.drift import drift_of
from tests.unit.gitops.kinds import nothing
from tests.unit.gitops.scenarios import DEPLOYMENT, IRIS, World


def test_a_stack_that_is_as_deployed_says_so() -> None:
    drifted, text = drift_of("dev", nothing().preview())

    assert not drifted
    assert text == "<!-- axon:drift:dev -->\n### `dev` is as it was deployed\n"


def test_what_somebody_changed_or_deleted_is_said_with_what_undoes_it() -> None:
    world = World()
    world.update(DEPLOYMENT, IRIS, {"spec.template.spec.containers[0].resources.requests.cpu": "200m"})
    gone = world.find(DEPLOYMENT, "digits-classifier")
    gone["op"] = "create"
    drifted, text = drift_of("dev", world.preview())

    assert drifted
    assert "### `dev` has drifted: 2 parts" in text
    assert "`make up STACK=dev` would undo that" in text
    assert "| digits-classifier | its replicas are made again | none |" in text
    assert "| iris-classifier | cpu" in text


def test_no_secret_is_in_what_is_said() -> None:
    world = World()
    path = "spec.template.spec.containers[0].env[0]"
    world.update(DEPLOYMENT, IRIS, {path: {"name": "API_TOKEN", "value": "s3cr3t-value"}})

    assert "s3cr3t-value" not in drift_of("dev", world.preview())[1]
