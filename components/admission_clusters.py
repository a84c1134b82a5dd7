"""What the proxy before an image of the user's own leads to: its clusters, in Envoy's words."""

from dataclasses import dataclass
from typing import Any

TYPE = "type.googleapis.com/envoy.extensions."
INNER = "admitted"
"""The internal listener between the two clusters."""

_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
# What Envoy calls no limit.
_UNLIMITED = 2**31 - 1
# A stream may have this many unread bytes in the proxy, so that a slow client holds no other back.
_WINDOW_BYTES = 2**16
# Shorter than servers keep an idle connection (Gunicorn: 2 s): none is used that is being closed.
_SERVER_IDLE = "1s"


@dataclass(frozen=True)
class Admission:
    """What the proxy lets through to the container behind it."""

    listen: int
    """The port that it listens on."""

    port: int
    """The port of the container."""

    h2c: bool
    """Whether the container speaks HTTP/2 without TLS."""

    at_once: int | None
    """Requests that the container works on at once; None: any number."""

    waiting: int
    """Requests that wait beside them. One more is answered 503."""

    seconds: int | None
    """When a request is ended, counted from its head; None: never."""

    idle_seconds: int
    """When a request without a byte in either direction is ended."""

    body_bytes: int | None
    """Largest body; a larger one is answered 413. None: any."""

    heap_bytes: int
    """Memory that it may use. Above it, requests are answered 503."""

    @property
    def most(self) -> int:
        """Return how many requests may be there, waiting ones included."""
        return _UNLIMITED if self.at_once is None else self.at_once + self.waiting


def counted(wanted: Admission) -> dict[str, Any]:
    """Return the cluster that counts every request, waiting ones included."""
    inner = {"envoy_internal_address": {"server_listener_name": INNER}}
    socket = {
        "name": "envoy.transport_sockets.internal_upstream",
        "typed_config": {
            "@type": f"{TYPE}transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
            "transport_socket": {
                "name": "envoy.transport_sockets.raw_buffer",
                "typed_config": {"@type": f"{TYPE}transport_sockets.raw_buffer.v3.RawBuffer"},
            },
        },
    }
    limits = {"max_requests": wanted.most, "max_pending_requests": wanted.most}
    return {
        **_cluster("counted", inner, {"http2_protocol_options": http2(wanted)}, limits),
        "transport_socket": socket,
    }


def container(wanted: Admission) -> dict[str, Any]:
    """Return the cluster that leads to the container."""
    local = {"socket_address": {"address": "127.0.0.1", "port_value": wanted.port}}
    at_once = wanted.at_once or _UNLIMITED
    limits = {"max_requests": wanted.most, "max_pending_requests": wanted.most}
    if wanted.h2c:
        protocol: dict[str, Any] = {"http2_protocol_options": {"max_concurrent_streams": at_once}}
        limits["max_connections"] = 1
    else:
        protocol, limits["max_connections"] = {"http_protocol_options": {}}, at_once
    return _cluster("container", local, protocol, limits, idle=_SERVER_IDLE)


def _cluster(
    name: str, address: dict[str, Any], protocol: dict[str, Any], limits: dict[str, int], idle: str = "0s"
) -> dict[str, Any]:
    options = {
        "@type": f"type.googleapis.com/{_PROTOCOL}",
        "explicit_http_config": protocol,
        "common_http_protocol_options": {"idle_timeout": idle},
    }
    endpoint = {"endpoint": {"address": address}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {_PROTOCOL: options},
        "circuit_breakers": {"thresholds": [{**limits, "max_retries": limits["max_requests"]}]},
    }


def http2(wanted: Admission) -> dict[str, Any]:
    """Return what lets one connection carry every request, and none of them hold another back."""
    return {
        "max_concurrent_streams": _UNLIMITED,
        "initial_stream_window_size": _WINDOW_BYTES,
        "initial_connection_window_size": min(_WINDOW_BYTES * wanted.most, _UNLIMITED),
        "allow_connect": True,
    }
