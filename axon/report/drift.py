"""What has changed in the world since the last `up`, and what the next one would do about it."""

from axon.redact import scrubbed, secret_values
from axon.report.findings import counted
from axon.report.grouping import findings_of
from axon.report.markdown import drift_marker, fenced, rows_of
from axon.report.preview import Preview
from axon.report.raw_diff import raw_diff


def drift_of(stack: str, preview: Preview) -> tuple[bool, str]:
    """Return whether a stack has drifted, and what is said of it, as Markdown.

    `preview` has read the world before: whatever it would change differs from what was deployed.
    """
    findings = findings_of(preview)
    if not findings:
        return False, f"{drift_marker(stack)}\n### `{stack}` is as it was deployed\n"
    secrets = {
        text
        for change in preview.changed
        for state in (change.old, change.new)
        for text in secret_values(state)
    }
    parts = [
        drift_marker(stack),
        f"### `{stack}` has drifted: {counted(len(findings), 'part')}",
        f"Something else than `make up` has changed it. `make up STACK={stack}` would undo that:",
        rows_of(findings, "what would happen"),
        fenced("\n".join(raw_diff(preview))),
    ]
    return True, scrubbed("\n\n".join(parts) + "\n", secrets)
