"""The stack file of a smoke test: an environment's, under another name, with nothing that outlives it."""

import copy
from pathlib import Path
from typing import Any

import yaml

from axon.aws_cli import is_principal, principal_of
from axon.stack_file import raw_of
from stacks.settings import load_file
from stacks.settings.aws.eks import EksCluster
from stacks.settings.source import NAMESPACE
from stacks.settings.yaml_dump import dumped

# What belongs to the environment alone: its names, its people's mail, its protection, the limit of its roles.
_NOT_TAKEN = ("protected", "budget", "external_dns", "permissions_boundary")


class StackFile:
    """A stack file that is written anew before each step, and keeps the keys that the engine added."""

    def __init__(self, stacks: Path, stack: str) -> None:
        """Take the environment's name; its file is read, and never written."""
        self.name = f"smoke-{stack}"
        self.file = stacks / f"Pulumi.{self.name}.yaml"
        self._source = stacks / f"Pulumi.{stack}.yaml"
        self.provider = str(yaml.safe_load(self._source.read_text()).get("secretsprovider") or "")
        self.settings = smoke_settings(raw_of(self._source.read_text()), self.name)

    @property
    def cluster(self) -> dict[str, Any]:
        """The settings of the cluster, to be changed."""
        return self.settings["cluster"]

    def let_in(self, arn: str) -> None:
        """Give whoever runs the test access to the cluster, if the environment does not."""
        access: dict[str, Any] = self.cluster.setdefault("access", {})
        if not any(is_principal(arn, entry["principal_arn"]) for entry in access.values()):
            access["smoke"] = {"principal_arn": principal_of(arn), "policy": "cluster-admin"}

    def write(self) -> EksCluster:
        """Write the settings as they are now, and return those of the cluster.

        Raises:
            SettingsError: when a change does not fit the rest.
        """
        kept = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        config = {f"{NAMESPACE}{key}": value for key, value in self.settings.items()}
        self.file.write_text(dumped({**kept, "config": config}))
        cluster = load_file(self.name).cluster
        assert isinstance(cluster, EksCluster)
        return cluster


def smoke_settings(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an environment's settings for a cluster of another name, which can be removed whole."""
    made = copy.deepcopy(given)
    cluster = {key: value for key, value in made["cluster"].items() if key not in _NOT_TAKEN}
    cluster["name"] = f"axon-{name}"
    cluster["model_store"] = {**cluster.get("model_store", {}), "delete_with_contents": True}
    balancer = {key: value for key, value in cluster.get("load_balancer", {}).items() if key != "tls"}
    balancer.pop("dns", None)
    balancer["plain_http"] = True  # as long as TLS is off
    return {**made, "cluster": {**cluster, "load_balancer": balancer}}
