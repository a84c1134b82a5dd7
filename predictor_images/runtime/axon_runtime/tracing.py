"""OpenTelemetry's traces: a span a request, sent by OTLP over HTTP. Imported by replicas that export them.

The standard variables say where to and how, and the SDK reads them itself:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# The instrumentation still speaks of requests as before HTTP's conventions were stable, unless it is told.
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

# What clients ask for all the time, to know whether they may ask.
_UNTRACED = "/v2/(health/.*|models/[^/]*/ready)/?$"
_REQUEST_ID = ["x-request-id"]


@contextmanager
def traced(app: App, model: str) -> Iterator[App]:
    """Yield the application with a span a request; what is not sent at the end is sent then."""
    adopt("opentelemetry")  # such as that nobody takes its spans
    provider = TracerProvider(resource=_resource(model))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # for spans of the user's own code
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
    """Return who it is that traces: the model, unless the variables name a service, and which process."""
    named = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": named.get("service.name", model), "process.pid": os.getpid()})


def _pass_on(span: Span, scope: Scope) -> None:
    """Put the span's own context in the place of the client's: the log and the user's code pass that on."""
    context: dict[str, str] = {}
    propagate.inject(context)
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in context.items()]
    names = {name for name, _ in own}
    scope["headers"] = [*own, *(pair for pair in scope["headers"] if pair[0] not in names)]
