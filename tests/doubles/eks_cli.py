"""A stand-in for the AWS CLI: `aws eks describe-nodegroup` and the like, of what the fake account has."""

import json
import os
import sys
from pathlib import Path

from tests.doubles.account import Resource, Store

_KINDS = {"cluster": "Cluster", "nodegroup": "NodeGroup", "addon": "Addon"}


def main(words: list[str]) -> int:
    """Answer a command as the AWS CLI does."""
    service, operation, *options = words
    member = operation.removeprefix("describe-")
    if service != "eks" or member not in _KINDS:
        print(f"aws {service} {operation}: not answered by tests/doubles/eks_cli.py", file=sys.stderr)
        return 252
    given = dict(zip(options[::2], options[1::2], strict=True))
    id_ = ":".join(value for option, value in given.items() if option.endswith("name"))
    with Store(Path(os.environ["AXON_DOUBLE_FOLDER"])).reading() as world:
        found = [row for row in world.resources.values() if (row.kind, row.id) == (_KINDS[member], id_)]
    if not found:
        print(f"An error occurred (ResourceNotFoundException): no {member} {id_}", file=sys.stderr)
        return 254
    print(json.dumps({member: _described(found[0])}))
    return 0


def _described(row: Resource) -> dict[str, object]:
    issues = [{"code": "Other", "message": row.issue}] if row.issue else []
    return {"status": row.outputs.get("status", "ACTIVE"), "health": {"issues": issues}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
