"""`python -m gitops COMMAND`: the report of a change, the cost of a stack, the table of prices."""

import argparse
import json
import sys
from pathlib import Path

from gitops.cost_text import table
from gitops.costs import cost_of
from gitops.engine import PreviewError, preview_json
from gitops.markdown import failure, to_markdown
from gitops.preview import read_preview
from gitops.refresh_prices import PRICE_LIST, RefreshError, refresh
from gitops.report import Exit, make_report
from gitops.stackfile import GitError, at_base, path_of
from stacks.settings import SettingsError, load_file

PROJECT = Path(__file__).parents[1]


def _report(arguments: argparse.Namespace) -> int:
    """Write what the branch would do to a stack, as Markdown.

    Ends with 0 (nothing is lost), 1 (the preview failed), 3 (something is destroyed) or 4 (a mandatory policy
    is not kept).
    """
    stack = arguments.stack
    try:
        settings = load_file(stack)
        given = arguments.preview
        document = json.loads(given.read_text()) if given else preview_json(stack, settings)
        old = at_base(arguments.base, stack)
    except (SettingsError, PreviewError, GitError) as error:
        _write(failure(stack, str(error).splitlines()), arguments.output)
        return Exit.FAILED
    report = make_report(
        stack, arguments.base, read_preview(document), old, (PROJECT / path_of(stack)).read_text()
    )
    _write(to_markdown(report), arguments.output)
    return report.exit


def _cost(arguments: argparse.Namespace) -> int:
    """Print what a stack costs a month."""
    cost = cost_of(load_file(arguments.stack))
    print(
        table(cost, arguments.stack) if cost else f"{arguments.stack}: nothing of it is on AWS",
        end="\n" * (not cost),
    )
    return Exit.SAFE


def _refresh_prices(arguments: argparse.Namespace) -> int:
    """Write the table of prices anew from AWS' price list."""
    for line in refresh(arguments.url, arguments.region):
        print(line)
    return Exit.SAFE


def _write(text: str, output: Path | None) -> None:
    if output:
        output.write_text(text)
    else:
        sys.stdout.write(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gitops", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run in (_report, _cost, _refresh_prices):
        name = run.__name__.strip("_").replace("_", "-")
        command = commands.add_parser(name, help=(run.__doc__ or "").splitlines()[0], description=run.__doc__)
        command.set_defaults(run=run)
        if run is _refresh_prices:
            command.add_argument("--url", default=PRICE_LIST, help="where the price list is")
            command.add_argument(
                "--region", action="append", help="only this one; default: those of the table"
            )
        else:
            command.add_argument("--stack", required=True)
        if run is _report:
            command.add_argument("--base", default="main", help="the branch to compare with (default: main)")
            command.add_argument("--output", type=Path, help="a file; default: standard output")
            command.add_argument(
                "--preview", type=Path, help="a preview's JSON, instead of running the engine"
            )
    return parser


def main() -> int:
    """Run one command; what a user can mend is one message, not a traceback."""
    arguments = _parser().parse_args()
    try:
        return arguments.run(arguments)
    except (SettingsError, RefreshError) as error:
        print(error, file=sys.stderr)
        return Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())
