"""The commands that write a report: of a change, and of drift."""

import json
import sys
from pathlib import Path

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
        found = report_of(stack, base, preview)
    except (SettingsError, BackendError, engine.PreviewError, GitError) as error:
        write(failure(stack, str(error).splitlines()), output)
        return Exit.FAILED
    write(to_markdown(found), output)
    return found.exit


def report_of(stack: str, base: str, preview: Path | None = None, *, refresh: bool = False) -> Report:
    """Return the report of what the stack file would change, beside the branch `base`."""
    if preview:
        load_file(stack)
        document = json.loads(preview.read_text())
    else:
        connected(stack)
        engine.select(stack)
        document = engine.preview_json(stack, refresh=refresh)
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
