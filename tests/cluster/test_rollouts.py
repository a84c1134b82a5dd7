"""No request fails while replicas are replaced; a version that cannot serve never replaces one that can."""

import time

import pytest

from axon.explain.pods import reason_of, refusal_of
from tests.conftest import SMALL
from tests.load import load
from tests.replicas import IRIS, evict, is_ready, pods, staying, until_ready
from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster
BROKEN = """\
class Predictor:
    def __init__(self, config):
        raise RuntimeError("no weights for today")

    def predict(self, payload):
        return payload
"""


def test_no_request_fails_through_rolling_updates(live: Stack) -> None:
    with load(live.endpoints()[IRIS]) as answered:
        for cpu in ("60m", "70m", "80m"):
            live.settings["models"][IRIS]["compute"] = {"cpu": cpu}
            live.up()
            answered.until_answered(50)

    assert set(answered.outcomes) == {"200"}, answered.outcomes


def test_no_request_fails_when_replicas_are_deleted_and_evicted(live: Stack) -> None:
    live.settings["models"][IRIS]["autoscaling"] = {"min_replicas": 2, "max_replicas": 2}
    live.up()
    until_ready(live, 2)
    with load(live.endpoints()[IRIS]) as answered:
        for _ in range(3):
            kubectl("delete", "pod", pods(live)[0], "-n", live.namespace, "--wait=false")
            until_ready(live, 2)
        evict(live, pods(live)[0])
        until_ready(live, 2)

    assert set(answered.outcomes) == {"200"}, answered.outcomes


def test_a_version_that_cannot_load_never_replaces_the_one_that_serves(live: Stack) -> None:
    live.settings["models"][IRIS]["predictor"] = {"image": f"{live.settings['images']['registry']}/none:1"}
    live.settings["models"][IRIS]["update_strategy"] = {"timeout": "20s"}

    with load(live.endpoints()[IRIS]) as answered:
        run = live.pulumi("up", "--yes", "--skip-preview", check=False)

    assert run.returncode != 0
    assert "ProgressDeadlineExceeded" in run.stdout + run.stderr
    assert set(answered.outcomes) == {"200"}, answered.outcomes
    assert any(map(is_ready, staying(live)))
    why = [reason_of(get("pod", pod, live.namespace)) for pod in pods(live)]
    assert [reason for reason in why if reason and "none:1" in reason], why


@pytest.mark.parametrize(
    ("predictor", "said"),
    [
        ({"type": "python", "path": "predictors/broken"}, "RuntimeError: no weights for today"),
        ({"type": "sklearn", "model": "file:///tmp/none.joblib"}, "/tmp/none.joblib"),
    ],
    ids=["a class that raises", "a model file that is missing"],
)
def test_a_predictor_that_does_not_load_says_why_and_the_next_good_one_serves(
    live: Stack, predictor: dict[str, str], said: str
) -> None:
    broken = live.folder / "predictors/broken"
    broken.mkdir(exist_ok=True)
    (broken / "predictor.py").write_text(BROKEN)
    iris = live.settings["models"][IRIS]
    good = iris["predictor"]
    iris["predictor"], iris["update_strategy"] = predictor, {"timeout": "30s"}
    iris["egress"] = ["192.0.2.0/24"]  # so that it is not asked for its sample here, and fails there
    live.axon("images")

    with load(live.endpoints()[IRIS]) as answered:
        failed = live.pulumi("up", "--yes", "--skip-preview", check=False)
        why = live.axon("explain")
        iris["predictor"] = good
        live.up()
        answered.until_answered(20)

    assert failed.returncode != 0
    assert said in why
    assert "its container ended with 1 (Error)" in why
    assert set(answered.outcomes) == {"200"}, answered.outcomes


def test_a_model_that_fails_on_its_sample_is_known_before_it_is_pushed(live: Stack) -> None:
    broken = live.folder / "predictors/untried"
    broken.mkdir(exist_ok=True)
    (broken / "predictor.py").write_text(BROKEN)
    live.settings["models"]["untried"] = {"predictor": {"type": "python", "path": "predictors/untried"}}

    with pytest.raises(AssertionError, match=r"(?s)predictor.py.*no weights for today.*was not pushed"):
        live.axon("images")


@pytest.mark.parametrize("ends", ["raises", "hangs"])
def test_a_new_model_that_never_serves_ends_the_update_within_its_timeout(live: Stack, ends: str) -> None:
    broken = live.folder / f"predictors/{ends}"
    broken.mkdir(exist_ok=True)
    does = {"raises": 'raise RuntimeError("no weights for today")', "hangs": "import time; time.sleep(3600)"}
    (broken / "predictor.py").write_text(
        BROKEN.replace('raise RuntimeError("no weights for today")', does[ends])
    )
    live.settings["models"][ends] = {
        "predictor": {"type": "python", "path": f"predictors/{ends}"},
        "compute": dict(SMALL),
        "egress": ["192.0.2.0/24"],
        "networking": {"endpoint": f"/{live.name}/{ends}"},
        "update_strategy": {"timeout": "40s"},
    }
    live.axon("images")

    started = time.monotonic()
    run = live.pulumi("up", "--yes", "--skip-preview", check=False)
    took = time.monotonic() - started

    assert run.returncode != 0
    assert took < 75, took
    assert kubectl("get", "scaledobject", ends, "-n", live.namespace, "-o", "name", check=False) == ""


def test_a_version_for_which_the_quota_has_no_room_says_so(live: Stack) -> None:
    live.settings["platform"]["quota"] = {"pods": len(staying(live, model=None))}
    live.up()
    # While an earlier ReplicaSet ends, the next one begins with no replica, which the engine takes for ready.
    kubectl("rollout", "status", f"deployment/{IRIS}", "-n", live.namespace, "--timeout=120s")
    live.settings["models"][IRIS]["compute"] = {"cpu": "60m"}
    live.settings["models"][IRIS]["update_strategy"] = {"timeout": "20s"}

    with load(live.endpoints()[IRIS]) as answered:
        run = live.pulumi("up", "--yes", "--skip-preview", check=False)

    assert run.returncode != 0
    assert "exceeded quota" in str(refusal_of(get("deployment", IRIS, live.namespace)))
    assert set(answered.outcomes) == {"200"}, answered.outcomes
