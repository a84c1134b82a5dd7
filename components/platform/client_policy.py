"""Limits of the gateway for clients: timeouts, connections, streams."""

import math
from typing import Any

from components.platform.entrance import Entrance
from stacks.settings.gateway import Gateway


def client_policy(entrance: Entrance, gateway: Gateway, longest_request: float) -> dict[str, Any]:
    """Return the spec of the Gateway's ClientTrafficPolicy, without its target.

    Envoy's own limits apply in addition: 60 KiB of headers, and 100 headers.
    https://gateway.envoyproxy.io/docs/api/extension_types/#clienttrafficpolicyspec
    """
    spec: dict[str, Any] = {
        "timeout": {
            "http": {
                "requestHeadersReceivedTimeout": gateway.header_timeout,
                "requestReceivedTimeout": f"{math.ceil(gateway.body_seconds(longest_request))}s",
                "idleTimeout": gateway.idle_timeout,
            }
        },
        "connection": {"connectionLimit": {"value": gateway.max_connections}},
        "http2": {"maxConcurrentStreams": gateway.max_streams},
    }
    if entrance.proxy_protocol:
        spec["proxyProtocol"] = {"optional": False}
    if entrance.client_ca:
        reference = {"group": "", "kind": "ConfigMap", "name": entrance.client_ca}
        spec["tls"] = {"clientValidation": {"caCertificateRefs": [reference]}}
    return spec
