"""What the base branch says of a stack: its settings, and the policies that judge a change of it.

A change is judged by what it would be merged into, so that it cannot weaken what judges it: the policies, the
registries, whether the stack is production, its budget. Its own policies, perhaps stricter, judge it as well.
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
    """A commit, as far as it judges a change of a stack."""

    name: str
    files: Mapping[str, str]
    """Its policies, by their paths; none where it has none."""

    settings: Stack | None
    """What it says of the stack; None where the stack is new."""

    def judge(self, resources: Sequence[Resource], context: Context) -> list[Violation]:
        """Ask its policies, in a process of their own.

        Raises:
            GitError: when they give no answer: a change that nobody has judged is not one that passes.
        """
        asked = json.dumps(
            {"resources": [asdict(r) for r in resources], "context": asdict(context)}, default=str
        )
        with tempfile.TemporaryDirectory() as folder:
            for path, text in self.files.items():
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            # Without the variables of Python, which could name another folder for `policies`.
            command = [sys.executable, "-E", "-s", "-m", _FOLDER]
            run = subprocess.run(
                command, cwd=folder, input=asked, capture_output=True, text=True, check=False, timeout=600
            )
        try:
            return [_violation(one) for one in json.loads(run.stdout)]
        except (ValueError, KeyError, TypeError):
            last = (run.stderr.strip().splitlines() or ["no answer"])[-1]
            raise GitError(f"the policies of {self.name} could not be asked: {last}") from None


def read_base(base: str, stack: str, project: Path = PROJECT) -> Base | None:
    """Return what a branch or commit says of a stack; None where there is no such commit here.

    The branch as it is now, not as this one left it: policies may have become stricter since.
    """
    commit = _commit(base, project)
    if commit is None:
        return None
    names = (git(project, "ls-tree", "-r", "--name-only", commit, "--", _FOLDER) or "").splitlines()
    wanted = [name for name in names if name.endswith((".py", ".txt"))]
    files = {name: git(project, "show", f"{commit}:{name}") or "" for name in wanted}
    if files and _PROGRAM not in files:  # of a version that was asked in this process alone
        files[_PROGRAM] = project_file(_PROGRAM).read_text()
    text = git(project, "show", f"{commit}:{path_of(stack)}")
    return Base(base, files, settings_of(text, stack) if text else None)


def _commit(base: str, project: Path) -> str | None:
    """Return the commit of a branch here, or of that at the remote."""
    for name in (base, f"origin/{base}"):
        if found := git(
            project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        ):
            return found.strip()
    return None


def _violation(given: Mapping[str, Any]) -> Violation:
    policy = Policy(given["policy"], given["what"], given["fix"], lambda *_: iter(()))
    return Violation(policy, given["subject"], given["message"], given["level"])
