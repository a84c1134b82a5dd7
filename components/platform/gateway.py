"""Shared gateway of all model APIs: Envoy Gateway and a Gateway of the Gateway API."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import Placement
from components.platform import versions
from components.platform.chart import chart, release
from components.platform.client_policy import client_policy
from components.platform.entrance import Entrance
from components.platform.ingress_policies import (
    from_anywhere,
    from_namespace,
    from_same_namespace,
    ingress_policy,
)
from components.platform.proxies import proxies
from components.platform.spread import spread
from stacks.settings import images, platform

NAMESPACE = "envoy-gateway-system"
SERVICE = "axon-gateway"
# https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway : the controller's own name
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
_GATEWAY_API = "gateway.networking.k8s.io/v1"
_EXTENSIONS = "gateway.envoyproxy.io/v1alpha1"
# Envoy Gateway's own labels and ports: its chart, and internal/xds/bootstrap/bootstrap.go
_CONTROLLER_PODS = {"control-plane": "envoy-gateway"}
_PROXY_PODS = {"app.kubernetes.io/name": "envoy"}
_WEBHOOK_PORT, _METRICS_PORT, _READY_PORT = 9443, 19001, 19003


class Gateway(pulumi.ComponentResource):
    """Gateway API CRDs, the Envoy Gateway controller, and one Gateway for all models."""

    address: pulumi.Output[str]
    """Address or host name of the gateway's Service, or of the load balancer in front of the gateway."""

    url: pulumi.Output[str]
    """`http://` and the address of the gateway's Service, with the port unless it is 80."""

    def __init__(
        self,
        name: str,
        settings: platform.Platform,
        registry: images.Images,
        entrance: Entrance,
        placement: Placement,
        *,
        address: pulumi.Output[str] | None = None,
        longest_request: float = 0,
        labelled: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Install the gateway.

        `address` is that of the load balancer; unset, the gateway's Service has its own. `longest_request`:
        the timeout of the slowest model, in seconds. `labelled`: namespaces whose routes the gateway accepts,
        which must have their label before the gateway starts.
        """
        super().__init__("axon:platform:Gateway", name, None, opts)
        self._name, self._settings, self._images = name, settings, registry
        self._entrance, self._placement, self._longest = entrance, placement, longest_request
        self._labelled = labelled

        made = self._install(address) if settings.install else None
        self.address = address if address is not None else self._address(made)
        self.url = self._url(self.address)
        self.register_outputs({"url": self.url})

    def _url(self, address: pulumi.Output[str]) -> pulumi.Output[str]:
        if self._settings.gateway.url:
            return pulumi.Output.from_input(self._settings.gateway.url)
        if self._entrance.hostname:
            return pulumi.Output.from_input(f"https://{self._entrance.hostname}")
        port = self._settings.gateway.port
        return pulumi.Output.concat("http://", address, "" if port == 80 else f":{port}")

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _install(self, address: pulumi.Output[str] | None) -> k8s.apiextensions.CustomResource:
        namespace = self._namespace()
        controller = self._controller(namespace, after=self._definitions(namespace))
        proxy = self._proxy(namespace, after=controller)
        gateway = self._gateway(self._class(after=proxy), address)
        self._let_in(namespace)
        if any(listener.redirect for listener in self._entrance.listeners):
            self._redirect(after=gateway)
        self._of_clients(after=gateway)
        return gateway

    def _namespace(self) -> k8s.core.v1.Namespace:
        # Restricted: controller and proxies run without root and without capabilities.
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        if self._entrance.behind_load_balancer:
            # A proxy becomes ready once its load balancer target is healthy: a rollout waits for that.
            # https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
            labels["elbv2.k8s.aws/pod-readiness-gate-inject"] = "enabled"
        metadata = k8s.meta.v1.ObjectMetaArgs(name=NAMESPACE, labels=labels)
        return k8s.core.v1.Namespace(NAMESPACE, metadata=metadata, opts=self._child())

    def _let_in(self, namespace: k8s.core.v1.Namespace) -> None:
        """Allow ingress: proxies to the controller, the API server to its webhook, clients and Prometheus
        to the proxies.
        """
        name = namespace.metadata.name.apply(str)
        own = [from_same_namespace(), from_anywhere(_WEBHOOK_PORT)]
        ingress_policy(NAMESPACE, name, own, opts=self._child(namespace))
        ports = sorted({listener.container_port for listener in self._entrance.listeners})
        scraped = from_namespace(self._settings.prometheus.namespace, _METRICS_PORT)
        clients = [from_anywhere(*ports, _READY_PORT), scraped]
        ingress_policy(SERVICE, name, clients, pods=_PROXY_PODS, opts=self._child(namespace))

    def _definitions(self, namespace: k8s.core.v1.Namespace) -> k8s.helm.v4.Chart:
        return chart(
            versions.GATEWAY_CRDS_CHART,
            mirror=self._settings.charts,
            namespace=namespace.metadata.name.apply(str),
            values={
                "crds": {
                    "gatewayAPI": {"enabled": True, "channel": "standard"},
                    "envoyGateway": {"enabled": True},
                }
            },
            opts=self._child(namespace),
        )

    def _controller(self, namespace: k8s.core.v1.Namespace, after: pulumi.Resource) -> k8s.helm.v3.Release:
        # A job, one of Helm's hooks, generates the chart's certificates.
        image = self._images.mirrored(versions.ENVOY_GATEWAY_IMAGE)
        return release(
            versions.GATEWAY_CHART,
            mirror=self._settings.charts,
            namespace=namespace.metadata.name.apply(str),
            values={
                "crds": {"enabled": False},
                "global": {"images": {"envoyGateway": {"image": image}}, **self._images.chart_secrets},
                **self._replicated(),
            },
            opts=self._child(namespace, after),
        )

    def _replicated(self) -> dict[str, Any]:
        placed, count = self._placement.values, self._settings.controllers
        job = {"certgen": {"job": placed}} if placed else {}
        if count == 1:
            return {"deployment": {"pod": placed}, **job} if placed else job
        pod = {**placed, "topologySpreadConstraints": spread(_CONTROLLER_PODS)}
        budget = {"podDisruptionBudget": {"minAvailable": 0, "maxUnavailable": 1}}
        return {"deployment": {"replicas": count, "pod": pod}, **budget, **job}

    def _proxy(
        self, namespace: k8s.core.v1.Namespace, after: pulumi.Resource
    ) -> k8s.apiextensions.CustomResource:
        return self._custom(
            _EXTENSIONS,
            "EnvoyProxy",
            proxies(
                self._name, SERVICE, self._settings.gateway, self._images, self._entrance, self._placement
            ),
            opts=self._child(namespace, after),
        )

    def _class(self, after: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        return self._custom(
            _GATEWAY_API,
            "GatewayClass",
            {
                "controllerName": CONTROLLER,
                "parametersRef": {
                    "group": "gateway.envoyproxy.io",
                    "kind": "EnvoyProxy",
                    "name": self._name,
                    "namespace": NAMESPACE,
                },
            },
            opts=self._child(after),
        )

    def _gateway(
        self, after: pulumi.Resource, address: pulumi.Output[str] | None
    ) -> k8s.apiextensions.CustomResource:
        annotations: dict[str, pulumi.Input[str]] = {"pulumi.com/waitFor": "condition=Programmed"}
        if self._entrance.issuer:
            annotations["cert-manager.io/cluster-issuer"] = self._entrance.issuer
        if address is not None:
            annotations["external-dns.alpha.kubernetes.io/target"] = address
        listeners = [listener.spec for listener in self._entrance.listeners]
        return self._custom(
            _GATEWAY_API,
            "Gateway",
            {"gatewayClassName": self._name, "listeners": listeners},
            annotations=annotations,
            opts=self._child(after, *self._labelled),
        )

    def _redirect(self, after: pulumi.Resource) -> None:
        # Not 301, after which clients would repeat the request as GET and without the body.
        redirect = {"scheme": "https", "statusCode": 308}
        self._custom(
            _GATEWAY_API,
            "HTTPRoute",
            {
                "parentRefs": [{"name": self._name, "sectionName": "redirect"}],
                "rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": redirect}]}],
            },
            opts=self._child(after),
        )

    def _of_clients(self, after: pulumi.Resource) -> None:
        target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": self._name}
        spec = client_policy(self._entrance, self._settings.gateway, self._longest)
        spec = {"targetRefs": [target], **spec}
        self._custom(_EXTENSIONS, "ClientTrafficPolicy", spec, opts=self._child(after))

    def _custom(
        self,
        api_version: str,
        kind: str,
        spec: dict[str, Any],
        *,
        annotations: dict[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions,
    ) -> k8s.apiextensions.CustomResource:
        # An empty mapping would be a difference in every preview: the API server drops it.
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=self._name,
            namespace=None if kind == "GatewayClass" else NAMESPACE,
            annotations=annotations,
        )
        return k8s.apiextensions.CustomResource(
            f"{self._name}-{kind.lower()}",
            api_version=api_version,
            kind=kind,
            metadata=metadata,
            spec=spec,
            opts=opts,
        )

    def _address(self, made: pulumi.CustomResource | None) -> pulumi.Output[str]:
        """Return the address of the Service that the controller creates for the Gateway, once it is
        programmed.
        """
        service_id = f"{NAMESPACE}/{SERVICE}"
        service = k8s.core.v1.Service.get(
            SERVICE,
            # Unknown in the preview that creates the Gateway, so that the Service is not read before it
            # exists.
            made.id.apply(lambda _: service_id) if made else service_id,
            opts=self._child(*([made] if made else [])),
        )
        wanted = self._settings.gateway.service_type
        return service.spec.apply(
            lambda spec: service.status.apply(lambda status: _reached(spec, status, wanted))
        )


def _reached(
    spec: k8s.core.v1.outputs.ServiceSpec, status: k8s.core.v1.outputs.ServiceStatus | None, wanted: str
) -> str:
    """Return the address of a Service. The live type overrides `wanted`: the Service may be another
    stack's.
    """
    return str(spec.cluster_ip) if (spec.type or wanted) == "ClusterIP" else _load_balancer_address(status)


def _load_balancer_address(status: k8s.core.v1.outputs.ServiceStatus | None) -> str:
    """Return the host name or address of a provisioned load balancer."""
    balancer = status.load_balancer if status else None
    ingress = balancer.ingress[0] if balancer and balancer.ingress else None
    return str(ingress.hostname or ingress.ip) if ingress else "pending"
