"""The Markdown of a comment: its size, what it never holds, and what it says when a preview fails."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axon.redact import MASK, masked, scrubbed
from axon.report.markdown import LIMIT, failure, marker, to_markdown
from axon.report.preview import UNKNOWN, read_preview
from axon.report.report import Exit, make_report
from tests.unit.gitops.kinds import new_stack, secrets
from tests.unit.gitops.scenarios import DEPLOYMENT, DEV, IRIS, SCALED_OBJECT, World

PLAIN = ("sk-live-0123456789", "hunter2hunter2", "correct-horse-battery", "ciphertext")


def many_models(count: int, key: str = "model") -> World:
    world = World()
    for number in range(count):
        world.models[f"{key}-{number}"] = dict(world.models[IRIS])
        world.create(IRIS, f"{key}-{number}")
    return world


def test_a_long_diff_is_cut_first_and_the_cut_is_said() -> None:
    text = to_markdown(many_models(200).report())

    assert len(text) <= LIMIT
    assert "cut: GitHub takes no longer comment; `make preview STACK=dev`" in text
    assert text.count("| model-") == 200
    assert text.rstrip().endswith("</details>")


def test_a_report_that_is_too_long_without_its_diff_is_cut_as_well() -> None:
    text = to_markdown(many_models(500).report())

    assert len(text) <= LIMIT
    assert text.startswith(marker("dev"))
    assert "cut: GitHub takes no longer comment" in text.rstrip().splitlines()[-1]


def test_no_limit_is_exceeded() -> None:
    report = new_stack().report()

    assert [limit for limit in range(400, 14_000, 450) if len(to_markdown(report, limit)) > limit] == []


def test_a_hundred_models_are_a_hundred_lines() -> None:
    report = many_models(100).report()

    assert len(report.findings) == 100
    assert report.exit == Exit.SAFE


def test_secrets_reach_no_comment() -> None:
    text = to_markdown(secrets().report())

    assert [secret for secret in PLAIN if secret in text] == []
    assert text.count(MASK) >= 4


def test_a_secret_is_hidden_wherever_else_it_stands() -> None:
    world = secrets()
    world.update(SCALED_OBJECT, IRIS, {"spec.triggers[0].metadata.query": "sum(up) # correct-horse-battery"})

    assert "correct-horse-battery" not in to_markdown(world.report())


@pytest.mark.parametrize("data", ["data", "stringData"])
def test_what_a_kubernetes_secret_holds_is_hidden(data: str) -> None:
    urn, values = "urn:pulumi:dev::axon::kubernetes:core/v1:Secret::keys", ("b2xkb2xk", "bmV3bmV3")
    old, new = ({"urn": urn, "inputs": {"kind": "Secret", data: {"plain": value}}} for value in values)
    detailed = {f"{data}.plain": {"kind": "update", "inputDiff": True}}
    step = {"op": "update", "urn": urn, "oldState": old, "newState": new, "detailedDiff": detailed}

    text = to_markdown(make_report("dev", "main", read_preview({"steps": [step]}), DEV, DEV))

    assert "Secret keys" in text
    assert [value for value in values if value in text] == []


def test_what_the_engine_marks_as_secret_is_hidden() -> None:
    sign, kind = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
    world = World()
    world.update(DEPLOYMENT, IRIS, {"metadata.annotations": {"a": {sign: kind, "plaintext": '"topsecret"'}}})

    assert "topsecret" not in to_markdown(world.report())


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
def test_what_is_secret_is_known_by_its_key_its_form_or_its_mark(value: Any, safe: Any) -> None:
    assert masked(value) == safe


@given(st.text(min_size=6).filter(lambda text: MASK not in text and text not in MASK))
def test_a_scrubbed_text_holds_no_secret(secret: str) -> None:
    assert secret not in scrubbed(f"before {secret} after", {secret}).replace(MASK, "")


def test_a_failed_preview_says_where_and_fails_the_job() -> None:
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


def test_what_is_known_only_after_up_is_said_in_words() -> None:
    world = World()
    world.update(DEPLOYMENT, IRIS, {"metadata.namespace": UNKNOWN})

    assert UNKNOWN not in to_markdown(world.report())
    assert "known after up" in to_markdown(world.report())
