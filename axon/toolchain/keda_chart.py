"""KEDA's chart, generated from the manifests in its Go module, with those values of upstream's chart that
axon sets.
"""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from axon.kubectl import KUBECTL
from axon.steps import StepFailed
from components.platform import versions

# https://github.com/kedacore/charts/blob/main/keda/values.yaml
_VALUES = {
    "image": {
        "keda": {"registry": "ghcr.io", "repository": "kedacore/keda", "tag": versions.KEDA},
        "metricsApiServer": {
            "registry": "ghcr.io",
            "repository": "kedacore/keda-metrics-apiserver",
            "tag": versions.KEDA,
        },
        "pullPolicy": "Always",
    },
    "webhooks": {"enabled": False},
    "operator": {"replicaCount": 1},
    "metricsServer": {"replicaCount": 1},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [],
    "imagePullSecrets": [],
}
_IMAGES = {"keda-operator": "keda", "keda-metrics-apiserver": "metricsApiServer"}
_PARTS = {"keda-operator": "operator", "keda-metrics-apiserver": "metricsServer"}


def write_keda_chart(module: Path, chart: Path) -> None:
    """Write the chart from the module's folder."""
    manifests = [m for m in yaml.safe_load_all(_kustomized(module)) if m["kind"] != "Namespace"]
    definitions = [m for m in manifests if m["kind"] == "CustomResourceDefinition"]
    others = [_templated(m) for m in manifests if m["kind"] != "CustomResourceDefinition"]
    for folder in ("crds", "templates"):
        (chart / folder).mkdir(parents=True)
    about = {"apiVersion": "v2", "name": "keda", "version": versions.KEDA, "appVersion": versions.KEDA}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    (chart / "values.yaml").write_text(yaml.safe_dump(_VALUES))
    (chart / "crds/crds.yaml").write_text(yaml.safe_dump_all(definitions))
    (chart / "templates/keda.yaml").write_text("---\n".join(others))


def _kustomized(module: Path) -> str:
    command = [KUBECTL, "kustomize", str(module / "config/minimal")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"kubectl kustomize {module.name}: {run.stderr.strip()}")
    return run.stdout


def _templated(manifest: dict[str, Any]) -> str:
    """Return a manifest with the chart's values for a Deployment's image and node selection."""
    if manifest["kind"] == "ClusterRole" and manifest["metadata"]["name"] == "keda-operator":
        manifest = {**manifest, "rules": [_without_secrets(rule) for rule in manifest["rules"]]}
    if manifest["kind"] != "Deployment":
        return yaml.safe_dump(manifest, width=1000)
    pod = manifest["spec"]["template"]["spec"]
    container = pod["containers"][0]
    image = f".Values.image.{_IMAGES[container['name']]}"
    container["image"] = f"{{{{ {image}.registry }}}}/{{{{ {image}.repository }}}}:{{{{ {image}.tag }}}}"
    container["env"].append({"name": "KEDA_RESTRICT_SECRET_ACCESS", "value": "true"})
    container["imagePullPolicy"] = "{{ .Values.image.pullPolicy }}"
    # Ready at once when it is, not after a fixed 20 s.
    container["readinessProbe"].update(initialDelaySeconds=0, periodSeconds=2)
    pod.update(nodeSelector="NODES", tolerations="TAINTS", imagePullSecrets="SECRETS")
    manifest["spec"]["replicas"] = "REPLICAS"
    values = {
        "REPLICAS": f".Values.{_PARTS[container['name']]}.replicaCount",
        "NODES": "toJson .Values.nodeSelector",
        "TAINTS": "toJson .Values.tolerations",
        "SECRETS": "toJson .Values.imagePullSecrets",
    }
    text = yaml.safe_dump(manifest, width=1000)
    for word, value in values.items():
        text = text.replace(word, f"{{{{ {value} }}}}")
    return text


def _without_secrets(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as in the chart with `permissions.operator.restrict.secret`, limited to scaling
    Deployments and StatefulSets: it permits reading no Secret outside KEDA's namespace.
    """
    if rule["apiGroups"] == ["*"]:
        suffix = "/scale" if rule["resources"] == ["*/scale"] else ""
        resources = [f"{kind}{suffix}" for kind in ("deployments", "statefulsets")]
        return {**rule, "apiGroups": ["apps"], "resources": resources}
    return {**rule, "resources": [name for name in rule["resources"] if name != "secrets"]}
