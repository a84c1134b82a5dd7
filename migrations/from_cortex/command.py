"""Command that converts Cortex files: the stack file to stdout, the report to stderr."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from migrations.from_cortex import convert
from migrations.from_cortex.reading import read
from stacks.settings.errors import one_line
from stacks.settings.yaml_text import Unreadable


def convert_files(paths: Sequence[Path]) -> int:
    """Convert the files; return 1 if a file cannot be read."""
    files: dict[str, Any] = {}
    for file in paths:
        try:
            files[str(file)] = read(file.read_bytes())
        except OSError as error:
            print(f"{file}: {error.strerror}", file=sys.stderr)
            return 1
        except Unreadable as error:
            print(f"{file}:{error.line}: {one_line(error.message)}", file=sys.stderr)
            return 1
    made = convert(files, _source)
    print(made.text(), end="")
    for note in made.notes:
        print(one_line(str(note)), file=sys.stderr)
    return 0


def _source(spec: str, path: str) -> tuple[str, str] | None:
    """Return the path and the text of a class's file, from its path relative to the folder of its API
    spec.
    """
    file = Path(spec).parent / path
    try:
        return str(file), file.read_text(encoding="utf-8")
    except (OSError, ValueError):  # missing, or not text
        return None
