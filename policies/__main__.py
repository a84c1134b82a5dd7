"""`python -m policies`: check the resources on stdin and write the violations, both as JSON.

A pull request is also checked with the policies of its base commit, which run in a process of their own.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policies import POLICIES, Context, Resource, Violation, violations


def _parsed(kind: Any, entry: Mapping[str, Any]) -> Any:
    """Return an object of a class; fields that another commit added are ignored."""
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in entry.items() if name in names})


def _context(entry: Mapping[str, Any]) -> Context:
    amounts = {key: Decimal(entry[key]) for key in ("budget", "cost") if entry.get(key) is not None}
    return _parsed(Context, {**entry, "registries": tuple(entry.get("registries", ())), **amounts})


def _document(violation: Violation) -> dict[str, str]:
    policy = violation.policy
    texts = {"subject": violation.subject, "message": violation.message, "level": violation.level}
    return {"policy": policy.name, "what": policy.what, "fix": policy.fix, **texts}


def main() -> None:
    """Check once."""
    question = json.load(sys.stdin)
    resources = [_parsed(Resource, entry) for entry in question["resources"]]
    found = violations(POLICIES, resources, _context(question["context"]))
    json.dump([_document(violation) for violation in found], sys.stdout)


if __name__ == "__main__":
    main()
