"""What a predictor may return, and what HTTP and JSON make of it."""

import datetime
import http
import json
import zlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from axon_runtime.answer import AnswerError, HttpError, Response, encode
from axon_runtime.encodings import EncodingError, decoded_body
from axon_runtime.http import TooLargeError
from axon_runtime.json_text import JsonError
from axon_runtime.json_text import decode as decode_json
from axon_runtime.outputs import named
from axon_runtime.payload import PayloadError, decode

from tests_of_runtime.servers import replica

FRAME = pd.DataFrame({"day": pd.to_datetime(["2026-01-02", None]), "n": [1, 2]})
DAYS = [{"day": "2026-01-02T00:00:00", "n": 1}, {"day": None, "n": 2}]


class Shown:
    def __repr__(self) -> str:
        return "a repr that nobody may see"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (pd.Timestamp("2026-01-02 03:04"), "2026-01-02T03:04:00"),
        ({"at": pd.NaT, "na": pd.NA}, {"at": None, "na": None}),
        (FRAME, DAYS),
        ({"frame": FRAME, "column": FRAME["n"]}, {"frame": DAYS, "column": [1, 2]}),
        ({None: 1, True: 2, 1.5: 3, 7: 4}, {"null": 1, "true": 2, "1.5": 3, "7": 4}),
        ({np.int64(3): np.float32(0.5), np.str_("a"): np.bool_(True)}, {"3": 0.5, "a": True}),
        ({pd.Timestamp("2026-01-02"): 1}, {"2026-01-02T00:00:00": 1}),
        ([{None: [{False: np.arange(2)}]}], [{"null": [{"false": [0, 1]}]}]),
        (np.array(["2026-01-02"], dtype="datetime64[ns]"), ["2026-01-02T00:00:00.000000000"]),
        (np.array([b"cat"]), ["cat"]),
        ({"big": 2**70, "max": 2**64 - 1}, {"big": 2**70, "max": 2**64 - 1}),
        ([2**53 + 1, np.uint64(2**64 - 1)], [2**53 + 1, 2**64 - 1]),
        (np.float16(0.5), 0.5),
        ((1, {2}, frozenset([3])), [1, [2], [3]]),
        ({"x": float("nan"), None: float("inf")}, {"x": None, "null": None}),
        (datetime.timedelta(seconds=1), "PT1S"),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_values_are_sent_as_json_and_pandas_write_them(value: Any, expected: Any) -> None:
    assert json.loads(encode(value)[2]) == expected


def circular() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Shown(), "Shown at its top"),
        ({"a": [1, Shown()]}, r"Shown at a\[1\]"),
        ({Shown(): 1}, "a key is a Shown"),
        ({(1, 2): 3}, "a key is a tuple"),
        (np.array([1 + 2j]), "ndarray"),
        ({"a": {None: Shown()}}, "Shown at a.NoneType"),
        (np.array([Shown()]), "Shown at"),
        ("\ud800", "UTF-8"),
        (circular(), "deep, or holds itself"),
        ((value for value in [1]), "generator"),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_what_cannot_be_sent_names_its_type_and_never_its_repr(value: Any, message: str) -> None:
    with pytest.raises(AnswerError, match=message) as refused:
        encode(value)

    assert "nobody" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "value", [{"a": {"b": 1}}, [Shown()], [{"a": 1}], Shown(), [[1], [1, 2]], {(1,): [1]}]
)
def test_what_is_no_tensor_is_not_sent_as_its_repr(value: Any) -> None:
    with pytest.raises(AnswerError) as refused:
        named("predictions", value)

    assert "nobody" not in str(refused.value)


def test_dictionaries_and_frames_are_tensors_by_name() -> None:
    frame = pd.DataFrame({"n": [1, 2], "t": ["a", "b"], "d": pd.to_datetime(["2026-01-02"] * 2)})

    assert [(t.name, t.datatype, t.data.tolist()) for t in named("p", {"x": np.arange(2), "y": [0.5]})] == [
        ("x", "INT64", [0, 1]),
        ("y", "FP64", [0.5]),
    ]
    assert [(t.name, t.datatype) for t in named("p", frame)] == [
        ("n", "INT64"),
        ("t", "BYTES"),
        ("d", "BYTES"),
    ]


@pytest.mark.parametrize("status", [404, "404", http.HTTPStatus.NOT_FOUND, np.int64(404)])
def test_a_status_is_a_number_however_it_is_written(status: Any) -> None:
    assert encode(Response("x", status))[0] == HttpError(status).status_code == 404


@pytest.mark.parametrize("status", [99, 100, 600, "abc", None, True, 200.5, "4 04", -404])
def test_a_status_that_http_has_not_is_refused(status: Any) -> None:
    with pytest.raises(AnswerError, match="a number from 200 to 599"):
        encode(Response("x", status))
    with pytest.raises(AnswerError, match="a number from 200 to 599"):
        HttpError(status)


