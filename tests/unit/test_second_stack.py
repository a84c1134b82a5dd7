"""A second stack of a cluster: its models answer at the gateway that is there, whatever its Service is."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components import Platform
from stacks.settings import Images
from stacks.settings import Platform as PlatformSettings
from tests.unit.conftest import SERVICE, Recorder

IMAGES = Images(registry="registry.example/axon")
BALANCER = {"loadBalancer": {"ingress": [{"hostname": "nlb"}]}}


@pytest.mark.parametrize(
    ("service", "settings", "url"),
    [
        ({"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.9"}, "status": {}}, {}, "http://10.0.0.9"),
        ({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.9"}, "status": BALANCER}, {}, "http://nlb"),
        (
            {"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.9"}, "status": BALANCER},
            {"gateway": {"service_type": "ClusterIP"}},
            "http://nlb",
        ),
    ],
)
def test_a_guest_reads_the_gateway_that_is_there(
    deploy: Callable[[Callable[[], Any]], Recorder],
    monkeypatch: pytest.MonkeyPatch,
    service: dict[str, Any],
    settings: dict[str, Any],
    url: str,
) -> None:
    for key, value in service.items():
        monkeypatch.setitem(SERVICE, key, value)
    found: list[str] = []

    def program() -> pulumi.Output[Any]:
        opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster"))
        given = PlatformSettings.model_validate({"install": False, "namespace": "team-b", **settings})
        return Platform("platform", given, IMAGES, opts=opts).url.apply(found.append)

    deploy(program)

    assert found == [url]
