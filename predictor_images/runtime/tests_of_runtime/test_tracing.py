"""A replica exports a trace of each request, to whoever the standard variables name."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from axon_runtime.config import ConfigError, from_environment

from tests_of_runtime.collector import Collector, collector, values
from tests_of_runtime.servers import replica

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{PARENT}-01", "x-request-id": "seven"}
WHO = """\
import os
from opentelemetry import trace

class Predictor:
    def predict(self, payload, headers):
        with trace.get_tracer("mine").start_as_current_span("work"):
            pass
        return [os.getpid(), headers.get("traceparent")]
"""
FAILS = "class Predictor:\n def predict(self, payload): return 1 / payload"


def told(to: Collector) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": to.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}


def written(folder: Path, text: str) -> Path:
    (folder / "predictor.py").write_text(text)
    return folder


def test_a_request_is_a_span_in_the_clients_trace(tmp_path: Path) -> None:
    with collector() as to, replica("python", written(tmp_path, WHO), environment=told(to)) as made:
        answer = httpx.post(f"{made.url}/", json=0, headers=HEADERS).json()
        named = {span.name: (resource, span) for resource, span in to.spans(2)}

    resource, span = named["POST /"]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert resource["service.name"] == tmp_path.name
    found = values(span.attributes)
    assert (found["http.response.status_code"], found["url.path"]) == (200, "/")
    assert found["http.response.header.x_request_id"] == ["seven"]
    assert answer[1] == f"00-{TRACE}-{span.span_id.hex()}-01", "what the user's code passes on"
    assert named["work"][1].parent_span_id == span.span_id, "its own spans are the request's"


def test_a_line_of_the_log_names_the_span(tmp_path: Path) -> None:
    with collector() as to, replica("python", written(tmp_path, FAILS), environment=told(to)) as made:
        assert httpx.post(made.url, json=0).status_code == 500
        ((_, span),) = to.spans(1)
        made.process.terminate()
        output, _ = made.process.communicate(timeout=30)

    failed = next(line for line in map(json.loads, output.splitlines()) if line["level"] == "error")
    assert failed["traceparent"].startswith(f"00-{span.trace_id.hex()}-{span.span_id.hex()}-")
    assert span.status.code == span.status.STATUS_CODE_ERROR


def test_probes_leave_no_trace_and_the_end_sends_what_there_is(tmp_path: Path) -> None:
    environment = {"OTEL_BSP_SCHEDULE_DELAY": "60000", "OTEL_SERVICE_NAME": "irises"}
    with (
        collector() as to,
        replica("python", written(tmp_path, WHO), environment=told(to) | environment) as m,
    ):
        public = [f"{m.url}/v2/health/live", f"{m.url}/v2/models/{tmp_path.name}/ready"]
        for probe in (f"{m.management}/ready", f"{m.management}/metrics", *public):
            assert httpx.get(probe).status_code == 200
        m.post(0)
        m.process.terminate()
        assert m.process.wait(30) == 0
        spans = to.spans(2)

    assert {span.name for _, span in spans} == {"POST /", "work"}
    assert {resource["service.name"] for resource, _ in spans} == {"irises"}


def test_each_process_exports_its_own(tmp_path: Path) -> None:
    limits = {"processes_per_replica": 2}
    folder = written(tmp_path, WHO)
    with collector() as to, replica("python", folder, limits=limits, environment=told(to)) as made:
        answered = [made.post(0)[0] for _ in range(20)]
        spans = [entry for entry in to.spans(40) if entry[1].name == "POST /"]

    assert len(set(answered)) == 2
    assert sorted(resource["process.pid"] for resource, _ in spans) == sorted(answered)


def test_a_collector_that_is_not_there_costs_a_line_of_the_log(tmp_path: Path) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}
    with replica("python", written(tmp_path, WHO), environment=environment) as made:
        made.post(0)
        made.process.terminate()
        output, _ = made.process.communicate(timeout=20)

    assert made.process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert any("127.0.0.1" in line["message"] for line in lines if line["level"] in ("warning", "error"))


def test_a_replica_that_exports_none_does_not_load_what_would() -> None:
    program = (
        "import sys, axon_runtime.__main__, axon_runtime.server\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'requests'))])"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert loaded.stdout == "[]\n"


TO = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "traces"),
    [
        ({}, False),
        (TO, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({**TO, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({**TO, "OTEL_SDK_DISABLED": "true"}, False),
        ({**TO, "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_switch_traces_on_and_off(environment: dict[str, str], traces: bool) -> None:
    assert from_environment(environment).traces == traces


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": traces are sent by http/protobuf alone',
        ),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, 'OTEL_TRACES_EXPORTER is "zipkin", neither otlp nor none'),
    ],
)
def test_what_is_not_spoken_is_refused(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        from_environment({**TO, **environment})

    assert str(refused.value) == message
