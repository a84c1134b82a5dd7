"""How requests come in: the gateway's listeners, and what a load balancer before it sends where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stacks.settings.aws.extras import LoadBalancer
from stacks.settings.platform import Gateway

# Envoy Gateway's proxies listen above the privileged ports: 80 of the Service is 10080 of the pod.
_UNPRIVILEGED = 10000
_REDIRECT_PORT = 8080
# The label of namespaces whose routes the gateway takes.
GATEWAY_LABEL = {"axon.dev/gateway": "axon"}


def _of_container(service_port: int) -> int:
    return service_port + (_UNPRIVILEGED if service_port < 1024 else 0)


@dataclass(frozen=True)
class Listener:
    """One listener of the Gateway, as the Gateway API knows it."""

    name: str
    port: int
    hostname: str | None = None
    """Set where the gateway ends TLS: the name that its certificate is for."""

    certificate: str = ""
    """Name of the Secret with it."""

    redirect: bool = False
    """Answers every request with the same address on HTTPS."""

    @property
    def container_port(self) -> int:
        """Return the port of the proxies' pods."""
        return _of_container(self.port)

    @property
    def spec(self) -> dict[str, Any]:
        """Return the listener's part of the Gateway."""
        # No model's route can attach where only the redirect is meant to be.
        labelled = {"from": "Selector", "selector": {"matchLabels": dict(GATEWAY_LABEL)}}
        routes = {
            "namespaces": {"from": "Same"} if self.redirect else labelled,
            # Of no other kind: a GRPCRoute would go before an HTTPRoute, and no policy looks at it.
            "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
        }
        plain = {"name": self.name, "port": self.port, "allowedRoutes": routes}
        if self.hostname is None:
            return {**plain, "protocol": "HTTP"}
        tls = {"mode": "Terminate", "certificateRefs": [{"name": self.certificate}]}
        return {**plain, "protocol": "HTTPS", "hostname": self.hostname, "tls": tls}


@dataclass(frozen=True)
class Exposed:
    """A port of the load balancer, and the port of the gateway's Service that it leads to."""

    port: int
    protocol: str
    """`TCP`, or `TLS` where the load balancer ends it."""

    service_port: int

    @property
    def container_port(self) -> int:
        """Return the port of the proxies' pods."""
        return _of_container(self.service_port)


@dataclass(frozen=True)
class Entrance:
    """Listeners, and the ports of the load balancer before them, if there is one."""

    listeners: list[Listener]
    exposed: list[Exposed]
    issuer: str | None = None
    """The ClusterIssuer that certificates are asked of."""

    behind_load_balancer: bool = False
    """Something of the program's stands before the gateway: its Service needs no address of its own."""

    hostname: str | None = None
    """The name that clients use, where the gateway's address is not enough."""

    client_ca: str | None = None
    """Name of a ConfigMap: clients need a certificate that it has signed."""

    proxy_protocol: bool = False
    """The load balancer says the client's address in a header before the connection's first byte."""


def entrance(gateway: Gateway, balancer: LoadBalancer | None) -> Entrance:
    """Return how requests come in, by the settings of the gateway and of the load balancer."""
    if balancer is None:
        return _of_gateway(gateway)
    listeners, exposed = _behind(gateway.port, balancer)
    return Entrance(
        listeners,
        exposed,
        issuer=balancer.tls.cluster_issuer if balancer.tls else None,
        client_ca=balancer.tls.client_ca if balancer.tls else None,
        behind_load_balancer=True,
        proxy_protocol=balancer.client_ip == "proxy_protocol",
    )


def _of_gateway(gateway: Gateway) -> Entrance:
    tls = gateway.tls
    if tls is None:
        return Entrance([Listener("http", gateway.port)], [])
    encrypted = _encrypted(tls.hostnames, tls.secret_name)
    redirect = Listener("redirect", gateway.port, redirect=True)
    return Entrance(
        [*encrypted, redirect],
        [],
        issuer=tls.cluster_issuer,
        hostname=tls.hostnames[0],
        client_ca=tls.client_ca,
    )


def _behind(port: int, balancer: LoadBalancer) -> tuple[list[Listener], list[Exposed]]:
    if balancer.tls is None:
        return [Listener("http", port)], [Exposed(80, "TCP", port)]
    if balancer.tls.certificate_arn:
        listeners = [Listener("http", port), Listener("redirect", _REDIRECT_PORT, redirect=True)]
        return listeners, [Exposed(443, "TLS", port), Exposed(80, "TCP", _REDIRECT_PORT)]
    encrypted = _encrypted(balancer.dns.hostnames if balancer.dns else [], None)
    redirect = Listener("redirect", port, redirect=True)
    return [*encrypted, redirect], [Exposed(443, "TCP", 443), Exposed(80, "TCP", port)]


def _encrypted(hostnames: Sequence[str], secret: str | None) -> list[Listener]:
    """Return a listener a name; the certificates are in one Secret, or in one that is made for each."""
    names = [f"https-{index}" for index in range(len(hostnames))]
    return [
        Listener(name, 443, hostname, certificate=secret or f"axon-{name}")
        for name, hostname in zip(names, hostnames, strict=True)
    ]
