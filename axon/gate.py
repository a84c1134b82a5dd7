"""The policies, applied before a change: a mandatory policy that is not kept stops it."""

import sys

from axon import engine
from axon.cost.costs import cost_of
from axon.redact import masked
from axon.report.policy_check import base_for_update, line_of, policy_violations
from axon.report.preview import read_preview
from stacks.settings import Stack


def refused(name: str, settings: Stack, base: str) -> bool:
    """Print each policy that an `up` would break, and return whether one of them is mandatory.

    Raises:
        PreviewError: when the preview fails.
        GitError: when the policies of `base` cannot be had where they are needed.
    """
    # On AWS the autoscaler changes what the engine must know before (docs/aws.md): as `up` does.
    preview = read_preview(engine.preview_json(name, refresh=engine.on_aws(settings)))
    judged_by = base_for_update(base, name, settings)
    if preview.errors:
        raise engine.PreviewError("\n".join(str(masked(error)) for error in preview.errors))
    violations = policy_violations(preview, settings, name, cost_of(settings), judged_by)
    for violation in violations:
        print(line_of(violation), file=sys.stderr)
    return any(one.level == "mandatory" for one in violations)
