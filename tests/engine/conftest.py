"""The stacks of AWS on the real engine: doubles in the place of AWS, a real cluster for what is on it."""

import json
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from axon.images.publish import publish
from axon.machine import LocalSettings
from stacks.settings import Images
from stacks.settings import Stack as StackSettings
from stacks.settings.loading import load_file
from tests.aws_models.stack_files import with_what_there_is
from tests.conftest import ONE, SMALL
from tests.doubles import Account, Operation, target_group_bindings
from tests.doubles.platform import collect_charts, publish_addons
from tests.stacks import Stack, environment_of_tests, kubectl, of_file, stack


class Environments(Protocol):
    """Makes the stack of a file, such as `dev`, in an account of its own."""

    def __call__(self, name: str) -> AbstractContextManager["OnDoubles"]: ...


@dataclass
class OnDoubles:
    """A stack, and the account that it is made in."""

    stack: Stack
    account: Account
    previewed: dict[str, str] = field(default_factory=dict[str, str])
    """What the preview said before anything was there."""

    asked_in_preview: list[Operation] = field(default_factory=list[Operation])
    """What that preview asked AWS."""

    first: set[str] = field(default_factory=set[str])
    """What was there once all but the models was made."""

    models_before: str = ""
    """The models that were there then."""

    def cluster(self) -> dict[str, Any]:
        """Return the settings of the cluster, to be changed."""
        return self.stack.settings["cluster"]


@pytest.fixture(scope="session")
def environments(machine: LocalSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environments]:
    """Return what makes the stack of a file, such as `dev`, and removes it again."""
    local = of_file("local")["images"]
    publish(machine, load_file("local"))
    for name in ("dev", "prod"):  # with the architecture of their nodes in the tag
        publish(machine, StackSettings.model_validate({**of_file(name), "images": local}))
    publish_addons(machine, Images(**local))
    charts = tmp_path_factory.mktemp("charts") / "charts"
    collect_charts(machine, charts)

    @contextmanager
    def environment(name: str) -> Iterator[OnDoubles]:
        folder = tmp_path_factory.mktemp(name)
        with Account(folder / "account") as account:
            settings = _settings(name, local, account)
            own = f"{name}-{uuid.uuid4().hex[:6]}"
            with stack(folder / "axon", own, settings, _doubled(account)) as made:
                (made.folder / "charts").symlink_to(charts)
                _prefix(made)
                yield OnDoubles(made, account)

    # The one node plays the system group's.
    kubectl("label", "nodes", "--all", "axon.dev/role=system", "--overwrite")
    policy = json.dumps({"apiVersion": "v1", "kind": "List", "items": target_group_bindings.refusals()})
    kubectl("apply", "-f", "-", stdin=policy)
    yield environment
    kubectl("delete", "-f", "-", stdin=policy)
    kubectl("label", "nodes", "--all", "axon.dev/role-")


def _settings(name: str, images: dict[str, str], account: Account) -> dict[str, Any]:
    """Return the settings of a stack file, with images and charts that this machine has.

    The account has what they name: a certificate, a zone, and the boundary of roles of `make bootstrap`.
    """
    settings = of_file(name)
    if limit := settings["cluster"].get("permissions_boundary"):
        account.put("aws:iam/policy:Policy", limit, arn=limit)
    text = with_what_there_is(json.dumps(settings), settings["cluster"]["region"], account.endpoint)
    settings = json.loads(text)
    has_platform = kubectl("get", "gateways", "-A", "-o", "name", check=False) != ""
    platform = {
        **settings.get("platform", {}),
        "charts": "charts",
        "install": not has_platform,
        "gateway": {"replicas": 1},
    }
    return {**settings, "images": images, "platform": platform}


def _prefix(made: Stack) -> None:
    """Keep it apart from whatever else is on the cluster."""
    made.settings["platform"]["namespace"] = f"axon-{made.name}"
    for model, values in made.settings["models"].items():
        values["networking"] = {"endpoint": f"/{made.name}/{model}"}
        values["compute"], values["autoscaling"] = dict(SMALL), dict(ONE)


def _doubled(account: Account) -> dict[str, str]:
    environment = environment_of_tests()
    return account.environment(environment, Path(environment["KUBECONFIG"]))
