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

        namespace = self._namespace()
        controller = self._controller(namespace, after=self._definitions(namespace))
        entrance = self._entrance(namespace, after=controller)

        self.address = self._address(entrance)
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

    def _controller(
        self, namespace: k8s.core.v1.Namespace, after: pulumi.Resource
    ) -> k8s.helm.v3.Release:
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

    def _entrance(
        self, namespace: k8s.core.v1.Namespace, after: pulumi.Resource
    ) -> k8s.apiextensions.CustomResource:
        proxy = self._custom(
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
        gateway_class = self._custom(
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
            opts=self._child(proxy),
        )
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
            opts=self._child(gateway_class),
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
        annotations = {"pulumi.com/waitFor": wait_for} if wait_for else {}
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

    def _address(self, entrance: k8s.apiextensions.CustomResource) -> pulumi.Output[str]:
        """Read the Service that the controller made for the Gateway, once it is programmed."""
        service = k8s.core.v1.Service.get(
            SERVICE,
            entrance.id.apply(lambda _: f"{NAMESPACE}/{SERVICE}"),
            opts=self._child(entrance),
        )
        if self._settings.gateway.service_type == "ClusterIP":
            return service.spec.apply(lambda spec: str(spec.cluster_ip))
        return service.status.apply(
            lambda status: str(
                status.load_balancer.ingress[0].hostname or status.load_balancer.ingress[0].ip
            )
        )
