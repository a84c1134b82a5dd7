"""`python -m policies`: judge what stdin says, and write what does not pass, both as JSON.

So the policies of another commit can be asked, in a process of their own: those of a pull request's base.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policies import POLICIES, Context, Resource, Violation, violations


def _of(kind: Any, given: Mapping[str, Any]) -> Any:
    """Make an object of what this commit knows of what another wrote."""
    names = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in given.items() if name in names})


def _context(given: Mapping[str, Any]) -> Context:
    money = {key: Decimal(given[key]) for key in ("budget", "cost") if given.get(key) is not None}
    return _of(Context, {**given, "registries": tuple(given.get("registries", ())), **money})


def _written(violation: Violation) -> dict[str, str]:
    policy = violation.policy
    said = {"subject": violation.subject, "message": violation.message, "level": violation.level}
    return {"policy": policy.name, "what": policy.what, "fix": policy.fix, **said}


def main() -> None:
    """Judge once."""
    asked = json.load(sys.stdin)
    resources = [_of(Resource, one) for one in asked["resources"]]
    found = violations(POLICIES, resources, _context(asked["context"]))
    json.dump([_written(violation) for violation in found], sys.stdout)


if __name__ == "__main__":
    main()
