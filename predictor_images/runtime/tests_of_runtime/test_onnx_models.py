"""ONNX models: each element type, several inputs and outputs, and nothing changed in silence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from axon_runtime.errors import BadInputError, LoadError
from axon_runtime.onnx_models import load_onnx

from tests_of_runtime.asking import inferred, predicted, tensor
from tests_of_runtime.graphs_of_onnx import identity, model_of, node, saved
from tests_of_runtime.servers import replica

INTEGERS = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"]
FLOATS = ["FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE"]
PAIR = [("a", "FLOAT", [None]), ("b", "FLOAT", [None])]
RESULTS = [("sum", "FLOAT", [None]), ("less", "FLOAT", [None])]
BOTH = [node("Add", ["a", "b"], ["sum"]), node("Sub", ["a", "b"], ["less"])]


def limits(kind: str) -> tuple[int, int]:
    found = np.iinfo(kind.lower())
    return int(found.min), int(found.max)


@pytest.mark.parametrize("kind", INTEGERS)
def test_integers_keep_their_value_and_others_are_refused(tmp_path: Path, kind: str) -> None:
    model = identity(tmp_path, kind)
    low, high = limits(kind)

    assert predicted(model, [[low, high], [1, 2.0]]) == [[low, high], [1, 2]]
    by_v2 = inferred(model, tensor("x", kind, [low, high], [1, 2]))["y"]
    assert (by_v2["datatype"], by_v2["data"]) == (kind, [low, high])
    out_of_range = f"row 1, column 0: it is a number, and the model takes {low} to {high}"
    for wrong, message in {
        low - 1: out_of_range,
        high + 1: out_of_range,
        1.5: "row 1, column 0: it is a number, and a whole number is needed",
        "7": "row 1, column 0: it is text, and a whole number is needed",
        True: "row 1, column 0: it is true or false, and a whole number is needed",
        None: "row 1, column 0: it is null, and a whole number is needed",
    }.items():
        with pytest.raises(BadInputError) as refused:
            predicted(model, [[1, 1], [wrong, 1]])
        assert str(refused.value) == message


@pytest.mark.parametrize("kind", ["INT8", "INT32", "UINT64"])
def test_tensors_of_other_types_are_converted_where_each_value_fits(tmp_path: Path, kind: str) -> None:
    model = identity(tmp_path, kind)

    assert inferred(model, tensor("x", "FP64", [3.0, 4.0], [1, 2]))["y"]["data"] == [3, 4]
    for datatype, data in (("FP32", [1.5, 1]), ("INT64", [limits(kind)[0] - 1, 1]), ("BOOL", [True, False])):
        if kind == "UINT64" and datatype == "INT64":
            data = [-1, 1]
        if kind == "INT8" or datatype != "INT64" or min(data) < 0:
            with pytest.raises(BadInputError, match="row 0, column 0"):
                inferred(model, tensor("x", datatype, data, [1, 2]))


@pytest.mark.parametrize("kind", FLOATS)
def test_floats_are_rounded_and_never_become_infinite(tmp_path: Path, kind: str) -> None:
    model = identity(tmp_path, kind)

    assert predicted(model, [[0.5, 2]]) == [[0.5, 2.0]]
    for wrong in (10**400, *([1e39] if kind != "DOUBLE" else []), *([70000] if kind == "FLOAT16" else [])):
        with pytest.raises(BadInputError, match=r"row 1, column 1: .*(too large|a number)"):
            predicted(model, [[1, 1], [1, wrong]])
    for wrong in (True, "0.5"):
        with pytest.raises(BadInputError, match=r"row 1, column 1: .* and a number is needed"):
            predicted(model, [[1, 1], [1, wrong]])


def test_truths_and_texts(tmp_path: Path) -> None:
    truths = identity(tmp_path, "BOOL")
    assert predicted(truths, [[True, False], [1, 0]]) == [[True, False], [True, False]]
    texts = identity(tmp_path, "STRING")
    assert predicted(texts, [["a", "ß"]]) == [["a", "ß"]]
    assert inferred(texts, tensor("x", "BYTES", ["a", "ß"], [1, 2]))["y"]["data"] == ["a", "ß"]
    for model, wrong in ((truths, 2), (truths, "true"), (texts, 1), (texts, None)):
        with pytest.raises(BadInputError, match="row 0, column 1"):
            predicted(model, [[truths is model or "a", wrong]])


def test_inputs_and_outputs_go_by_name(tmp_path: Path) -> None:
    model = model_of(tmp_path, BOTH, PAIR, RESULTS)
    a, b = tensor("a", "FP32", [10, 20]), tensor("b", "FP64", [1, 2])

    for inputs in ([a, b], [b, a], [{**b, "shape": [2, 1]}, a]):
        found = inferred(model, *inputs)
        assert {name: output["data"] for name, output in found.items()} == {"sum": [11, 22], "less": [9, 18]}
    assert list(inferred(model, a, b, outputs=[{"name": "less"}])) == ["less"]
    assert predicted(model, [{"a": 1, "b": 2}, {"b": 5, "a": 5}]) == [3, 10]
    assert predicted(model, [{"a": 1, "b": 2}], outputs=["less"]) == {"less": [-1]}
    for inputs in ([a], [a, {**b, "name": "c"}], [a, b, {**b, "name": "c"}]):
        with pytest.raises(BadInputError, match="inputs: the model takes a, b, each once"):
            inferred(model, *inputs)
    for row in ({"a": 1}, {"a": 1, "c": 1}, {"a": 1, "b": 2, "c": 3}):
        with pytest.raises(BadInputError, match="row 0: the model takes a, b, and no other names"):
            predicted(model, [row])


def test_metadata_is_the_models_own(tmp_path: Path) -> None:
    model = model_of(
        tmp_path,
        [node("Shape", ["image"], ["size"]), node("Identity", ["text"], ["same"])],
        [("image", "UINT8", [None, 3, 224, 224]), ("text", "STRING", [None])],
        [("size", "INT64", [4]), ("same", "STRING", [None])],
    )

    assert model.reader.inputs == [("image", "UINT8", [-1, 3, 224, 224]), ("text", "BYTES", [-1])]
    assert model.outputs == [("size", "INT64", [4]), ("same", "BYTES", [-1])]


def test_classifiers_with_dictionaries_of_scores_answer_them(tmp_path: Path) -> None:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    fitted = LogisticRegression().fit(rows, np.where(rows[:, 0] > 0, "yes", "no"))
    exported: Any = to_onnx(fitted, rows[:1])
    (tmp_path / "model.onnx").write_bytes(exported.SerializeToString())
    model = load_onnx(tmp_path)

    assert predicted(model, rows.tolist()) == fitted.predict(rows).tolist()
    scores = predicted(model, rows[:2].tolist(), outputs=["output_probability"])["output_probability"]
    expected = fitted.predict_proba(rows[:2])
    np.testing.assert_allclose([list(row.values()) for row in scores], expected, rtol=1e-5)
    assert list(scores[0]) == ["no", "yes"]
    table = inferred(model, tensor("X", "FP32", rows[:2].ravel().tolist(), [2, 3]))["output_probability"]
    np.testing.assert_allclose(np.reshape(table["data"], table["shape"]), expected, rtol=1e-5)


def test_missing_numbers_are_refused_by_a_model_that_answers_nan(tmp_path: Path) -> None:
    model = identity(tmp_path, "FLOAT")
    takes = model_of(
        tmp_path,
        [node("IsNaN", ["x"], ["hole"]), node("Where", ["hole", "zero", "x"], ["y"])],
        [("x", "FLOAT", [None, 2])],
        [("y", "FLOAT", [None, 2])],
        zero=np.zeros(1, np.float32),
    )

    with pytest.raises(BadInputError, match="row 0, column 1: it is missing or NaN"):
        predicted(model, [[1, None]])
    assert predicted(takes, [[1, None]]) == [[1, 0]]
    assert inferred(takes, tensor("x", "FP32", [1, None], [1, 2]))["y"]["data"] == [1, 0]


def test_a_wrong_index_is_the_clients_and_a_failure_the_models(tmp_path: Path) -> None:
    model = model_of(
        tmp_path,
        [node("Gather", ["table", "x"], ["y"])],
        [("x", "INT64", [None, 1])],
        [("y", "FLOAT", [None, 1])],
        table=np.arange(3, dtype=np.float32),
    )

    assert predicted(model, [[2]]) == [[2]]
    with pytest.raises(BadInputError, match=r"the model refuses the rows: .*out of data bounds"):
        predicted(model, [[99]])


def test_an_input_that_no_request_can_hold_is_refused_at_load(tmp_path: Path) -> None:
    folder = saved(
        tmp_path, [node("Identity", ["x"], ["y"])], [("x", "COMPLEX64", [1])], [("y", "COMPLEX64", [1])]
    )

    with pytest.raises(LoadError):
        load_onnx(folder)


@pytest.mark.parametrize("binary", [True, False])
def test_a_standard_client_names_inputs_and_outputs(tmp_path: Path, binary: bool) -> None:
    folder = saved(tmp_path, BOTH, PAIR, RESULTS)
    inputs: list[Any] = []
    for name, values in (("b", [1.0, 2.0]), ("a", [10.0, 20.0])):
        given = triton.InferInput(name, [2], "FP32")
        given.set_data_from_numpy(np.array(values, np.float32), binary_data=binary)
        inputs.append(given)

    with replica("onnx", folder) as made:
        client = triton.InferenceServerClient(f"127.0.0.1:{made.port}")
        described = client.get_model_metadata(made.name)
        wanted = [triton.InferRequestedOutput("less", binary_data=binary)]
        answer = client.infer(made.name, inputs, outputs=wanted)
        everything = client.infer(made.name, inputs)

    assert [given["name"] for given in described["inputs"]] == ["a", "b"]
    assert [output["name"] for output in described["outputs"]] == ["sum", "less"]
    less, total = answer.as_numpy("less"), everything.as_numpy("sum")
    assert less is not None
    assert total is not None
    assert (less.tolist(), total.tolist()) == ([9, 18], [11, 22])
