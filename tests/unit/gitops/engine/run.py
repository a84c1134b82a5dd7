"""A run of the program `__main__.py` in this process, with a stack file of a test's."""

import asyncio
import gc
import json
import runpy
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from predictor_images import contexts
from stacks.settings import loading
from tests.aws_models.component import stand_in
from tests.doubles.shapes import digest
from tests.unit.gitops.engine.monitor import Monitor
from tests.unit.gitops.engine.state import State
from tests.unit.gitops.engine.steps import document_of

PROJECT = Path(__file__).parents[4]
Patch = Callable[[pytest.MonkeyPatch], None]
"""A change of the code, for as long as a run lasts."""


@cache
def deployed(stack: str, text: str) -> State:
    """Return the state after an update from nothing with this stack file."""
    monitor = Monitor(stack)
    _run(stack, text, monitor, preview=False)
    return monitor.after


def previewed(stack: str, text: str, state: State, patch: Patch | None = None) -> dict[str, Any]:
    """Return the document of a preview of this stack file against a state."""
    monitor = Monitor(stack, state)
    _run(stack, text, monitor, preview=True, patch=patch)
    monitor.finish()
    return document_of(monitor.steps)


def _run(stack: str, text: str, monitor: Monitor, *, preview: bool, patch: Patch | None = None) -> None:
    with _without_gc(), tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        Path(folder, f"Pulumi.{stack}.yaml").write_text(text)
        patched.setattr(loading, "STACKS", Path(folder))
        stand_in(patched)
        without_files(patched)
        if patch:
            patch(patched)
        asyncio.set_event_loop(asyncio.new_event_loop())
        pulumi.runtime.set_mocks(monitor.mocks, project="axon", stack=stack, preview=preview, monitor=monitor)
        config = yaml.safe_load(text)["config"]
        pulumi.runtime.set_all_config({key: json.dumps(value) for key, value in config.items()})
        _main()


@contextmanager
def _without_gc() -> Iterator[None]:
    """Pause the garbage collector: it takes a quarter of a run, which makes many objects that stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pulumi.runtime.test
def _main() -> None:
    runpy.run_path(str(PROJECT / "__main__.py"), run_name="axon_main")


def without_files(patch: pytest.MonkeyPatch, changed: str = "") -> None:
    """Make an image's tag of its repository, not of its files: these change with every commit.

    `changed` is the predictor's folder whose files have changed.
    """

    def tag(context: contexts.BuildContext, _: Any) -> str:
        is_changed = changed and context.repository.endswith(f"/{changed}")
        return digest(f"{context.repository}{' changed' if is_changed else ''}", 16)

    patch.setattr(contexts, "_files", lambda *_: {})
    patch.setattr(contexts.BuildContext, "_tag", tag)
