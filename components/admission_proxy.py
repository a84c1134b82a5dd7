"""Configuration of the proxy that limits the concurrent requests to an image that the user supplies.

Envoy queues per connection: a request without a free connection waits as a pending request. While connections
are being opened, requests that need not wait are pending as well, so a limit of pending requests alone would
reject a burst for which there is capacity. Therefore a request passes two clusters: the first counts all
requests, queued requests included, over one HTTP/2 connection to an internal listener; the second leads to
the container, with as many connections as the container may process requests.
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/circuit_breaking
"""

from typing import Any

from components.admission_clusters import INNER, TYPE, Admission, container, counted, http2

_ROUTER = f"{TYPE}filters.http.router.v3.Router"
_MANAGER = f"{TYPE}filters.network.http_connection_manager.v3.HttpConnectionManager"
_BUFFER = "envoy.filters.http.buffer"
# Longer than the gateway's idle timeout (an hour): the gateway never uses a connection that is being closed.
_CLIENT_IDLE = "3900s"
# The gateway's proxies open at most one connection per request.
_CONNECTIONS = 50_000


def bootstrap(wanted: Admission) -> dict[str, Any]:
    """Return the complete Envoy configuration, without an admin interface."""
    resources = {
        "listeners": [_entrance(wanted), _inner(wanted)],
        "clusters": [counted(wanted), container(wanted)],
    }
    internal = {
        "name": "envoy.bootstrap.internal_listener",
        "typed_config": {"@type": f"{TYPE}bootstrap.internal_listener.v3.InternalListener"},
    }
    return {
        "static_resources": resources,
        "bootstrap_extensions": [internal],
        "overload_manager": _overload(wanted),
    }


def _entrance(wanted: Admission) -> dict[str, Any]:
    limits: dict[str, Any] = {"idle_timeout": _CLIENT_IDLE}
    if wanted.seconds is not None:
        limits["max_stream_duration"] = f"{wanted.seconds}s"
    manager = {
        **_manager("clients", _entrance_routes(wanted), wanted),
        "common_http_protocol_options": limits,
        "request_headers_timeout": "10s",
        "local_reply_config": {"mappers": [_refusal()]},
    }
    if wanted.body_bytes is not None:
        # Only bodies without a declared length are buffered, to measure their length.
        limit = {"@type": f"{TYPE}filters.http.buffer.v3.Buffer", "max_request_bytes": wanted.body_bytes}
        manager["http_filters"] = [
            {"name": _BUFFER, "disabled": True, "typed_config": limit},
            *manager["http_filters"],
        ]
    address = {"socket_address": {"address": "0.0.0.0", "port_value": wanted.listen}}
    return {"name": "clients", "address": address, **_chain(manager)}


def _inner(wanted: Admission) -> dict[str, Any]:
    manager = {
        **_manager(INNER, [_route("container", wanted)], wanted),
        "codec_type": "HTTP2",
        "http2_protocol_options": http2(wanted),
    }
    return {"name": INNER, "internal_listener": {}, **_chain(manager)}


def _chain(manager: dict[str, Any]) -> dict[str, Any]:
    name = "envoy.filters.network.http_connection_manager"
    return {"filter_chains": [{"filters": [{"name": name, "typed_config": manager}]}]}


def _manager(name: str, routes: list[dict[str, Any]], wanted: Admission) -> dict[str, Any]:
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": _ROUTER, "suppress_envoy_headers": True},
    }
    return {
        "@type": _MANAGER,
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
        "http_filters": [router],
        "upgrade_configs": [{"upgrade_type": "websocket", "filters": [router]}],
        "stream_idle_timeout": f"{wanted.idle_seconds}s",
        # Headers pass unchanged in both directions: gateway to container, and container to gateway.
        "server_header_transformation": "PASS_THROUGH",
        "generate_request_id": False,
        "skip_xff_append": True,
    }


def _entrance_routes(wanted: Admission) -> list[dict[str, Any]]:
    if wanted.seconds is None:
        return _limited_routes(wanted)
    # An idle WebSocket is closed after the same time as at the gateway.
    socket = _route("counted", wanted)
    value = {"exact": "websocket", "ignore_case": True}
    socket["match"]["headers"] = [{"name": "upgrade", "string_match": value}]
    socket["route"]["max_stream_duration"] = {"max_stream_duration": "0s"}
    return [socket, *_limited_routes(wanted)]


def _limited_routes(wanted: Admission) -> list[dict[str, Any]]:
    if wanted.body_bytes is None:
        return [_route("counted", wanted)]
    too_long = {"range_match": {"start": wanted.body_bytes + 1, "end": 2**63 - 1}}
    length = "content-length"
    refused = {
        "match": {"prefix": "/", "headers": [{"name": length, **too_long}]},
        "direct_response": {
            "status": 413,
            "body": {"inline_string": f'{{"error": "the body is larger than {wanted.body_bytes} bytes"}}'},
        },
        "response_headers_to_add": [_header("content-type", "application/json")],
    }
    known = _route("counted", wanted)
    known["match"]["headers"] = [{"name": length, "present_match": True}]
    read = {
        "@type": f"{TYPE}filters.http.buffer.v3.BufferPerRoute",
        "buffer": {"max_request_bytes": wanted.body_bytes},
    }
    return [refused, known, {**_route("counted", wanted), "typed_per_filter_config": {_BUFFER: read}}]


def _route(cluster: str, wanted: Admission) -> dict[str, Any]:
    # Only requests that the container cannot have begun are retried.
    again = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2}
    action = {"cluster": cluster, "timeout": "0s", "idle_timeout": f"{wanted.idle_seconds}s"}
    return {"match": {"prefix": "/"}, "route": {**action, "retry_policy": again}}


def _refusal() -> dict[str, Any]:
    """Return the response to a request that exceeds the limits (`UO`: upstream overflow)."""
    body = '{"error": "the replica is busy: max_concurrency and max_queue_length are reached"}\n'
    return {
        "filter": {"response_flag_filter": {"flags": ["UO"]}},
        "status_code": 503,
        "headers_to_add": [_header("retry-after", "1")],
        "body_format_override": {
            "text_format_source": {"inline_string": body},
            "content_type": "application/json",
        },
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _overload(wanted: Admission) -> dict[str, Any]:
    """Reject requests before the proxy reaches its memory limit, which would end all requests in flight."""
    heap = {
        "name": "envoy.resource_monitors.fixed_heap",
        "typed_config": {
            "@type": f"{TYPE}resource_monitors.fixed_heap.v3.FixedHeapConfig",
            "max_heap_size_bytes": wanted.heap_bytes,
        },
    }
    actions = {
        "envoy.overload_actions.shrink_heap": 0.85,
        "envoy.overload_actions.stop_accepting_requests": 0.9,
    }
    connections = {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {
            "@type": f"{TYPE}resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            "max_active_downstream_connections": _CONNECTIONS,
        },
    }
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [heap, connections],
        "actions": [
            {"name": name, "triggers": [{"name": heap["name"], "threshold": {"value": share}}]}
            for name, share in actions.items()
        ],
    }
