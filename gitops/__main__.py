"""`python -m gitops COMMAND`: the report of a change, the cost of a stack, the table of prices."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitops.base import read_base
from gitops.bootstrap import FOLDER, bootstrap
from gitops.bootstrap_steps import next_steps
from gitops.cost_text import table
from gitops.costs import cost_of
from gitops.drift import drift_of
from gitops.endpoints import endpoints_of
from gitops.engine import PreviewError, outputs, preview_json
from gitops.environments import changed
from gitops.ephemeral import ephemeral, url_of
from gitops.failed_creation import replace_failed
from gitops.github import GithubError, Repository
from gitops.judged import judge, judging, line_of
from gitops.markdown import failure, to_markdown
from gitops.patch_file import patched
from gitops.patches import PatchError, patches_of, patches_text, running
from gitops.preview import read_preview
from gitops.protection import check_protection
from gitops.refresh_prices import PRICE_LIST, RefreshError, refresh
from gitops.report import Exit, make_report
from gitops.secrets import masked
from gitops.stackfile import GitError, at_base, path_of
from gitops.state import StateError, back_up, export, is_busy
from local.backend import BackendError, check_backend
from stacks.settings import SettingsError, Stack, load_file
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap_file import load_bootstrap_file

PROJECT = Path(__file__).parents[1]


def _report(arguments: argparse.Namespace) -> int:
    """Write what the branch would do to a stack, as Markdown.

    Ends with 0 (nothing is lost), 1 (the preview failed), 3 (something is destroyed) or 4 (a mandatory policy
    is not kept).
    """
    stack = arguments.stack
    given = arguments.preview
    try:
        load_file(stack) if given else _settings(stack)
        document = json.loads(given.read_text()) if given else preview_json(stack)
        old = at_base(arguments.base, stack)
        new, judged_by = (PROJECT / path_of(stack)).read_text(), read_base(arguments.base, stack)
        report = make_report(stack, arguments.base, read_preview(document), old, new, judged_by)
    except (SettingsError, BackendError, PreviewError, GitError) as error:
        _write(failure(stack, str(error).splitlines()), arguments.output)
        return Exit.FAILED
    _write(to_markdown(report), arguments.output)
    return report.exit


def _policies(arguments: argparse.Namespace) -> int:
    """Ask the policies about what `up` would change; ends with 4 if it must not."""
    stack = arguments.stack
    settings = _settings(stack)
    # On AWS the autoscaler changes what the engine must know before (docs/aws.md): as `make up` does.
    on_aws = isinstance(settings.cluster, EksCluster)
    preview = read_preview(preview_json(stack, refresh=on_aws))
    base = judging(arguments.base, stack, settings)
    if preview.errors:
        raise PreviewError("\n".join(str(masked(error)) for error in preview.errors))
    found = judge(preview, settings, stack, cost_of(settings), base)
    for violation in found:
        print(line_of(violation), file=sys.stderr)
    return Exit.FORBIDDEN if any(one.level == "mandatory" for one in found) else Exit.SAFE


def _changed(arguments: argparse.Namespace) -> int:
    """Print the environments that a branch may change, as a JSON list."""
    print(json.dumps(changed(arguments.base)))
    return Exit.SAFE


def _drift(arguments: argparse.Namespace) -> int:
    """Write what has changed in the world since the last `up`, as Markdown.

    Ends with 5 if something has, and with 6, without a word on it, while an update is under way.
    """
    stack = arguments.stack
    _settings(stack)
    before = export(stack)
    preview = read_preview(preview_json(stack, refresh=True))
    if is_busy(before, export(stack)):
        print(f"{stack}: an update is under way or was interrupted; ask again afterwards", file=sys.stderr)
        return Exit.BUSY
    if preview.errors:
        _write(failure(stack, preview.errors), arguments.output)
        return Exit.FAILED
    drifted, text = drift_of(stack, preview)
    _write(text, arguments.output)
    return Exit.DRIFTED if drifted else Exit.SAFE


def _back_up(arguments: argparse.Namespace) -> int:
    """Keep a copy of a stack's state; refuse to go on where an update was interrupted."""
    _settings(arguments.stack)
    _copied(arguments.stack)
    return Exit.SAFE


def _prepare(arguments: argparse.Namespace) -> int:
    """Before an update: `back-up`, then mark what EKS failed to create."""
    settings = _settings(arguments.stack)
    for line in replace_failed(settings, arguments.stack, _copied(arguments.stack)):
        print(line)
    return Exit.SAFE


def _copied(stack: str) -> Mapping[str, Any]:
    """Keep a copy of a stack's state, and return the state."""
    state = export(stack)
    if file := back_up(stack, state):
        print(f"state    copied to {file}")
    return state


def _comment(arguments: argparse.Namespace) -> int:
    """Write a report as the comment of a pull request, in place of the stack's earlier one."""
    print(_repository().comment(arguments.pull_request, arguments.file.read_text()))
    return Exit.SAFE


def _patch(arguments: argparse.Namespace) -> int:
    """Write newer releases of node images and add-ons into a stack file, as its pins."""
    settings, file = load_file(arguments.stack), PROJECT / path_of(arguments.stack)
    found = patches_of(_eks(settings, arguments.stack))
    file.write_text(patched(file.read_text(), found))
    load_file(arguments.stack)
    _write(patches_text(arguments.stack, found), None)
    return Exit.SAFE


def _patches(arguments: argparse.Namespace) -> int:
    """Write how old nodes and add-ons are, and what is newest, as Markdown; ends with 7 if that is newer."""
    settings = _settings(arguments.stack)
    cluster = _eks(settings, arguments.stack)
    found = patches_of(cluster, running(export(arguments.stack)))
    _write(patches_text(arguments.stack, found), arguments.output)
    return Exit.PATCHABLE if any(patch.is_due for patch in found) else Exit.SAFE


