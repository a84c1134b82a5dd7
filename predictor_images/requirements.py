"""Parser of a predictor's `requirements.txt`: the files that its installation needs, and the pinned
versions.
"""

import re
from collections.abc import Mapping
from pathlib import Path

REQUIREMENTS = "requirements.txt"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])? *== *(?P<version>[^\s;#\\]+)", re.MULTILINE)


def packages_of(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return those of a predictor's files from which its packages are installed.

    These files are copied into the image before the rest, so that a changed model reinstalls no package.
    """
    found: dict[str, Path] = {}
    pending = [REQUIREMENTS] if REQUIREMENTS in files else []
    while pending:
        place = pending.pop()
        found[place] = files[place]
        if place.endswith((".txt", ".in")):
            text = files[place].read_text(errors="replace")
            parent = Path(place).parent
            pending += [named for named in _named(text, parent, files) if named not in found]
    return found


def pins_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the pinned version of each package in a `requirements.txt`, by normalized name."""
    if REQUIREMENTS not in files:
        return {}
    found = _PIN.finditer(files[REQUIREMENTS].read_text(errors="replace"))
    # https://packaging.python.org/en/latest/specifications/name-normalization/
    return {re.sub(r"[-_.]+", "-", pin["name"]).lower(): pin["version"] for pin in found}


def _named(text: str, parent: Path, files: Mapping[str, Path]) -> set[str]:
    """Return the files named by lines such as `-r base.txt`, `./wheels/a.whl` or `-e ./library`."""
    uncommented = re.sub(r"(^|\s)#.*", "", text, flags=re.MULTILINE)
    words = {word.removeprefix("file:") for word in re.split(r"[\s=,;]+", uncommented) if word}
    # References in a file are relative to it; paths are relative to pip's working directory.
    places = {
        (base / word.split("[")[0]).as_posix().strip("/") for word in words for base in (parent, Path())
    }
    return {file for file in files if any(file == place or file.startswith(f"{place}/") for place in places)}
