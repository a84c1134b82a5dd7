"""Bodies in by content type, answers out by what they are, a class called with what it asks for."""

import asyncio
import contextlib
import datetime
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from axon_runtime.answer import AnswerError, Response, encode
from axon_runtime.payload import PayloadError, decode
from axon_runtime.public import UploadedFile
from axon_runtime.user import PredictorError, bind
from hypothesis import given
from hypothesis import strategies as st

TYPES = st.sampled_from(
    [
        None,
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "multipart/form-data",
        "text/plain; charset=utf-16",
        "text/plain; charset=nothing",
        "image/png",
        ";",
    ]
)


@given(st.binary(), TYPES | st.text())
def test_no_body_raises_anything_but_the_clients_error(body: bytes, content_type: str | None) -> None:
    with contextlib.suppress(PayloadError):
        decode(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b'{"a": [1, 2.5]}', "application/json; charset=utf-8", {"a": [1, 2.5]}),
        (b"[1]", None, [1]),
        (b"1", "application/vnd.example+json", 1),
        (b"a=1&b=2&b=3&c=", "application/x-www-form-urlencoded", {"a": "1", "b": ["2", "3"], "c": ""}),
        ("grüße".encode("latin-1"), "text/plain; charset=latin-1", "grüße"),
        (b"\x00\x01", "application/octet-stream", b"\x00\x01"),
        (b"\x89PNG", "image/png", b"\x89PNG"),
    ],
)
def test_a_body_is_decoded_by_its_content_type(body: bytes, content_type: str | None, value: Any) -> None:
    assert decode(body, content_type) == value


def test_a_form_with_files_is_fields_and_files() -> None:
    files = {"photo": ("cat.png", b"\x89PNG\r\n", "image/png")}
    request = httpx.Request("POST", "http://x", data={"size": "3"}, files=files)

    form = decode(request.read(), request.headers["content-type"])

    assert form["size"] == "3"
    assert isinstance(form["photo"], UploadedFile)
    assert (form["photo"].filename, form["photo"].read()) == ("cat.png", b"\x89PNG\r\n")


@pytest.mark.parametrize(
    ("value", "kind", "body"),
    [
        ({"a": np.float32(0.5), "b": np.arange(3)}, "application/json", b'{"a":0.5,"b":[0,1,2]}'),
        ([float("nan"), float("inf")], "application/json", b"[null,null]"),
        (datetime.date(2026, 1, 2), "application/json", b'"2026-01-02"'),
        (None, "application/json", b"null"),
        ("text", "text/plain; charset=utf-8", b"text"),
        (b"\x00", "application/octet-stream", b"\x00"),
    ],
)
def test_an_answer_is_encoded_by_what_it_is(value: Any, kind: str, body: bytes) -> None:
    assert encode(value) == (200, {"content-type": kind}, body)


def test_an_answer_of_ones_own_has_status_and_headers() -> None:
    response = Response(
        {"a": 1}, status_code=201, headers={"x-model": "7"}, media_type="application/hal+json"
    )

    assert encode(response) == (201, {"content-type": "application/hal+json", "x-model": "7"}, b'{"a":1}')


def test_what_cannot_be_sent_says_where_it_stands() -> None:
    with pytest.raises(AnswerError, match=r"object at predictions\[1\]\.embedding"):
        encode({"predictions": [{"embedding": 1}, {"embedding": object()}]})


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda c: st.lists(c))
)
def test_json_goes_through_a_predictor_unchanged(value: Any) -> None:
    _, _, body = encode([value])

    assert msgspec.json.decode(body) == [decode(body, "application/json")[0]] == [value]


class Everything:
    def pre_predict(self, payload: int) -> int:
        return payload + 1

    def predict(self, payload: int, query_params: dict[str, str]) -> list[Any]:
        return [payload, query_params["q"]]

    def post_predict(self, result: list[Any], headers: dict[str, str]) -> list[Any]:
        return [*result, headers["h"]]


class EverythingAsync:
    async def predict(self, **given: Any) -> list[str]:
        return sorted(given)


def test_each_method_gets_what_it_declares() -> None:
    assert bind(Everything()).call(1, {"q": "x"}, {"h": "y"}) == [2, "x", "y"]


def test_async_methods_are_awaited_and_kwargs_get_all() -> None:
    predictor = bind(EverythingAsync())

    assert predictor.is_async
    assert asyncio.run(predictor.acall(1, {}, {})) == ["headers", "payload", "query_params"]


def test_an_argument_that_there_is_not_is_named() -> None:
    class Wrong:
        def predict(self, payload: Any, model: Any) -> None: ...

    with pytest.raises(PredictorError, match="asks for model; there are payload, query_params, headers"):
        bind(Wrong())
