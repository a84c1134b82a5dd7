"""Word linter: finds words that STYLE.md rules out, and docstrings that open with a question word.

The words, and the files that follow the style already, are in pyproject.toml (`tool.axon.words`).
"""

import ast
import os
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
RULES = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["axon"]["words"]
AVOID = {re.compile(pattern, re.IGNORECASE): hint for pattern, hint in RULES["avoid"].items()}
_OPENING = re.compile(r"(What|Which|Who|Whom|Whose|Whether|Where|Why)\b")
# Names of other things: code in backquotes, and the targets of links.
_NAMES = re.compile(r"`[^`]*`|\]\([^)]*\)")


def problems(file: Path) -> Iterator[str]:
    """Yield one line per problem of a file."""
    is_python, shown = file.suffix == ".py", os.path.relpath(file)
    for number, line in _python_prose(file) if is_python else _prose(file):
        for pattern, hint in AVOID.items():
            if match := pattern.search(_NAMES.sub("", line)):
                yield f'{shown}:{number}: "{match[0]}" (use {hint})'
    for node in ast.walk(ast.parse(file.read_text())) if is_python else ():
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))) if opening := _OPENING.match(text.strip()):
                yield f'{shown}:{node.lineno}: docstring opens with "{opening[0]}" (use a noun or a verb)'
            case _:
                pass


def _prose(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of Markdown or YAML that are not code."""
    fenced = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        fenced ^= line.startswith("```")
        if not fenced and not (file.suffix == ".md" and re.match(r" {4}(?![-*] )", line)):
            yield number, line


def _python_prose(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of comments and strings."""
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type in (tokenize.COMMENT, tokenize.STRING):
                yield from enumerate(token.string.splitlines(), token.start[0])


def main() -> int:
    """Check every file that follows the style; return 1 if one has a problem."""
    files = {file for pattern in RULES["clean"] for file in PROJECT.glob(pattern)}
    checked = sorted(file for file in files if str(file.relative_to(PROJECT)) not in RULES["exempt"])
    found = [problem for file in checked for problem in problems(file)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
