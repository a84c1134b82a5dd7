"""The one entrance to every model API: Envoy Gateway and a Gateway of the Gateway API."""

import pulumi
import pulumi_kubernetes as k8s

from components.platform import versions
from components.platform.chart import chart, release
from stacks.settings import images, platform

NAMESPACE = "envoy-gateway-system"
SERVICE = "axon-gateway"
# https://gateway.envoyproxy.io/docs/api/extension_types/#envoygateway : the controller's own name
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"


class Gateway(pulumi.ComponentResource):
    """Gateway API CRDs, the Envoy Gateway controller, and one Gateway that all models share."""

    address: pulumi.Output[str]
    """Host name or IP address that clients reach the gateway at."""

    url: pulumi.Output[str]
    """`http://` and the address, with the port unless it is 80."""

    def __init__(
        self,
        name: str,
        settings: platform.Platform,
        registry: images.Images,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:Gateway", name, None, opts)
        self._name, self._settings, self._images = name, settings, registry

        self.address = self._address(self._entrance() if settings.install else None)
        port = settings.gateway.port
        self.url = pulumi.Output.concat("http://", self.address, "" if port == 80 else f":{port}")
        self.register_outputs({"address": self.address, "url": self.url})

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _namespace(self) -> k8s.core.v1.Namespace:
        # Restricted: controller and proxies run without root and without capabilities.
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        metadata = k8s.meta.v1.ObjectMetaArgs(name=NAMESPACE, labels=labels)
        return k8s.core.v1.Namespace(NAMESPACE, metadata=metadata, opts=self._child())

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
        # Its certificates are made by a job that is one of Helm's hooks.
        return release(
            versions.GATEWAY_CHART,
            mirror=self._settings.charts,
            namespace=namespace.metadata.name.apply(str),
            values={
                "crds": {"enabled": False},
                "global": {
                    "images": {
                        "envoyGateway": {"image": self._images.mirrored(versions.ENVOY_GATEWAY_IMAGE)},
                    }
                },
            },
            opts=self._child(namespace, after),
        )

    def _entrance(self) -> k8s.apiextensions.CustomResource:
        namespace = self._namespace()
        controller = self._controller(namespace, after=self._definitions(namespace))
        proxy = self._proxy(namespace, after=controller)
        return self._gateway(self._class(after=proxy))

    def _proxy(
        self, namespace: k8s.core.v1.Namespace, after: pulumi.Resource
    ) -> k8s.apiextensions.CustomResource:
        return self._custom(
            "gateway.envoyproxy.io/v1alpha1",
            "EnvoyProxy",
            {
                "provider": {
                    "type": "Kubernetes",
                    "kubernetes": {
                        "envoyService": {
                            "name": SERVICE,
                            "type": self._settings.gateway.service_type,
                        },
                        "envoyDeployment": {
                            "replicas": self._settings.gateway.replicas,
                            "container": {"image": self._images.mirrored(versions.ENVOY_IMAGE)},
                        },
                    },
                }
            },
            opts=self._child(namespace, after),
        )

    def _class(self, after: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        return self._custom(
            "gateway.networking.k8s.io/v1",
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

    def _gateway(self, after: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        listener = {
            "name": "http",
            "protocol": "HTTP",
            "port": self._settings.gateway.port,
            "allowedRoutes": {"namespaces": {"from": "All"}},
        }
        return self._custom(
            "gateway.networking.k8s.io/v1",
            "Gateway",
            {"gatewayClassName": self._name, "listeners": [listener]},
            wait_for="condition=Programmed",
            opts=self._child(after),
        )

    def _custom(
        self,
        api_version: str,
        kind: str,
        spec: dict[str, object],
        *,
        wait_for: str | None = None,
        opts: pulumi.ResourceOptions,
    ) -> k8s.apiextensions.CustomResource:
        # An empty mapping would be a difference in every preview: the API server does not keep it.
        annotations = {"pulumi.com/waitFor": wait_for} if wait_for else None
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

    def _address(self, entrance: pulumi.CustomResource | None) -> pulumi.Output[str]:
        """Read the Service that the controller makes for the Gateway, once it is programmed."""
        service_id = f"{NAMESPACE}/{SERVICE}"
        service = k8s.core.v1.Service.get(
            SERVICE,
            # Unknown in the preview that creates the Gateway, so not read before it is there.
            entrance.id.apply(lambda _: service_id) if entrance else service_id,
            opts=self._child(*([entrance] if entrance else [])),
        )
        if self._settings.gateway.service_type == "ClusterIP":
            return service.spec.apply(lambda spec: str(spec.cluster_ip))
        return service.status.apply(_load_balancer_address)


def _load_balancer_address(status: k8s.core.v1.outputs.ServiceStatus | None) -> str:
    """Return the host name (AWS) or address (others) of a load balancer that is up."""
    balancer = status.load_balancer if status else None
    ingress = balancer.ingress[0] if balancer and balancer.ingress else None
    return str(ingress.hostname or ingress.ip) if ingress else "pending"
