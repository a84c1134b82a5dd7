"""OpenTelemetry traces: a span per request, sent by OTLP over HTTP. Imported only by replicas that export
traces.

The SDK itself reads the standard variables for the destination and options:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# By default the instrumentation still uses the unstable HTTP conventions.
os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span

from axon_runtime.http import App, Scope
from axon_runtime.logs import adopt

# Paths of frequent readiness checks.
_UNTRACED = "/v2/(health/.*|models/[^/]*/ready)/?$"
_REQUEST_ID = ["x-request-id"]


@contextmanager
def traced(app: App, model: str) -> Iterator[App]:
    """Yield the application with a span per request; remaining spans are sent at the end."""
    adopt("opentelemetry")  # such as failures to export spans
    provider = TracerProvider(resource=_resource(model))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # for spans of user code
    try:
        yield OpenTelemetryMiddleware(
            app,
            excluded_urls=_UNTRACED,
            exclude_spans=["receive", "send"],
            server_request_hook=_pass_on,
            http_capture_headers_server_response=_REQUEST_ID,
        )
    finally:
        provider.shutdown()


def _resource(model: str) -> Resource:
    """Return the origin of spans: the model, unless the variables name a service, and the process."""
    named = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": named.get("service.name", model), "process.pid": os.getpid()})


def _pass_on(span: Span, scope: Scope) -> None:
    """Replace the client's trace context by the span's: the log and user code pass it on."""
    context: dict[str, str] = {}
    propagate.inject(context)
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in context.items()]
    names = {name for name, _ in own}
    scope["headers"] = [*own, *(pair for pair in scope["headers"] if pair[0] not in names)]
