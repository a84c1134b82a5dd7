"""The endpoints of a pull request's own stack, as a comment."""

from collections.abc import Mapping

from axon.report.markdown import fenced


def endpoints_of(stack: str, models: Mapping[str, Mapping[str, str]]) -> str:
    """Return the comment: the endpoint, the replicas and an example request of each model."""
    rows = [f"| {name} | {each['endpoint']} | {each['replicas']} |" for name, each in sorted(models.items())]
    parts = [
        f"<!-- axon:endpoints:{stack} -->\n### `{stack}` is up",
        "\n".join(["| model | endpoint | replicas |", "|---|---|---|", *rows]),
        fenced("\n".join(each["curl"] for _, each in sorted(models.items()))),
        "The stack is removed with the label `ephemeral`, or when the pull request is closed.",
    ]
    return "\n\n".join(parts) + "\n"
