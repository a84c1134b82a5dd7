"""The add-on vpc-cni's configuration, as the real component writes its options."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

# option, variable, and what the component sets by itself
_VARIABLES = (
    ("nodePortSupport", "AWS_VPC_CNI_NODE_PORT_SUPPORT", None),
    ("customNetworkConfig", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", None),
    ("warmEniTarget", "WARM_ENI_TARGET", "1"),
    ("warmIpTarget", "WARM_IP_TARGET", None),
    ("warmPrefixTarget", "WARM_PREFIX_TARGET", None),
    ("enablePrefixDelegation", "ENABLE_PREFIX_DELEGATION", None),
    ("logLevel", "AWS_VPC_K8S_CNI_LOGLEVEL", "DEBUG"),
    ("logFile", "AWS_VPC_K8S_CNI_LOG_FILE", "/host/var/log/aws-routed-eni/ipamd.log"),
    ("vethPrefix", "AWS_VPC_K8S_CNI_VETHPREFIX", "eni"),
    ("eniMtu", "AWS_VPC_ENI_MTU", "9001"),
    ("eniConfigLabelDef", "ENI_CONFIG_LABEL_DEF", None),
    ("enablePodEni", "ENABLE_POD_ENI", "false"),
    ("cniConfigureRpfilter", "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER", None),
    ("cniCustomNetworkCfg", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "false"),
    ("cniExternalSnat", "AWS_VPC_K8S_CNI_EXTERNALSNAT", "false"),
)
_PLUGIN = {
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "DEBUG",
    "AWS_VPC_K8S_PLUGIN_LOG_FILE": "/var/log/aws-routed-eni/plugin.log",
}


def values(options: Mapping[str, Any]) -> Any:
    """Return the add-on's configuration values as JSON."""
    return pulumi.Output.from_input(dict(options)).apply(lambda given: text(merged(given)))


def merged(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values: those that are given go before the options, and these before the component's own."""
    env = {**_PLUGIN}
    for option, variable, default in _VARIABLES:
        value = options.get(option) or default
        if value is not None:
            env[variable] = _word(value)
    start = {"DISABLE_TCP_EARLY_DEMUX": _word(options.get("disableTcpEarlyDemux") or "false")}
    given = dict(options.get("configurationValues") or {})
    if options.get("enableNetworkPolicy") is not None:
        given.setdefault("enableNetworkPolicy", _word(options["enableNetworkPolicy"]))
    first = given.get("init") or {}
    given["env"] = {**env, **(given.get("env") or {})}
    given["init"] = {**first, "env": {**start, **(first.get("env") or {})}}
    return given


def text(given: Any) -> str | None:
    return json.dumps(given, sort_keys=True, separators=(",", ":")) if given else None


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) else str(value)
