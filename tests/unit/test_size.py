"""A stack file that the official host could not hand over is refused, with what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from local import size
from local.steps import StepFailed


def write(folder: Path, models: dict[str, Any]) -> None:
    (folder / "Pulumi.big.yaml").write_text(yaml.safe_dump({"config": {"axon:models": models}}))


def model(index: int) -> dict[str, Any]:
    return {"predictor": {"type": "sklearn", "path": f"predictors/model-{index}"}}


def test_many_models_are_too_many_for_the_official_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "STACKS", tmp_path)
    write(tmp_path, {f"model-{index}": model(index) for index in range(5000)})

    with pytest.raises(StepFailed, match=r"Pulumi\.big\.yaml: \d+ KiB of settings .* make two stacks of it"):
        size.check_size("big")


def test_some_hundred_models_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "STACKS", tmp_path)
    write(tmp_path, {f"model-{index}": model(index) for index in range(300)})

    size.check_size("big")
