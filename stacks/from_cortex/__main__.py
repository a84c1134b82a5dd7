"""`python -m stacks.from_cortex FILE...`: the stack file to stdout, what has no match to stderr."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from stacks.from_cortex import convert


def main(arguments: list[str]) -> int:
    """Convert the files; return 1 for one that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m stacks.from_cortex", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="cluster.yaml or an API spec")
    files: dict[str, Any] = {}
    for file in parser.parse_args(arguments).files:
        try:
            files[str(file)] = yaml.safe_load(file.read_text())
        except OSError as error:
            print(f"{file}: {error.strerror}", file=sys.stderr)
            return 1
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            print(f"{file}:{line}: not YAML: {error.problem}", file=sys.stderr)
            return 1
    made = convert(files)
    print(made.text(), end="")
    for note in made.notes:
        print(note, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
