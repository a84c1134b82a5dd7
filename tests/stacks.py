"""A stack of a test's own: its file, its state and its namespace, beside whatever the machine runs."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from axon.found import environment, found_cluster
from axon.kubectl import KUBECTL
from axon.machine import LocalSettings
from axon.toolchain.pulumi_engine import engine_path
from stacks.settings.loading import STACKS, config_of
from stacks.settings.source import read_source

PROJECT = Path(__file__).parents[1]
_LINKED = (
    ".venv",
    "Pulumi.yaml",
    "__main__.py",
    "components",
    "axon",
    "predictor_images",
    "stacks/settings",
)


class Stack:
    """One stack in a project folder that differs from this one in its stack file alone."""

    def __init__(
        self, folder: Path, name: str, settings: dict[str, Any], more: Mapping[str, str] | None = None
    ) -> None:
        self.folder, self.name, self.settings = folder, name, settings
        found = {**environment_of_tests(), **(more or {})}
        # The Kubernetes provider leaves a file behind for each chart that it looks at.
        own = {"PULUMI_BACKEND_URL": f"file://{folder}/state", "TMPDIR": f"{folder}/tmp"}
        self.environment = {**found, **own, "NO_COLOR": "1"}

    def write(self) -> None:
        """Write the settings as the stack's file, keeping what the engine wrote into it."""
        keys = {f"axon:{key}": value for key, value in self.settings.items()}
        content = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        self.file.write_text(yaml.safe_dump({**content, "config": keys}, sort_keys=False))

    @property
    def file(self) -> Path:
        return self.folder / "stacks" / f"Pulumi.{self.name}.yaml"

    def pulumi(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the engine on this stack, with the settings as they are."""
        return self._run("pulumi", *words, "--stack", self.name, "--non-interactive", check=check)

    def axon(self, command: str) -> str:
        """Run a command of `axon` on this stack, and return what it prints."""
        python = str(self.folder / ".venv/bin/python")
        return self._run(python, "-m", "axon", command, "--stack", self.name, check=True).stdout

    def _run(self, *command: str, check: bool) -> subprocess.CompletedProcess[str]:
        self.write()
        run = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or run.returncode == 0, run.stdout + run.stderr
        return run

    def up(self, *words: str) -> None:
        """Make the world as the settings say."""
        self.pulumi("up", "--yes", "--skip-preview", *words)

    def changes(self, *words: str) -> dict[str, str]:
        """Preview, and return what would happen to each resource that would not stay as it is."""
        preview = json.loads(self.pulumi("preview", "--json", *words).stdout)
        return {
            step["urn"].split("::", 2)[2].rsplit("$", 1)[-1]: step["op"]
            for step in preview["steps"]
            if step["op"] not in ("same", "read", "refresh")
        }

    def endpoints(self) -> dict[str, str]:
        return json.loads(self.pulumi("stack", "output", "--json").stdout)["endpoints"]

    def state(self) -> str:
        """Return the state as the engine stores it."""
        return (self.folder / f"state/.pulumi/stacks/axon/{self.name}.json").read_text()

    @property
    def namespace(self) -> str:
        return self.settings["platform"]["namespace"]


def of_file(name: str, folder: Path = STACKS) -> dict[str, Any]:
    """Return what a stack's file says, as plain data."""
    file = folder / f"Pulumi.{name}.yaml"
    return config_of(file, read_source(file, file.name))


def beside_local(name: str) -> dict[str, Any]:
    """Return the settings of the stack `local`, in a namespace of its own on the platform that is there."""
    settings = of_file("local")
    settings["platform"] |= {"namespace": f"axon-{name}", "install": False}
    return settings


@contextmanager
def stack(
    folder: Path, name: str, settings: dict[str, Any], more: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Make a stack and remove all of it in the end."""
    (folder / "stacks").mkdir(parents=True)
    for own in ("state", "tmp"):
        (folder / own).mkdir()
    shutil.copytree(PROJECT / "predictors", folder / "predictors")
    for part in _LINKED:
        (folder / part).symlink_to(PROJECT / part)
    if (PROJECT / "local/charts").exists():
        (folder / "local").mkdir()
        (folder / "local/charts").symlink_to(PROJECT / "local/charts")
    made = Stack(folder, name, settings, more)
    made.pulumi("stack", "init", check=True)
    try:
        yield made
    finally:
        made.pulumi("destroy", "--yes", "--skip-preview")
        made.pulumi("stack", "rm", "--yes", "--preserve-config")


def environment_of_tests() -> dict[str, str]:
    """Return the environment that `axon env` prints, whole."""
    settings = LocalSettings()
    ours = environment(settings, engine_path(settings), local_cluster=not found_cluster(settings))
    return {**os.environ, **ours}


def kubectl(*words: str, check: bool = True, stdin: str = "") -> str:
    """Run kubectl on the cluster of the tests."""
    run = subprocess.run(
        [KUBECTL, *words],
        env=environment_of_tests(),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or run.returncode == 0, run.stderr
    return run.stdout


def get(kind: str, name: str, namespace: str) -> dict[str, Any]:
    """Return an object of the cluster."""
    return json.loads(kubectl("get", kind, name, "-n", namespace, "-o", "json"))
