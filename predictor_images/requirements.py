"""What a predictor's `requirements.txt` says: the files that it takes to install, and the pinned versions."""

import re
from collections.abc import Mapping
from pathlib import Path

REQUIREMENTS = "requirements.txt"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])? *== *(?P<version>[^\s;#\\]+)", re.MULTILINE)


def packages_of(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return, of a predictor's files, those that its packages are installed from.

    They are copied into the image before the rest, so that another model installs none again.
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
    """Return the version of each package that a `requirements.txt` pins, by its normalized name."""
    if REQUIREMENTS not in files:
        return {}
    found = _PIN.finditer(files[REQUIREMENTS].read_text(errors="replace"))
    # https://packaging.python.org/en/latest/specifications/name-normalization/
    return {re.sub(r"[-_.]+", "-", pin["name"]).lower(): pin["version"] for pin in found}


def _named(text: str, parent: Path, files: Mapping[str, Path]) -> set[str]:
    """Return the files that lines such as `-r base.txt`, `./wheels/a.whl` or `-e ./library` name."""
    spoken = re.sub(r"(^|\s)#.*", "", text, flags=re.MULTILINE)
    words = {word.removeprefix("file:") for word in re.split(r"[\s=,;]+", spoken) if word}
    # A file names others from where it is itself; a path is from where pip runs.
    places = {
        (base / word.split("[")[0]).as_posix().strip("/") for word in words for base in (parent, Path())
    }
    return {file for file in files if any(file == place or file.startswith(f"{place}/") for place in places)}
