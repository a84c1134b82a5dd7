"""The base branch of a change: its settings of a stack, and its policies.

A change is checked with the policies, the registries, the budget and the production status of the branch that
it would be merged into, so that it cannot weaken its own checks. Its own policies, which may be stricter,
check it as well.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from axon.stack_file import GitError, git, path_of, settings_of
from policies import Context, Policy, Resource, Violation
from stacks.settings import Stack
from stacks.settings.project import PROJECT, project_file

_FOLDER = "policies"
REGISTRIES = f"{_FOLDER}/registries.txt"
_PROGRAM = f"{_FOLDER}/__main__.py"


@dataclass(frozen=True)
class Base:
    """The policies and the settings of a base commit."""

    name: str
    files: Mapping[str, str]
    """The files of its policies, by path; empty if it has none."""

    settings: Stack | None
    """Its settings of the stack; None if the stack is new."""

    def check(self, resources: Sequence[Resource], context: Context) -> list[Violation]:
        """Run its policies in a separate process, and return the violations.

        Raises:
            GitError: when they cannot be run: an unchecked change must not pass.
        """
        question = json.dumps(
            {"resources": [asdict(r) for r in resources], "context": asdict(context)}, default=str
        )
        with tempfile.TemporaryDirectory() as folder:
            for path, text in self.files.items():
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            # Ignore the variables of Python, which could load `policies` from another folder.
            command = [sys.executable, "-E", "-s", "-m", _FOLDER]
            run = subprocess.run(
                command, cwd=folder, input=question, capture_output=True, text=True, check=False, timeout=600
            )
        try:
            return [_violation(entry) for entry in json.loads(run.stdout)]
        except (ValueError, KeyError, TypeError):
            last = (run.stderr.strip().splitlines() or ["no output"])[-1]
            raise GitError(f"cannot run the policies of {self.name}: {last}") from None


def read_base(base: str, stack: str, project: Path = PROJECT) -> Base | None:
    """Return the base of a branch or commit; None if there is no such commit in this clone.

    It is the current head of the branch, not the merge base: policies may have become stricter since.
    """
    commit = _commit(base, project)
    if commit is None:
        return None
    names = (git(project, "ls-tree", "-r", "--name-only", commit, "--", _FOLDER) or "").splitlines()
    sources = [name for name in names if name.endswith((".py", ".txt"))]
    files = {name: git(project, "show", f"{commit}:{name}") or "" for name in sources}
    if files and _PROGRAM not in files:  # of an axon version that ran policies in-process only
        files[_PROGRAM] = project_file(_PROGRAM).read_text()
    text = git(project, "show", f"{commit}:{path_of(stack)}")
    return Base(base, files, settings_of(text, stack) if text else None)


def _commit(base: str, project: Path) -> str | None:
    """Return the commit of a local branch, or else of the remote branch."""
    for name in (base, f"origin/{base}"):
        if commit := git(
            project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        ):
            return commit.strip()
    return None


def _violation(entry: Mapping[str, Any]) -> Violation:
    policy = Policy(entry["policy"], entry["what"], entry["fix"], lambda *_: iter(()))
    return Violation(policy, entry["subject"], entry["message"], entry["level"])
