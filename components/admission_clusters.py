"""Envoy clusters of the proxy in front of an image that the user supplies."""

from dataclasses import dataclass
from typing import Any

TYPE = "type.googleapis.com/envoy.extensions."
INNER = "admitted"
"""Name of the internal listener between the two clusters."""

_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
# Envoy's value for "no limit".
_UNLIMITED = 2**31 - 1
# Unread bytes that a stream may have in the proxy. A slow client then does not block other streams.
_WINDOW_BYTES = 2**16
# Shorter than the idle timeout of servers (Gunicorn: 2 s): the proxy never reuses a connection that is being
# closed.
_SERVER_IDLE = "1s"


@dataclass(frozen=True)
class Admission:
    """Limits of what the proxy lets through to the container behind it."""

    listen: int
    """Port on which the proxy listens."""

    port: int
    """Port of the container."""

    h2c: bool
    """True if the container speaks HTTP/2 without TLS."""

    at_once: int | None
    """Maximum number of requests that the container processes at once; None: unlimited."""

    waiting: int
    """Maximum number of queued requests, in addition to those in progress. Further requests get 503."""

    seconds: int | None
    """Request timeout, counted from the request's head; None: no timeout."""

    idle_seconds: int
    """Timeout of a request without a byte in either direction."""

    body_bytes: int | None
    """Maximum size of a body; a larger body gets 413. None: unlimited."""

    heap_bytes: int
    """Memory limit of the proxy. Above this limit, requests get 503."""

    @property
    def most(self) -> int:
        """Return the maximum number of requests, queued requests included."""
        return _UNLIMITED if self.at_once is None else self.at_once + self.waiting


def counted(wanted: Admission) -> dict[str, Any]:
    """Return the cluster that counts every request, queued requests included."""
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
    """Return HTTP/2 options that let one connection carry every request without blocking between streams."""
    return {
        "max_concurrent_streams": _UNLIMITED,
        "initial_stream_window_size": _WINDOW_BYTES,
        "initial_connection_window_size": min(_WINDOW_BYTES * wanted.most, _UNLIMITED),
        "allow_connect": True,
    }
