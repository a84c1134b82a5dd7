"""Configuration files of the node's programs."""

import json
from pathlib import Path
from typing import Any

import yaml

from axon.files import write_if_other
from axon.machine import NODE, LocalSettings

BRIDGE = "axon-pods"
PROXY_HEALTH = "http://127.0.0.1:10256/healthz"
_CAP_SYS_RESOURCE = 24


def write_config(settings: LocalSettings, pause_image: str) -> None:
    """Write the files that differ: kube-proxy ends when its file is written, even with the same text."""
    folder = settings.data_dir / "config"
    (folder / "cni").mkdir(parents=True, exist_ok=True)
    write_if_other(folder / "kubelet.yaml", yaml.safe_dump(_kubelet(settings)))
    write_if_other(folder / "kube-proxy.yaml", yaml.safe_dump(_kube_proxy(settings)))
    write_if_other(folder / "containerd.toml", _containerd(settings, pause_image))
    write_if_other(folder / "cni" / "10-axon.conflist", json.dumps(_network(settings), indent=2))


def _kubelet(settings: LocalSettings) -> dict[str, Any]:
    """Return the kubelet's configuration:
    https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/.
    """
    pki = settings.data_dir / "pki"
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": settings.node_ip,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet.key",
        "containerRuntimeEndpoint": f"unix://{settings.run_dir}/containerd.sock",
        "clusterDNS": [settings.service_ip(10)],
        "clusterDomain": "cluster.local",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "healthzBindAddress": "127.0.0.1",
        "serializeImagePulls": False,
        # A machine's disk holds more than pods: evict only when it is all but full.
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "2%",
            "imagefs.available": "2%",
        },
        "imageGCHighThresholdPercent": 95,
        "imageGCLowThresholdPercent": 90,
    }


def _kube_proxy(settings: LocalSettings) -> dict[str, Any]:
    """Return kube-proxy's configuration:
    https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/.
    """
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": NODE,
        "clientConnection": {"kubeconfig": f"{settings.data_dir}/kubeconfig/proxy.yaml"},
        "clusterCIDR": settings.pod_cidr,
        "bindAddress": settings.node_ip,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "conntrack": {"maxPerCore": 0},
    }


def _network(settings: LocalSettings) -> dict[str, Any]:
    """Return the network's configuration: https://www.cni.dev/plugins/current/main/bridge/."""
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": f"{settings.data_dir}/ipam",
            "ranges": [[{"subnet": settings.pod_cidr}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return {"cniVersion": "0.4.0", "name": "axon", "plugins": [bridge]}


def _containerd(settings: LocalSettings, pause_image: str) -> str:
    """Return containerd's configuration:
    https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md.
    """
    return f"""\
version = 2
root = "{settings.data_dir}/containerd"
state = "{settings.run_dir}/containerd"
[grpc]
  address = "{settings.run_dir}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause_image}"
  disable_tcp_service = true
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = {str(not _may_raise_limits()).lower()}
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{settings.data_dir}/config/cni"
"""


def _may_raise_limits() -> bool:
    """Return True if this process has CAP_SYS_RESOURCE, without which no oom_score_adj can be lowered."""
    status = Path("/proc/self/status").read_text()
    effective = int(status.split("CapEff:")[1].split()[0], 16)
    return bool(effective & (1 << _CAP_SYS_RESOURCE))
