"""Device plugins: GPUs and Neuron devices as resources that pods can request."""

from typing import Any

import pulumi

from components.addons import SYSTEM
from components.kubernetes_cluster import OnAws
from components.platform import versions
from components.platform.chart import chart
from stacks.settings import images, platform

DEVICE_PLUGIN_LABEL = "axon.dev/device-plugin"


class DevicePlugins(pulumi.ComponentResource):
    """Upstream's charts, each only if a node group has its devices."""

    def __init__(
        self,
        name: str,
        on_aws: OnAws,
        settings: platform.Platform,
        registry: images.Images,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:DevicePlugins", name, None, opts)
        plugins = {group.device_plugin for group in on_aws.settings.node_groups.values()}
        for plugin, source, values in (
            ("nvidia", versions.NVIDIA_CHART, _nvidia(registry)),
            ("neuron", versions.NEURON_CHART, _neuron(registry)),
        ):
            if plugin in plugins:
                chart(
                    source,
                    mirror=settings.charts,
                    namespace=SYSTEM,
                    values=values,
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.register_outputs({})


def _nvidia(registry: images.Images) -> dict[str, Any]:
    return {
        "image": registry.chart_image(versions.NVIDIA_IMAGE),
        **registry.chart_secrets,
        "affinity": _on("nvidia"),
        "tolerations": [{"operator": "Exists"}],
    }


def _neuron(registry: images.Images) -> dict[str, Any]:
    image = {"repository": registry.mirrored(versions.NEURON_REPOSITORY)}
    # EKS' node monitoring agent already does the work of the chart's node problem detector.
    return {"devicePlugin": {"image": image, **registry.chart_secrets}, "npd": {"enabled": False}}


def _on(plugin: str) -> dict[str, Any]:
    """Return the affinity to nodes that need the plugin; Bottlerocket's images contain their own."""
    expression = {"key": DEVICE_PLUGIN_LABEL, "operator": "In", "values": [plugin]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
