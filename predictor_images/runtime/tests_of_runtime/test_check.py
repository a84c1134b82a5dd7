"""`python -m axon_runtime.check`: a predictor that could not serve is known before it is deployed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLASS = """\
class Predictor:
    def predict(self, payload):
        return self.longest(payload["lengths"])

    def longest(self, lengths):
        return max(lengths)
"""


def check(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    told = {"AXON_PREDICTOR": "python", "AXON_PREDICTOR_FOLDER": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-m", "axon_runtime.check", *words],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def predictor(folder: Path, code: str, sample: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "predictor.py").write_text(code)
    if sample:
        (folder / "sample.json").write_text(sample)
    return folder


def test_a_predictor_that_answers_its_sample_passes(tmp_path: Path) -> None:
    run = check(predictor(tmp_path, CLASS, '{"lengths": [1, 2]}'))

    assert (run.returncode, run.stderr) == (0, "")


def test_a_failing_sample_is_told_by_the_users_own_lines(tmp_path: Path) -> None:
    run = check(predictor(tmp_path, CLASS, '{"lengths": []}'))

    assert run.returncode == 1
    assert 'predictor.py", line 6, in longest' in run.stderr
    assert "ValueError: max()" in run.stderr
    assert "axon_runtime" not in run.stderr


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import pandas_of_mine\n", "No module named 'pandas_of_mine'"),
        ("raise SystemExit(0)\n", "SystemExit"),
        ("class Predictor:\n    def __init__(self):\n        open('/none')\n" + CLASS[17:], "No such file"),
    ],
    ids=["a package is missing", "it exits", "its __init__ fails"],
)
def test_a_predictor_that_does_not_load_fails(tmp_path: Path, code: str, said: str) -> None:
    run = check(predictor(tmp_path, code))

    assert run.returncode == 1
    assert said in run.stderr


def test_a_predictor_that_hangs_is_shown_where(tmp_path: Path) -> None:
    run = check(predictor(tmp_path, "import time\n\ntime.sleep(3600)\n"), "1")

    assert run.returncode == 1
    assert 'predictor.py", line 3' in run.stderr


def test_a_thread_of_the_predictors_does_not_keep_it_running(tmp_path: Path) -> None:
    code = "import threading, time\n\nthreading.Thread(target=time.sleep, args=(3600,)).start()\n\n" + CLASS

    assert check(predictor(tmp_path, code, '{"lengths": [1]}')).returncode == 0


def test_each_of_several_models_is_asked_and_fetched_ones_are_not(tmp_path: Path) -> None:
    models = f'{{"a": {{"url": "file://{tmp_path}/a"}}, "b": {{"url": "s3://bucket/b.joblib"}}}}'
    (tmp_path / "a").mkdir()

    run = check(tmp_path, AXON_PREDICTOR="sklearn", AXON_MODELS=models)

    assert run.returncode == 1
    assert "a/model.joblib: no such file" in run.stderr
    assert "s3://" not in run.stderr
