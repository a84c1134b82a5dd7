"""The commands that write a report: of a change, and of drift."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axon import engine
from axon.backend import BackendError
from axon.report.base_branch import read_base
from axon.report.drift import drift_of
from axon.report.markdown import failure, to_markdown
from axon.report.preview import read_preview
from axon.report.report import Exit, Report, make_report
from axon.session import connected
from axon.stack_file import GitError, at_base, path_of
from axon.state import is_busy
from stacks.settings import SettingsError, load_file
from stacks.settings.project import PROJECT


def report(stack: str, base: str, output: Path | None, preview: Path | None) -> int:
    """Write what the branch would do to a stack, and return the exit code (`Exit`).

    `preview` is a file with the engine's JSON, in place of running the engine.
    """
    try:
        found = report_of(stack, base, _document(stack, preview))
    except (SettingsError, BackendError, engine.EngineError, GitError) as error:
        write(failure(stack, str(error).splitlines()), output)
        return Exit.FAILED
    write(to_markdown(found), output)
    return found.exit


def _document(stack: str, preview: Path | None) -> Mapping[str, Any]:
    if preview:
        load_file(stack)
        return json.loads(preview.read_text())
    connected(stack)
    engine.select(stack)
    return engine.preview_json(stack)


def report_of(stack: str, base: str, document: Mapping[str, Any]) -> Report:
    """Return the report of a preview's JSON and of the stack file, compared with the branch `base`.

    Raises:
        GitError: when there is no such branch.
    """
    old, new = at_base(base, stack), (PROJECT / path_of(stack)).read_text()
    return make_report(stack, base, read_preview(document), old, new, read_base(base, stack))


def drift(stack: str, output: Path | None) -> int:
    """Write what has changed in the world since the last `up`, and return the exit code (`Exit`)."""
    connected(stack)
    before = engine.export(stack)
    preview = read_preview(engine.preview_json(stack, refresh=True))
    if is_busy(before, engine.export(stack)):
        print(f"{stack}: an update is under way or was interrupted; ask again afterwards", file=sys.stderr)
        return Exit.BUSY
    if preview.errors:
        write(failure(stack, preview.errors), output)
        return Exit.FAILED
    drifted, text = drift_of(stack, preview)
    write(text, output)
    return Exit.DRIFTED if drifted else Exit.SAFE


def write(text: str, output: Path | None) -> None:
    """Write a text to a file, or to standard output."""
    if output:
        output.write_text(text)
    else:
        sys.stdout.write(text)
