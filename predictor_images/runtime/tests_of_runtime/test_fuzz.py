"""Requests that nobody would send, made from the OpenAPI page: none is answered 500."""

from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests_of_runtime.servers import PROJECT, Replica, replica

KINDS = {"iris": "sklearn", "digits": "onnx", "species": "python"}
# Each example is a request to another process, through a fixture that they share.
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]


@pytest.fixture(scope="module", params=sorted(KINDS))
def served(request: pytest.FixtureRequest) -> Iterator[Replica]:
    folder = PROJECT / "predictors" / request.param
    with replica(KINDS[request.param], folder, config={"limits": [2.5, 4.8]}) as made:
        yield made


def test_no_request_of_the_page_is_answered_500(served: Replica) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    cases = st.one_of([cast(Any, found).ok().as_strategy() for found in schema.get_all_operations()])

    @given(case=cases)
    @settings(max_examples=60, suppress_health_check=SLOW)
    def fuzz(case: Any) -> None:
        answer = case.call()
        assert answer.status_code < 500, answer.text

    fuzz()


@given(body=st.binary(max_size=200), content_type=st.text("abc/;=+-", max_size=30))
@settings(max_examples=60, suppress_health_check=SLOW)
def test_no_body_is_answered_500(served: Replica, body: bytes, content_type: str) -> None:
    for path in ("/", f"/v2/models/{served.name}/infer"):
        answer = httpx.post(served.url + path, content=body, headers={"content-type": content_type})
        assert answer.status_code < 500, answer.text
