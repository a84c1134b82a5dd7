"""What a pull request does to one stack: everything that its comment says, and how its job ends."""

from dataclasses import dataclass
from enum import IntEnum

from axon.cost.costs import Cost, cost_of
from axon.redact import secret_values
from axon.report.base_branch import Base
from axon.report.describe.renames import renames, with_renames
from axon.report.findings import Finding, Risk
from axon.report.grouping import findings_of
from axon.report.policy_check import judge
from axon.report.preview import Preview
from axon.stack_file import KeyChange, config_of, key_changes, settings_of
from policies import Violation


class Exit(IntEnum):
    """How the command ends."""

    SAFE = 0
    """Nothing changes, or nothing is lost: none, rolling and disruptive changes."""

    FAILED = 1
    """The preview failed: the report says where."""

    DESTRUCTIVE = 3
    """Something would be destroyed; 2 is a wrong command line."""

    FORBIDDEN = 4
    """A mandatory policy is not kept, whatever else the change does."""

    DRIFTED = 5
    """The world is not as it was deployed."""

    BUSY = 6
    """An update is under way: whether something has drifted is known once it has ended."""

    PATCHABLE = 7
    """AWS has newer images for nodes, or newer add-ons."""


@dataclass(frozen=True)
class Report:
    """One stack's report."""

    stack: str
    base: str
    preview: Preview
    findings: tuple[Finding, ...]
    keys: tuple[KeyChange, ...]
    violations: tuple[Violation, ...]
    before: Cost | None
    after: Cost | None
    secrets: frozenset[str]
    is_new: bool = False
    """Whether the base has no such stack file."""

    @property
    def risk(self) -> Risk:
        """The worst that it does."""
        return max((finding.risk for finding in self.findings), default=Risk.NONE)

    @property
    def exit(self) -> Exit:
        """How the command ends."""
        if self.preview.errors:
            return Exit.FAILED
        if any(violation.level == "mandatory" for violation in self.violations):
            return Exit.FORBIDDEN
        return Exit.DESTRUCTIVE if self.risk >= Risk.DESTRUCTIVE else Exit.SAFE


def make_report(
    stack: str, base: str, preview: Preview, old: str, new: str, judged_by: Base | None = None
) -> Report:
    """Return the report of a preview and the stack file's two texts, judged by the base's policies too.

    It reads nothing else.
    """
    settings, earlier = settings_of(new, stack), settings_of(old, stack)
    after = cost_of(settings) if settings else None
    before = cost_of(earlier) if earlier else None
    return Report(
        stack=stack,
        base=base,
        preview=preview,
        findings=tuple(with_renames(findings_of(preview), renames(earlier, settings))),
        keys=tuple(key_changes(old, new)),
        violations=tuple(judge(preview, settings, stack, after, judged_by)),
        before=before,
        after=after,
        secrets=frozenset(_secrets(preview, old, new)),
        is_new=not old,
    )


def _secrets(preview: Preview, old: str, new: str) -> set[str]:
    found = set(secret_values(dict(config_of(old)))) | set(secret_values(dict(config_of(new))))
    for change in preview.changed:
        found |= set(secret_values(change.old)) | set(secret_values(change.new))
    return found
