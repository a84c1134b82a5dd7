"""Cluster DNS: CoreDNS, which every Kubernetes has before anything is installed."""

import json
from typing import Any

from axon.machine import LocalSettings

_LABELS = {"k8s-app": "kube-dns"}
_NAME = "coredns"


def manifest(settings: LocalSettings, image: str) -> str:
    """Return the objects of CoreDNS."""
    objects = [
        {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": _metadata()},
        _role(),
        _binding(),
        {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": _metadata(),
            "data": {"Corefile": _corefile()},
        },
        _deployment(image),
        _service(settings),
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _metadata() -> dict[str, Any]:
    return {"name": _NAME, "namespace": "kube-system", "labels": _LABELS}


def _corefile() -> str:
    """Return the Corefile: the cluster's names are resolved here, all others by the node's own resolver."""
    return """\
.:5353 {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 5
    reload
    loadbalance
}
"""


def _role() -> dict[str, Any]:
    core = {"apiGroups": [""], "resources": ["services", "pods", "namespaces"]}
    slices = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"]}
    return {
        "kind": "ClusterRole",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": "system:coredns"},
        "rules": [{**rule, "verbs": ["list", "watch"]} for rule in (core, slices)],
    }


def _binding() -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "kind": "ClusterRoleBinding",
        "apiVersion": f"{group}/v1",
        "metadata": {"name": "system:coredns"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:coredns"},
        "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": "kube-system"}],
    }


def _deployment(image: str) -> dict[str, Any]:
    container = {
        "name": _NAME,
        "image": image,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 5353, "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "failureThreshold": 5},
        "resources": {"requests": {"cpu": "20m", "memory": "40Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    pod = {
        "serviceAccountName": _NAME,
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": _NAME}}],
    }
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": _metadata(),
        "spec": {
            "selector": {"matchLabels": _LABELS},
            "template": {"metadata": {"labels": _LABELS}, "spec": pod},
        },
    }


def _service(settings: LocalSettings) -> dict[str, Any]:
    ports = [
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "targetPort": "dns-tcp", "protocol": "TCP"},
    ]
    metadata = {**_metadata(), "name": "kube-dns"}
    spec = {"selector": _LABELS, "clusterIP": settings.service_ip(10), "ports": ports}
    return {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec}
