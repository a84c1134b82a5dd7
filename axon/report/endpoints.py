"""Where a stack's models answer, as the comment of a pull request that has a stack of its own."""

from collections.abc import Mapping

from axon.report.markdown import fenced


def endpoints_of(stack: str, models: Mapping[str, Mapping[str, str]]) -> str:
    """Return the comment: each model's endpoint and replicas, and a `curl` that asks it."""
    rows = [f"| {name} | {each['endpoint']} | {each['replicas']} |" for name, each in sorted(models.items())]
    parts = [
        f"<!-- axon:endpoints:{stack} -->\n### `{stack}` is up",
        "\n".join(["| | where it answers | replicas |", "|---|---|---|", *rows]),
        fenced("\n".join(each["curl"] for _, each in sorted(models.items()))),
        "It goes with the label `ephemeral`, or with the pull request.",
    ]
    return "\n\n".join(parts) + "\n"
