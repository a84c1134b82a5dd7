"""The command that converts files of Cortex: the stack file to stdout, what has no match to stderr."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from migrations.from_cortex import convert
from migrations.from_cortex.reading import read
from stacks.settings.errors import one_line
from stacks.settings.yaml_text import Unreadable


def convert_files(paths: Sequence[Path]) -> int:
    """Convert the files; return 1 for one that cannot be read."""
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
    """Return the file of a class, by its path in the folder of its API spec, and its text."""
    file = Path(spec).parent / path
    try:
        return str(file), file.read_text(encoding="utf-8")
    except (OSError, ValueError):  # not there, or no text
        return None
