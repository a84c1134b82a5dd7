"""The steps of a smoke test, in the order of a stack's life."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stacks.settings.aws.instances import InstanceType, instance_type, instance_types
from tests.load import load
from tests.smoke.certificate import imported, until_answered
from tests.smoke.commands import Commands, Failed
from tests.smoke.stackfile import StackFile

Step = tuple[str, Callable[[], None]]


class Life:
    """One stack on AWS, from its first update to its removal."""

    def __init__(self, file: StackFile, commands: Commands, logs: Path) -> None:
        self._file, self._commands, self._logs = file, commands, logs
        self._model = next(iter(file.settings["models"]))

    def steps(self) -> list[Step]:
        """Return the steps between the first update and the removal; each leaves the stack up."""
        return [
            ("predict", self.predict),
            ("a rollout under load", self.rollout),
            ("a zone is added, and removed again", self.zone),
            ("TLS is turned on, and off again", self.tls),
            ("a node group gets another instance type", self.instance_type),
            ("nodes and add-ons are patched", self.patch),
            ("an update is killed in the middle, and done again", self.killed),
        ]

    def up(self, step: str = "up") -> None:
        """Make the stack as its file says."""
        self._file.write()
        self._make(step, "up")

    def init(self) -> None:
        """Create the engine's stack, with the environment's own key."""
        who = self._commands.run("up", "aws", "sts", "get-caller-identity", "--output", "json")
        self._file.let_in(json.loads(who)["Arn"])
        self._file.write()
        provider = ("--secrets-provider", self._file.provider) if self._file.provider else ()
        self._commands.run("up", "pulumi", "stack", "init", self._file.name, *provider)

    def predict(self) -> None:
        """Ask every model for its sample's prediction."""
        self._make("predict", "predict")

    def rollout(self) -> None:
        """Change a model while clients ask it: none of them may see it."""
        url = self._endpoints()[self._model]
        model = self._file.settings["models"][self._model]
        with load(url) as answered:
            model["env"] = {**model.get("env", {}), "SMOKE_ROLLOUT": "1"}
            self.up("rollout")
        failed = {outcome: count for outcome, count in answered.outcomes.items() if outcome != "200"}
        if failed:
            raise Failed(f"of {answered.count} requests some failed: {failed}")

    def zone(self) -> None:
        """Give the nodes one zone more, and take it away."""
        network: dict[str, Any] = self._file.cluster.setdefault("network", {})
        before = network.get("zone_count", 3)
        self._there_and_back("zone", network, "zone_count", before + 1, before)

    def tls(self) -> None:
        """Let TLS end at the load balancer, with a certificate of the test's own; then without again."""
        region = self._file.write().region
        balancer: dict[str, Any] = self._file.cluster.setdefault("load_balancer", {})
        with imported(self._commands, region, self._logs) as (arn, certificate):
            balancer["tls"] = {"certificate_arn": arn}
            try:
                self.up("tls")
                address = urlsplit(self._endpoints()[self._model])
                until_answered(f"https://{address.hostname}{address.path}", certificate)
            finally:
                del balancer["tls"]
                self.up("tls off")
        self.predict()

    def instance_type(self) -> None:
        """Replace the nodes of the first group for models by those of a like type."""
        groups = self._file.cluster["node_groups"]
        group = next(group for group in groups.values() if group.get("role") != "system")
        group["instance_types"] = [self._like(group["instance_types"][0])]
        self.up("instance type")
        self.predict()

    def patch(self) -> None:
        """Raise the nodes' image and the add-ons to their newest patch, if there is one."""
        self._make("patch", "patch")
        self.up("patch")

    def killed(self) -> None:
        """Kill an update once it has begun to change AWS; then do what `make up` says, and update again."""
        model = self._file.settings["models"][self._model]
        model["env"] = {**model.get("env", {}), "SMOKE_KILLED": "1"}
        self._file.cluster["tags"] = {**self._file.cluster.get("tags", {}), "smoke": "killed"}
        self._file.write()
        command = ["make", "up", f"STACK={self._file.name}"]
        self._commands.interrupted("killed", command, "updating")
        for words in (("cancel", "--yes"), ("refresh", "--yes", "--clear-pending-creates", "--skip-preview")):
            self._pulumi("killed", *words)
        self.up("killed")
        self.predict()

    def down(self) -> None:
        """Remove the stack; nothing that has its tag may be left."""
        region = self._file.write().region
        self._make("down", "down", f"CONFIRM={self._file.name}")
        self._pulumi("down", "stack", "rm", "--yes", "--preserve-config")
        tag = f"Key=axon:cluster,Values={self._file.cluster['name']}"
        command = ("aws", "resourcegroupstaggingapi", "get-resources", "--region", region)
        found = json.loads(self._commands.run("down", *command, "--tag-filters", tag, "--output", "json"))
        arns = [row["ResourceARN"] for row in found["ResourceTagMappingList"]]
        # A key of KMS is there for 30 days more, and EC2's own index forgets some minutes late.
        if left := [arn for arn in arns if ":kms:" not in arn]:
            raise Failed(f"these are left, by their tag: {', '.join(left)}")
        self._file.file.unlink()

    def _there_and_back(self, step: str, at: dict[str, Any], key: str, there: Any, back: Any) -> None:
        at[key] = there
        try:
            self.up(step)
            self.predict()
        finally:
            at[key] = back
            self.up(f"{step} back")

    def _like(self, name: str) -> str:
        """Return another instance type of the region with the same processors, memory and devices."""
        own = instance_type(name)
        alike = [one for one in instance_types().values() if _size(one) == _size(own) and one.name != name]
        values = ",".join(one.name for one in alike)
        command = ("aws", "ec2", "describe-instance-type-offerings", "--location-type", "region")
        region = self._file.write().region
        options = ("--region", region, "--filters", f"Name=instance-type,Values={values}", "--output", "json")
        answer = self._commands.run("instance type", *command, *options)
        offered = sorted(row["InstanceType"] for row in json.loads(answer)["InstanceTypeOfferings"])
        if not offered:
            raise Failed(f"{region} offers no other type of the size of {name}")
        return min(offered, key=lambda other: other[0] != name[0])

    def _endpoints(self) -> dict[str, str]:
        return json.loads(self._pulumi("endpoints", "stack", "output", "endpoints", "--json"))

    def _make(self, step: str, *words: str) -> None:
        self._commands.run(step, "make", *words, f"STACK={self._file.name}")

    def _pulumi(self, step: str, *words: str) -> str:
        return self._commands.run(step, "pulumi", *words, "--stack", self._file.name, "--non-interactive")


def _size(one: InstanceType) -> tuple[object, ...]:
    return one.architecture, one.vcpu, one.memory, one.gpus, one.neuron_devices