def _eks(settings: Stack, stack: str) -> EksCluster:
    if isinstance(settings.cluster, EksCluster):
        return settings.cluster
    raise PatchError(f"{stack} is not on AWS: its nodes are not axon's to patch")


def _issue(arguments: argparse.Namespace) -> int:
    """Open or edit a stack's issue, such as that of its drift, or close it."""
    text, repository = arguments.file.read_text(), _repository()
    if arguments.close:
        print(repository.close(text) or "no issue is open")
    else:
        print(repository.issue(f"{arguments.stack} {arguments.says}", text))
    return Exit.SAFE


def _repository(name: str | None = None) -> Repository:
    """Return a repository; without a name, that whose workflow runs, by the variables that GitHub sets."""
    names = ["GITHUB_TOKEN"] if name else ["GITHUB_REPOSITORY", "GITHUB_TOKEN"]
    if missing := [one for one in names if not os.environ.get(one)]:
        how = "on a machine of yours: export GITHUB_TOKEN=$(gh auth token)"
        raise GithubError(f"{' and '.join(missing)} must be set, as in a workflow of GitHub ({how})")
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    login = os.environ.get("AXON_GITHUB_LOGIN")  # of a GitHub App, whose tokens cannot ask who they are
    return Repository(name or os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"], api, login)


def _bootstrap(arguments: argparse.Namespace) -> int:
    """Make what an AWS account has before any stack is in it: state, limits, roles for workflows.

    Makes nothing while GitHub would let others use the roles than they are meant for.
    """
    settings, clusters = load_bootstrap_file(FOLDER / f"Pulumi.{arguments.stack}.yaml")
    if settings.github:
        check_protection(_repository(settings.github.repository), settings)
    bootstrap(arguments.stack, settings, backend=arguments.backend)
    print(next_steps(settings, clusters))
    return Exit.SAFE


def _ephemeral(arguments: argparse.Namespace) -> int:
    """Write the stack file of a pull request's own stack, beside an environment on its cluster."""
    environment, name = arguments.stack, arguments.name
    settings = _settings(environment)
    text = (PROJECT / path_of(environment)).read_text()
    url = url_of(outputs(environment)) if isinstance(settings.cluster, EksCluster) else None
    made = ephemeral(name, text, settings, kubeconfig=arguments.kubeconfig, url=url)
    _write(made, PROJECT / path_of(name))
    load_file(name)
    return Exit.SAFE


def _endpoints(arguments: argparse.Namespace) -> int:
    """Write where a stack's models answer, as Markdown."""
    _settings(arguments.stack)
    _write(endpoints_of(arguments.stack, outputs(arguments.stack)["models"]), arguments.output)
    return Exit.SAFE


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


def _settings(stack: str) -> Stack:
    """Return the settings of a stack, whose state is where it has to be."""
    settings = load_file(stack)
    check_backend(settings, stack)
    return settings


def _write(text: str, output: Path | None) -> None:
    if output:
        output.write_text(text)
    else:
        sys.stdout.write(text)


_COMMANDS = (
    _report,
    _policies,
    _changed,
    _comment,
    _drift,
    _patch,
    _patches,
    _issue,
    _back_up,
    _prepare,
    _bootstrap,
    _ephemeral,
    _endpoints,
    _cost,
    _refresh_prices,
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gitops", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run in _COMMANDS:
        name = run.__name__.strip("_").replace("_", "-")
        command = commands.add_parser(name, help=(run.__doc__ or "").splitlines()[0], description=run.__doc__)
        command.set_defaults(run=run)
        if run not in (_refresh_prices, _changed, _comment):
            command.add_argument("--stack", required=True)
        if run in (_report, _policies, _changed):
            command.add_argument("--base", default="main", help="the branch to compare with (default: main)")
        if run in (_report, _drift, _patches, _endpoints):
            command.add_argument("--output", type=Path, help="a file; default: standard output")
        if run in (_comment, _issue):
            command.add_argument("--file", type=Path, required=True, help="the Markdown")
        for flag, options in _OF_ONE.get(run, {}).items():
            command.add_argument(flag, **options)
    return parser


# What one command alone is told.
_OF_ONE: dict[Any, dict[str, dict[str, Any]]] = {
    _report: {"--preview": {"type": Path, "help": "a preview's JSON, instead of running the engine"}},
    _comment: {"--pull-request": {"type": int, "required": True, "help": "its number"}},
    _issue: {
        "--close": {"action": "store_true", "help": "what it says holds no more"},
        "--says": {"default": "has drifted", "help": "its title, after the stack's name"},
    },
    _bootstrap: {"--backend": {"help": "where its state is kept; default: the bucket that it makes"}},
    _ephemeral: {
        "--name": {"required": True, "help": "the stack's, such as pr-12"},
        "--kubeconfig": {"help": "the way to a cluster of EKS"},
    },
    _refresh_prices: {
        "--url": {"default": PRICE_LIST, "help": "where the price list is"},
        "--region": {"action": "append", "help": "only this one; default: those of the table"},
    },
}


_ONE_LINE = (
    SettingsError,
    BackendError,
    RefreshError,
    PreviewError,
    GitError,
    GithubError,
    StateError,
    PatchError,
)


def main() -> int:
    """Run one command; what a user can mend is one message, not a traceback."""
    arguments = _parser().parse_args()
    try:
        return arguments.run(arguments)
    except _ONE_LINE as error:
        print(error, file=sys.stderr)
        return Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())
