"""NetworkPolicy of a model API: ingress to its replicas, and egress from them."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as k8s

from components.image_metrics import metrics_port
from components.metadata import metadata
from components.platform import Platform
from components.pod import entrance_port
from components.ports import MANAGEMENT_PORT
from stacks.settings.egress import ALL
from stacks.settings.model import ImagePredictor, Model

_NAMESPACE = "kubernetes.io/metadata.name"
_DNS_NAMESPACE = "kube-system"
_EVERYWHERE = ("0.0.0.0/0", "::/0")
# Addresses of cloud metadata services, which return credentials of the node; EC2's over IPv6 too.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
_LINK_LOCAL = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128")
# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
_POD_IDENTITY_AGENT, _POD_IDENTITY_PORT = "169.254.170.23/32", 80
_DEFAULT_PORTS = {"s3": 443, "gs": 443, "https": 443, "http": 80}


def network_policy(
    name: str,
    model: Model,
    *,
    platform: Platform,
    labels: Mapping[str, str],
    on_aws: bool,
    opts: pulumi.ResourceOptions,
) -> k8s.networking.v1.NetworkPolicy:
    """Return the policy: ingress from the gateway and Prometheus, egress to DNS and the model's destinations.

    The spec is plain data: in the SDK's types `from` is `from_`, and they need many more lines.
    """
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _ingress(model, platform),
        "egress": _egress(model, platform.internal_networks, on_aws=on_aws),
    }
    return k8s.networking.v1.NetworkPolicy(
        name,
        metadata=metadata(name, platform, labels),
        spec=spec,  # pyright: ignore[reportArgumentType]
        opts=opts,
    )


def _ingress(model: Model, platform: Platform) -> list[dict[str, Any]]:
    # The gateway reaches the sidecar that limits a container, not the container behind it.
    rules = [_from(platform.gateway_namespace, entrance_port(model))]
    scraped_port = metrics_port(model) if isinstance(model.predictor, ImagePredictor) else MANAGEMENT_PORT
    if scraped_port:
        rules.append(_from(platform.prometheus_namespace, scraped_port))
    return rules


def _from(namespace: str, number: int) -> dict[str, Any]:
    return {
        "from": [{"namespaceSelector": {"matchLabels": {_NAMESPACE: namespace}}}],
        "ports": [_tcp(number)],
    }


def _egress(model: Model, internal: Sequence[str], *, on_aws: bool) -> list[dict[str, Any]]:
    if model.egress == [ALL]:
        return [{}]
    dns = {
        "to": [{"namespaceSelector": {"matchLabels": {_NAMESPACE: _DNS_NAMESPACE}}}],
        "ports": [{"protocol": "UDP", "port": 53}, _tcp(53)],
    }
    rules: list[dict[str, Any]] = [dns]
    if ports := _ports_out(model):
        # Object stores have names, and policies know only addresses: those of the internet, excluding the
        # cluster's.
        rules.append({"to": _outside(internal), "ports": [_tcp(one) for one in ports]})
    if on_aws and model.access.granted:
        rules.append({"to": _blocks(_POD_IDENTITY_AGENT), "ports": [_tcp(_POD_IDENTITY_PORT)]})
    if model.egress:
        rules.append({"to": _blocks(*model.egress)})
    return rules


def _ports_out(model: Model) -> list[int]:
    """Return the ports of the model's sources, and of AWS if the model has AWS permissions."""
    ports = {443} if model.access.granted else set[int]()
    for url in map(urlsplit, model.fetched):
        if url.scheme in _DEFAULT_PORTS:
            ports.add((url.port if url.scheme.startswith("http") else None) or _DEFAULT_PORTS[url.scheme])
    return sorted(ports)


def _tcp(number: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": number}


def _outside(internal: Sequence[str]) -> list[dict[str, Any]]:
    """Return rules for every address except link-local addresses and the given networks."""
    blocks: list[dict[str, Any]] = []
    for everywhere in _EVERYWHERE:
        version = ip_network(everywhere).version
        excluded = [one for one in (*_LINK_LOCAL, *internal) if ip_network(one).version == version]
        blocks.append({"ipBlock": {"cidr": everywhere, "except": excluded}})
    return blocks


def _blocks(*networks: str) -> list[dict[str, Any]]:
    return [{"ipBlock": {"cidr": network}} for network in networks]
