"""What a class does that was written for Cortex: said when it is converted, with its file and line."""
# ruff: noqa: E501 (a message is one line here too)

from pathlib import Path

import pytest

from migrations.from_cortex.classes import findings
from migrations.from_cortex.command import convert_files

CLASS = """\
import os
import boto3
import urllib.parse
from pathlib import Path
from transformers import AutoModel
from google.protobuf import message


class PythonPredictor:
    def __init__(self, config, python_client, job_spec=None):
        self.labels = open("labels.txt").read()
        self.other = Path("data/other.json").read_text()
        self.client = python_client
        self.model = AutoModel.from_pretrained("gpt2")
        with open("cache.bin", "wb") as file:
            file.write(b"")
        with open("/tmp/cache.bin", mode="wb") as file:
            file.write(b"")
        os.system("ls")

    def load_model(self, model_path):
        return model_path

    def predict(self, payload, batch_id, *, query_params, later=1):
        return self.labels

    def post_predict(self, response, payload):
        return response

    async def handle_get(self):
        return 1
"""
REACH = (
    "a replica does not: name where in `axon:models.iris.egress`, or let `predictor.model` fetch it before"
)


def said(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in findings(text, "iris")]


def test_the_whole_of_a_class() -> None:
    assert said(CLASS) == [
        (2, f"boto3 reaches the network, which {REACH}"),
        (10, "__init__ asks for python_client: there is none: give `predictor.model`, and load it in load(model_path)"),
        (11, "labels.txt has to be in the predictor's folder, where the class runs"),
        (12, "data/other.json has to be in the predictor's folder, where the class runs"),
        (14, f"AutoModel.from_pretrained() may download, and a replica reaches no network: {REACH.split(': ')[1]}"),
        (15, "cache.bin is written: only /tmp can be, and goes with the replica"),
        (19, "os.system() starts a program, which the image has to hold"),
        (21, "load_model is called load(self, model_path) here, once, and sets what predict uses"),
        (24, "predict asks for batch_id: there is none: give it a default, or leave it out"),
        (30, "handle_get has no match: requests are POST"),
    ]  # fmt: skip


def test_a_class_that_needs_nothing_is_not_spoken_of() -> None:
    text = "class Handler:\n    def handle_post(self, payload, query_params, headers): return payload\n"

    assert said(text) == []


@pytest.mark.parametrize("text", ["def (", "print 'python 2'", "\0", "(" * 5000, "x = " + "-" * 20000 + "1"])
def test_a_file_that_is_no_python_is_one_line(text: str) -> None:
    found = said(text)

    assert len(found) <= 1
    assert all("is no Python of today" in message for _, message in found)


def test_the_command_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "cortex.yaml"
    spec.write_text(
        "- {name: iris, predictor: {type: python, path: src/iris.py, env: {FLAG: yes, AT: 2020-01-01}}}\n"
    )
    (tmp_path / "src").mkdir()
    (tmp_path / "src/iris.py").write_text(CLASS)

    assert convert_files([spec]) == 0

    written = capsys.readouterr()
    assert f"{tmp_path}/src/iris.py:2: boto3 reaches the network" in written.err
    assert f"{tmp_path}/src/iris.py:30: handle_get has no match" in written.err
    assert '        FLAG: "true"\n        AT: "2020-01-01"\n' in written.out


def test_a_class_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "cortex.yaml"
    spec.write_text("- {name: iris, predictor: {type: python, path: iris.py}}\n")

    assert convert_files([spec]) == 0

    assert "iris.path: iris.py is not there: what it does was not looked at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- {name: iris}".encode("utf-16"), ":1: is UTF-16: save it as UTF-8"),
        (b"- \xff", ":1: byte 0xFF is not UTF-8"),
        (b"- !include x", ":1: the tag !include has no place here"),
        (b"- &a [*a]", ":1: *a stands for what it is a part of"),
        (b"[" * 500, ":1: is nested more than 50 levels deep"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    (tmp_path / "cortex.yaml").write_bytes(content)

    assert convert_files([tmp_path / "cortex.yaml"]) == 1

    error = capsys.readouterr().err
    assert f"cortex.yaml{message}" in error
    assert error.count("\n") == 1


def test_buckets_that_models_come_from_are_named_for_the_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "cortex.yaml"
    spec.write_text(
        "- {name: iris, predictor: {type: python, path: iris.py, models: {path: 's3://models/iris/'}}}\n"
    )

    assert convert_files([spec]) == 0

    written = capsys.readouterr().out
    assert "model_buckets:\n    - s3://models\n" in written
    assert "Keep a bucket there only if nobody\n# else writes to it" in written
