"""Report of drift: changes made outside of `make up`, and how the next `make up` would revert them."""

from axon.redact import scrubbed, secret_values
from axon.report.findings import counted
from axon.report.grouping import findings_of
from axon.report.markdown import drift_marker, fenced, rows_of
from axon.report.preview import Preview
from axon.report.raw_diff import raw_diff


def drift_of(stack: str, preview: Preview) -> tuple[bool, str]:
    """Return whether a stack has drifted, and the report as Markdown.

    `preview` must have refreshed the state: its changes are the differences from what was deployed.
    """
    findings = findings_of(preview)
    if not findings:
        return False, f"{drift_marker(stack)}\n### `{stack}`: no drift\n"
    secrets = {
        text
        for change in preview.changed
        for state in (change.old, change.new)
        for text in secret_values(state)
    }
    parts = [
        drift_marker(stack),
        f"### `{stack}` has drifted: {counted(len(findings), 'part')}",
        f"Changed outside of `make up`. The next `make up STACK={stack}` would revert it:",
        rows_of(findings),
        fenced("\n".join(raw_diff(preview))),
    ]
    return True, scrubbed("\n\n".join(parts) + "\n", secrets)