def test_names_of_headers_are_case_blind_and_the_runtimes_own_stay() -> None:
    headers = {
        "Content-Type": "text/html",
        "X-Model": 7,
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
    }

    assert encode(Response("<b>", headers=headers))[1] == {"content-type": "text/html", "x-model": "7"}


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_none(status: int) -> None:
    assert encode(Response(None, status)) == encode(Response("text", status)) == (status, {}, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-note": "two\r\nlines"},
        {"x-note": "two\nlines"},
        {"x-note": "\x00"},
        {"x-note": "€"},
        {"x\r\ny": "1"},
        {"x y": "1"},
        {"": "1"},
        {"é": "1"},
        {"x-note": None},
        {"x-note": ["a"]},
        {None: "a"},
    ],
    ids=str,
)
def test_headers_that_http_has_not_are_refused_before_anything_is_sent(headers: Any) -> None:
    with pytest.raises(AnswerError, match="header"):
        encode(Response("x", headers=headers))


def test_a_replica_goes_on_after_each(tmp_path: Any) -> None:
    import httpx

    (tmp_path / "predictor.py").write_text(
        "from axon_runtime.answer import HttpError, Response\n"
        "class Predictor:\n"
        "    def predict(self, payload):\n"
        "        if payload == 'error': raise HttpError('404', 'no such label')\n"
        "        return Response(None if payload.get('status') == 204 else 'x', **payload)\n"
    )
    with replica("python", tmp_path) as made, httpx.Client() as client:
        for body, status in (
            ({"headers": {"x": "a\r\nb: c"}}, 500),
            ({"status_code": 204}, 204),
            ("error", 404),
            ({"headers": {"Content-Type": "text/html"}}, 200),
        ):
            answer = client.post(made.url, json=body)
            assert answer.status_code == status
            assert len(answer.headers.get_list("content-type")) == (0 if status == 204 else 1)


def test_a_field_that_comes_twice_is_a_list() -> None:
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="tag"\r\n\r\n{tag}\r\n' for tag in "xy")
    file = '--b\r\nContent-Disposition: form-data; name="f"; filename="{}"\r\n\r\n1\r\n'
    body += file.format("a") + file.format("b") + "--b--\r\n"

    form = decode(body.encode(), "multipart/form-data; boundary=b")

    assert form["tag"] == ["x", "y"]
    assert [uploaded.filename for uploaded in form["f"]] == ["a", "b"]


@pytest.mark.parametrize("charset", ["punycode", "idna", "utf-7", "unicode_escape", "zip", "x" * 10_000])
def test_only_known_charsets_are_decoded(charset: str) -> None:
    with pytest.raises(PayloadError, match="the charset has to be one of utf-8") as refused:
        decode(b"a" * 320_000, f"text/plain; charset={charset}")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("charset", ["UTF-8", '"utf-8"', "ISO-8859-1", "windows-1252", "us-ascii"])
def test_known_charsets_are_decoded_however_they_are_written(charset: str) -> None:
    assert decode(b"abc", f"text/plain; charset={charset}") == "abc"


def test_nan_and_infinity_are_read_as_python_writes_them() -> None:
    value = decode_json(b'{"a": [NaN, Infinity, -Infinity, 1], "t": "NaN"}')

    assert str(value) == "{'a': [nan, inf, -inf, 1], 't': 'NaN'}"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1000 + b"]" * 1000,
        b"[" * 200 + b"]" * 200,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b"[NaN," * 500 + b"1" + b"]" * 500,
        b"[" * 100_000,
        b"\xff\xfe",
        b'["\xff"]',
        b'[NaN, "\\ud800"]',
        b"nan",
        b"",
        b"[1,]",
        b"{1: 2}",
        b'"a\nb"',
    ],
    ids=lambda body: str(body[:20]),
)
def test_what_is_no_json_or_too_deep_is_refused_shortly(body: bytes) -> None:
    with pytest.raises(JsonError) as refused:
        decode_json(body)
    assert len(str(refused.value)) < 120


def test_brackets_in_texts_are_no_depth() -> None:
    assert decode_json(json.dumps(["[" * 500] * 3).encode()) == ["[" * 500] * 3


def compressed(body: bytes, wbits: int) -> bytes:
    stream = zlib.compressobj(wbits=wbits)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("deflate", 15), ("deflate", -15), ("GZIP", 31)]
)
def test_compressed_bodies_are_decoded_within_the_limit(coding: str, wbits: int) -> None:
    body = b'{"instances": [[1, 2]]}' * 100

    assert decoded_body(compressed(body, wbits), coding, len(body)) == body
    with pytest.raises(TooLargeError):
        decoded_body(compressed(body, wbits), coding, len(body) - 1)
    with pytest.raises(TooLargeError):
        decoded_body(compressed(bytes(50_000_000), wbits), coding, 1000)
    for wrong in (compressed(body, wbits)[:-9], body, b"\x00"):
        with pytest.raises(PayloadError):
            decoded_body(wrong, coding, 10_000)


def test_other_codings_are_refused_and_none_is_none() -> None:
    assert decoded_body(b"x", "", 1) == decoded_body(b"x", "identity", 1) == b"x"
    for coding in ("br", "zstd", "gzip, gzip", "compress"):
        with pytest.raises(EncodingError, match="has to be gzip or deflate"):
            decoded_body(b"x", coding, 1)
    twice = compressed(b"a", 31) + compressed(b"b", 31)
    assert decoded_body(twice, "gzip", 2) == b"ab"


def test_a_body_of_many_compressed_parts_is_refused_at_once() -> None:
    with pytest.raises(PayloadError):
        decoded_body(compressed(b"", 31) * 100_000, "gzip", 10_000)
