"""Ingress: the gateway's listeners, and the port mapping of a load balancer in front of the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stacks.settings.aws.extras import LoadBalancer
from stacks.settings.platform import Gateway

# Envoy Gateway's proxies listen on unprivileged ports: port 80 of the Service is 10080 of the pod.
_UNPRIVILEGED = 10000
_REDIRECT_PORT = 8080
# Label of namespaces whose routes the gateway accepts.
GATEWAY_LABEL = {"axon.dev/gateway": "axon"}


def _of_container(service_port: int) -> int:
    return service_port + (_UNPRIVILEGED if service_port < 1024 else 0)


@dataclass(frozen=True)
class Listener:
    """A listener of the Gateway, as in the Gateway API."""

    name: str
    port: int
    hostname: str | None = None
    """Host name of the certificate, if the gateway terminates TLS."""

    certificate: str = ""
    """Name of the Secret with the certificate."""

    redirect: bool = False
    """True if the listener redirects every request to the same URL on HTTPS."""

    @property
    def container_port(self) -> int:
        """Return the port in the proxies' pods."""
        return _of_container(self.port)

    @property
    def spec(self) -> dict[str, Any]:
        """Return the listener's part of the Gateway's spec."""
        # No model's route may attach to the redirect's listener.
        labelled = {"from": "Selector", "selector": {"matchLabels": dict(GATEWAY_LABEL)}}
        routes = {
            "namespaces": {"from": "Same"} if self.redirect else labelled,
            # HTTPRoutes only: a GRPCRoute would take precedence over an HTTPRoute, and no policy checks
            # GRPCRoutes.
            "kinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
        }
        plain = {"name": self.name, "port": self.port, "allowedRoutes": routes}
        if self.hostname is None:
            return {**plain, "protocol": "HTTP"}
        tls = {"mode": "Terminate", "certificateRefs": [{"name": self.certificate}]}
        return {**plain, "protocol": "HTTPS", "hostname": self.hostname, "tls": tls}


@dataclass(frozen=True)
class Exposed:
    """Port mapping of the load balancer: its listener port, and the port of the gateway's Service."""

    port: int
    protocol: str
    """`TCP`, or `TLS` if the load balancer terminates TLS."""

    service_port: int

    @property
    def container_port(self) -> int:
        """Return the port in the proxies' pods."""
        return _of_container(self.service_port)


@dataclass(frozen=True)
class Entrance:
    """Listeners, and the port mappings of the load balancer, if there is one."""

    listeners: list[Listener]
    exposed: list[Exposed]
    issuer: str | None = None
    """ClusterIssuer of the certificates."""

    behind_load_balancer: bool = False
    """True if the program's load balancer is in front of the gateway: the Service then needs no address of
    its own.
    """

    hostname: str | None = None
    """Host name for clients, if the gateway's address is not enough."""

    client_ca: str | None = None
    """Name of a ConfigMap with the CA that must have signed clients' certificates."""

    proxy_protocol: bool = False
    """True if the load balancer sends the client's address in a PROXY protocol header."""


def entrance(gateway: Gateway, balancer: LoadBalancer | None) -> Entrance:
    """Return the ingress, by the settings of the gateway and of the load balancer."""
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
    """Return a listener per host name; the certificates are in one Secret, or in a generated Secret per
    name.
    """
    names = [f"https-{index}" for index in range(len(hostnames))]
    return [
        Listener(name, 443, hostname, certificate=secret or f"axon-{name}")
        for name, hostname in zip(names, hostnames, strict=True)
    ]
