"""How requests come in: the gateway's listeners, and what a load balancer before it sends where."""

from dataclasses import dataclass
from typing import Any

from stacks.settings.aws.extras import LoadBalancer

# Envoy Gateway's proxies listen above the privileged ports: 80 of the Service is 10080 of the pod.
_UNPRIVILEGED = 10000
_REDIRECT_PORT = 8080


@dataclass(frozen=True)
class Listener:
    """One listener of the Gateway, as the Gateway API knows it."""

    name: str
    port: int
    hostname: str | None = None
    """Set where the gateway ends TLS: the name that its certificate is for."""

    redirect: bool = False
    """Answers every request with the same address on HTTPS."""

    @property
    def spec(self) -> dict[str, Any]:
        """Return the listener's part of the Gateway."""
        # No model's route can attach where only the redirect is meant to be.
        namespaces = {"namespaces": {"from": "Same" if self.redirect else "All"}}
        plain = {"name": self.name, "port": self.port, "allowedRoutes": namespaces}
        if self.hostname is None:
            return {**plain, "protocol": "HTTP"}
        tls = {"mode": "Terminate", "certificateRefs": [{"name": f"axon-{self.name}"}]}
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
        return self.service_port + (_UNPRIVILEGED if self.service_port < 1024 else 0)


@dataclass(frozen=True)
class Entrance:
    """Listeners, and the ports of the load balancer before them, if there is one."""

    listeners: list[Listener]
    exposed: list[Exposed]
    issuer: str | None = None
    """The ClusterIssuer that certificates are asked of."""

    behind_load_balancer: bool = False
    """Something of the program's stands before the gateway: its Service needs no address of its own."""

    proxy_protocol: bool = False
    """The load balancer says the client's address in a header before the connection's first byte."""


def entrance(port: int, balancer: LoadBalancer | None) -> Entrance:
    """Return how requests come in, by the settings of the gateway and of the load balancer."""
    if balancer is None:
        return Entrance([Listener("http", port)], [])
    listeners, exposed = _listeners(port, balancer)
    return Entrance(
        listeners,
        exposed,
        issuer=balancer.tls.cluster_issuer if balancer.tls else None,
        behind_load_balancer=True,
        proxy_protocol=balancer.client_ip == "proxy_protocol",
    )


def _listeners(port: int, balancer: LoadBalancer) -> tuple[list[Listener], list[Exposed]]:
    if balancer.tls is None:
        return [Listener("http", port)], [Exposed(80, "TCP", port)]
    if balancer.tls.certificate_arn:
        listeners = [Listener("http", port), Listener("redirect", _REDIRECT_PORT, redirect=True)]
        return listeners, [Exposed(443, "TLS", port), Exposed(80, "TCP", _REDIRECT_PORT)]
    hostnames = balancer.dns.hostnames if balancer.dns else []
    encrypted = [Listener(f"https-{index}", 443, hostname) for index, hostname in enumerate(hostnames)]
    redirect = Listener("redirect", port, redirect=True)
    return [*encrypted, redirect], [Exposed(443, "TCP", 443), Exposed(80, "TCP", port)]
