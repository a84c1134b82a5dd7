"""What the EKS double refuses of a program."""

import json
from typing import Any, ClassVar

import pytest

from tests.doubles.cni import merged
from tests.doubles.component import kubeconfig
from tests.doubles.eks import failures


class TestComponent:
    GOOD: ClassVar[dict[str, Any]] = {
        "accessEntries": {"me": {"principalArn": "arn", "accessPolicies": {}}},
        "authenticationMode": "API",
        "createOidcProvider": False,
        "kubeProxyAddonOptions": {"version": "v1.34.0-eksbuild.2"},
        "skipDefaultNodeGroup": True,
        "skipDefaultSecurityGroups": True,
        "vpcCniOptions": {"addonVersion": "v1.20.4-eksbuild.2"},
        "vpcId": "vpc-1",
    }

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({}, None),
            ({"verson": "1.34"}, "verson"),
            ({"skipDefaultNodeGroup": None}, "skipDefaultNodeGroup"),
            ({"createOidcProvider": True}, "createOidcProvider"),
            ({"vpcCniOptions": {}}, "vpcCniOptions.addonVersion"),
            ({"vpcCniOptions": {"addonVersion": "v1", "networkPolicy": True}}, "vpcCniOptions.networkPolicy"),
            ({"kubeProxyAddonOptions": None}, "kubeProxyAddonOptions.version"),
            ({"corednsAddonOptions": {"enabled": True}}, "corednsAddonOptions.version"),
            ({"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}, "publicAccessCidrs"),
            ({"authenticationMode": None}, "authenticationMode"),
            ({"accessEntries": {"me": {}}}, "accessEntries.me.principalArn"),
            ({"accessEntries": {"me": {"principalArn": "a", "policies": {}}}}, "accessEntries.me.policies"),
            (
                {"accessEntries": {"me": {"principalArn": "a", "accessPolicies": {"x": {"policyArn": "b"}}}}},
                "accessEntries.me.accessPolicies.x.accessScope",
            ),
            ({"fargate": True}, "fargate"),
            ({"vpcCniOptions": None, "useDefaultVpcCni": True}, None),
            ({"kubeProxyAddonOptions": {"enabled": False}}, None),
        ],
    )
    def test_refuses(self, change: dict[str, Any], path: str | None) -> None:
        found = [where for where, _ in failures({**self.GOOD, **change})]
        assert found == ([path] if path else [])

    def test_configuration_of_the_network_addon(self) -> None:
        made = merged({"enableNetworkPolicy": True, "enablePrefixDelegation": True, "warmIpTarget": 5.0})
        assert made["enableNetworkPolicy"] == made["env"]["ENABLE_PREFIX_DELEGATION"] == "true"
        assert made["env"]["WARM_IP_TARGET"] == "5"

    def test_kubeconfig(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AXON_DOUBLE_KUBECONFIG", "/a/path")
        assert kubeconfig("https://x") == "/a/path"
        monkeypatch.delenv("AXON_DOUBLE_KUBECONFIG")
        assert json.loads(kubeconfig("https://x"))["clusters"][0]["cluster"]["server"] == "https://x"
