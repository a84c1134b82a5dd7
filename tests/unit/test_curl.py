"""The `curl` that a stack's outputs give for each model."""

from pathlib import Path
from typing import Any

import pytest

from components.curl import curl
from stacks.settings import Model

URL = "http://models.example/iris"
IMAGE = {"image": "registry.example/iris:1"}


def asked(**settings: Any) -> str:
    return curl(Model.model_validate({"predictor": IMAGE, **settings}), URL)


def test_an_image_is_asked_for_its_root() -> None:
    assert asked() == f"curl {URL}"


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"api_keys": {"secret_names": ["clients"], "header": "x-team-key"}}, "x-team-key: KEY"),
        (
            {"jwt": {"issuer": "me", "audiences": ["a"], "jwks_url": "https://me.example/keys"}},
            "authorization: Bearer TOKEN",
        ),
    ],
)
def test_where_a_key_or_token_goes_is_said(auth: dict[str, Any], header: str) -> None:
    assert asked(networking={"auth": auth}) == f"curl -H '{header}' {URL}"


def test_a_predictor_with_a_sample_is_sent_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p").mkdir()
    predictor = {"type": "sklearn", "path": "p"}
    assert asked(predictor=predictor) == f"curl {URL}", "no sample, no payload"

    (tmp_path / "p/sample.json").write_text("{}")

    assert asked(predictor=predictor) == f"curl -H 'content-type: application/json' -d @p/sample.json {URL}"
