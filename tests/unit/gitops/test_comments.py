"""The Markdown of a comment: its size, masked secrets, and the comment of a failed preview."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axon.redact import MASK, masked, scrubbed
from axon.report.markdown import LIMIT, failure, marker, to_markdown
from axon.report.preview import UNKNOWN, read_preview
from axon.report.report import Exit, make_report
from tests.unit.gitops.edits import scenario
from tests.unit.gitops.scenarios import DEPLOYMENT, FILES, IRIS, SCALED_OBJECT, Scenario, StackFile, unchanged

DEV = (FILES / "dev.yaml").read_text()
PLAIN = ("correct-horse-battery", "hunter2hunter2", "ciphertext")


def many_models(count: int) -> Scenario:
    change, file = unchanged(), StackFile("dev")
    for number in range(count):
        file.models[f"model-{number}"] = dict(file.models[IRIS])
        change.create_like(IRIS, f"model-{number}")
    change.after = file.text
    return change


def test_a_long_diff_is_truncated_first_with_a_note() -> None:
    text = to_markdown(many_models(200).report())

    assert len(text) <= LIMIT
    assert "truncated to the length of a GitHub comment; `make preview STACK=dev`" in text
    assert text.count("| model-") == 200
    assert text.rstrip().endswith("</details>")


def test_a_report_that_is_too_long_without_its_diff_is_truncated_as_well() -> None:
    text = to_markdown(many_models(500).report())

    assert len(text) <= LIMIT
    assert text.startswith(marker("dev"))
    assert "truncated to the length of a GitHub comment" in text.rstrip().splitlines()[-1]


def test_no_limit_is_exceeded() -> None:
    report = scenario("new-stack").report()

    assert [limit for limit in range(400, 14_000, 450) if len(to_markdown(report, limit)) > limit] == []


def test_a_hundred_models_are_a_hundred_lines() -> None:
    report = many_models(100).report()

    assert len(report.findings) == 100
    assert report.exit == Exit.SAFE


def test_secrets_reach_no_comment() -> None:
    text = to_markdown(scenario("secrets").report())

    assert [secret for secret in PLAIN if secret in text] == []
    assert text.count(MASK) >= 4


def test_a_secret_is_masked_everywhere() -> None:
    change = scenario("secrets")
    change.update(SCALED_OBJECT, IRIS, {"spec.triggers[0].metadata.query": "sum(up) # correct-horse-battery"})

    assert "correct-horse-battery" not in to_markdown(change.report())


@pytest.mark.parametrize("data", ["data", "stringData"])
def test_the_data_of_a_kubernetes_secret_is_masked(data: str) -> None:
    urn, values = "urn:pulumi:dev::axon::kubernetes:core/v1:Secret::keys", ("b2xkb2xk", "bmV3bmV3")
    old, new = ({"urn": urn, "inputs": {"kind": "Secret", data: {"plain": value}}} for value in values)
    detailed = {f"{data}.plain": {"kind": "update", "inputDiff": True}}
    step = {"op": "update", "urn": urn, "oldState": old, "newState": new, "detailedDiff": detailed}

    text = to_markdown(make_report("dev", "main", read_preview({"steps": [step]}), DEV, DEV))

    assert "Secret keys" in text
    assert [value for value in values if value in text] == []


def test_a_value_that_pulumi_marks_as_secret_is_masked() -> None:
    sign, kind = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
    change = unchanged()
    change.update(DEPLOYMENT, IRIS, {"metadata.annotations": {"a": {sign: kind, "plaintext": '"topsecret"'}}})

    assert "topsecret" not in to_markdown(change.report())


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ({"db_password": "hunter2"}, {"db_password": MASK}),
        ({"name": "API_TOKEN", "value": "abc"}, {"name": "API_TOKEN", "value": MASK}),
        ({"name": "AXON_MODEL_NAME", "value": "iris"}, {"name": "AXON_MODEL_NAME", "value": "iris"}),
        ({"credentials_secret": "my-keys"}, {"credentials_secret": "my-keys"}),
        ({"secret_name": "keys", "max_tokens": 64}, {"secret_name": "keys", "max_tokens": 64}),
        ("postgres://axon:hunter2@db/models", f"postgres://{MASK}@db/models"),
        ("https://s3/iris?X-Amz-Signature=0a1b2c&v=1", f"https://s3/iris?X-Amz-Signature={MASK}&v=1"),
        ('{"api_key": "abc", "n": 1}', f'{{"api_key": "{MASK}", "n": 1}}'),
        ("login failed: password=hunter2", f"login failed: password={MASK}"),
        ({"secure": "v1:abc"}, MASK),
        (["s3://models/iris/"], ["s3://models/iris/"]),
    ],
)
def test_secrets_are_recognized_by_key_form_or_mark(value: Any, safe: Any) -> None:
    assert masked(value) == safe


@given(st.text(min_size=6).filter(lambda text: MASK not in text and text not in MASK))
def test_a_scrubbed_text_holds_no_secret(secret: str) -> None:
    assert secret not in scrubbed(f"before {secret} after", {secret}).replace(MASK, "")


def test_a_failed_preview_is_reported_with_its_errors_and_fails_the_job() -> None:
    message = "stacks/Pulumi.dev.yaml:14: axon:models.iris.compute.cpu: not a quantity; token=abcdefgh"
    document = {"steps": [], "diagnostics": [{"severity": "error", "message": message}, {"severity": "info"}]}
    report = make_report("dev", "main", read_preview(document), DEV, DEV)

    assert report.exit == Exit.FAILED
    assert to_markdown(report) == failure("dev", [message])
    assert "stacks/Pulumi.dev.yaml:14: axon:models.iris.compute.cpu" in to_markdown(report)
    assert "abcdefgh" not in to_markdown(report)


def test_an_error_cannot_break_out_of_its_fence() -> None:
    text = failure("dev", ["```", "# not a title"])

    assert re.findall("^`{4}$", text, re.MULTILINE) == ["````", "````"]


def test_unknown_values_are_written_in_words() -> None:
    change = unchanged()
    change.update(DEPLOYMENT, IRIS, {"metadata.namespace": UNKNOWN})

    assert UNKNOWN not in to_markdown(change.report())
    assert "known after up" in to_markdown(change.report())
