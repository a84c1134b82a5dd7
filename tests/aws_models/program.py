"""A stack's program, run in-process: each resource of AWS that it registers is made on an account."""

import asyncio
import json
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from stacks.settings import loading
from tests.aws_models import calls
from tests.aws_models.account import Account
from tests.aws_models.calls import deletion
from tests.aws_models.component import stand_in
from tests.aws_models.resource import Resource
from tests.doubles.shapes import inputs_of

PROJECT = Path(__file__).parents[2]
_SERVICE = {
    "spec": {"clusterIP": "10.96.0.99"},
    "status": {"loadBalancer": {"ingress": [{"hostname": "nlb"}]}},
}


@dataclass
class Recorder(Mocks):
    """What a program registers, made on an account."""

    account: Account
    default_tags: dict[str, str] = field(default_factory=dict)
    registered: list[MockResourceArgs] = field(default_factory=list)
    made: list[tuple[MockResourceArgs, str]] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        with self.lock:  # an account takes one call after the other, in the order of registration
            self.registered.append(args)
            if args.typ == "pulumi:providers:aws":
                self.default_tags = _tags_of(args.inputs)
            if args.typ.startswith("aws:"):
                made = calls.create(Resource(args.typ, args.name, self._inputs(args), self.account))
                self.made.append((args, made.id))
                return made.id, {**args.inputs, **made.outputs}
        read = _SERVICE if args.resource_id else {}
        return args.resource_id or f"{args.name}-id", {**args.inputs, **read}

    def _inputs(self, args: MockResourceArgs) -> dict[str, Any]:
        given = {key: value for key, value in args.inputs.items() if value is not None}
        if self.default_tags and "tags" in inputs_of(args.typ):
            given["tags"] = {**self.default_tags, **given.get("tags", {})}
        return given

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == "aws:index/getPartition:getPartition":
            return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}, []
        raise AssertionError(f"unexpected call of {args.token}")

    def ids(self, token: str) -> list[str]:
        """Return what AWS calls the resources of a type."""
        return [id_ for args, id_ in self.made if args.typ == token]

    def delete_all(self) -> None:
        """Delete what was made, the last first."""
        while self.made:
            args, id_ = self.made.pop()
            deletion.delete(Resource(args.typ, args.name, self._inputs(args), self.account), id_)

    def values_of(self, chart: str) -> Mapping[str, Any]:
        """Return the values of a Helm chart, by its name."""
        for one in self.registered:
            if str(one.inputs.get("chart", "")).rsplit("/", 1)[-1] == chart:
                return one.inputs["values"]
        raise AssertionError(f"no chart {chart}")


def _tags_of(provider: Mapping[str, Any]) -> dict[str, str]:
    tags = provider.get("defaultTags") or {}
    return (json.loads(tags) if isinstance(tags, str) else tags).get("tags", {})


def run_stack(text: str, account: Account, folder: Path) -> Recorder:
    """Run the program of a stack whose file has this text; `folder` is where the file is put."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "STACKS", folder)
        return _run(PROJECT / "__main__.py", text, account, folder, patch)


def run_bootstrap(text: str, account: Account, folder: Path) -> Recorder:
    """Run the program of `bootstrap/` with this text as its stack file."""
    (folder / "components").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        program = folder / "__main__.py"
        program.write_text((PROJECT / "bootstrap/__main__.py").read_text())
        return _run(program, text, account, folder, patch)


def _run(program: Path, text: str, account: Account, folder: Path, patch: pytest.MonkeyPatch) -> Recorder:
    (folder / "Pulumi.strict.yaml").write_text(text)
    config = yaml.safe_load(text)["config"]
    stand_in(patch)
    return run(
        lambda: runpy.run_path(str(program), run_name="axon_main"),
        account,
        {key: json.dumps(value) for key, value in config.items()},
    )


def run(program: Callable[[], Any], account: Account, config: Mapping[str, str] | None = None) -> Recorder:
    """Run a program, and wait until everything that it registers has been made."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    recorder = Recorder(account)
    pulumi.runtime.set_mocks(recorder, project="axon", stack="strict", monitor=MockMonitor(recorder))
    pulumi.runtime.set_all_config(dict(config or {}))

    @pulumi.runtime.test
    def drained() -> None:
        program()

    drained()
    return recorder
