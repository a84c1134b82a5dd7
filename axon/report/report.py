"""The report of a pull request's effect on one stack, and the exit code of its job."""

from dataclasses import dataclass
from enum import IntEnum

from axon.cost.costs import Cost, cost_of
from axon.redact import secret_values
from axon.report.base_branch import Base
from axon.report.describe.renames import renames, with_renames
from axon.report.findings import Finding, Risk
from axon.report.grouping import findings_of
from axon.report.policy_check import policy_violations
from axon.report.preview import Preview
from axon.stack_file import KeyChange, config_of, key_changes, settings_of
from policies import Violation


class Exit(IntEnum):
    """Exit codes of the commands."""

    SAFE = 0
    """No changes, or changes that lose nothing: none, rolling and disruptive."""

    FAILED = 1
    """The preview failed; the report has the errors."""

    DESTRUCTIVE = 3
    """Something would be destroyed. (2 is a wrong command line.)"""

    FORBIDDEN = 4
    """A mandatory policy is violated, whatever else changes."""

    DRIFTED = 5
    """The stack has drifted from what was deployed."""

    BUSY = 6
    """An update is running: drift cannot be determined until it has ended."""

    PATCHABLE = 7
    """AWS has newer node images or add-ons."""


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
    """Whether the stack file does not exist on the base branch."""

    @property
    def risk(self) -> Risk:
        """The highest risk of the findings."""
        return max((finding.risk for finding in self.findings), default=Risk.NONE)

    @property
    def exit(self) -> Exit:
        """The exit code."""
        if self.preview.errors:
            return Exit.FAILED
        if any(violation.level == "mandatory" for violation in self.violations):
            return Exit.FORBIDDEN
        return Exit.DESTRUCTIVE if self.risk >= Risk.DESTRUCTIVE else Exit.SAFE


def make_report(
    stack: str, base: str, preview: Preview, old: str, new: str, base_commit: Base | None = None
) -> Report:
    """Return the report of a preview and of the stack file's old and new text.

    `base_commit` adds the policies of the base branch. Nothing else is read.
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
        violations=tuple(policy_violations(preview, settings, stack, after, base_commit)),
        before=before,
        after=after,
        secrets=frozenset(_secrets(preview, old, new)),
        is_new=not old,
    )


def _secrets(preview: Preview, old: str, new: str) -> set[str]:
    secrets = set(secret_values(dict(config_of(old)))) | set(secret_values(dict(config_of(new))))
    for change in preview.changed:
        secrets |= set(secret_values(change.old)) | set(secret_values(change.new))
    return secrets
