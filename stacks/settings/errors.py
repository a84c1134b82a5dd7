"""Error messages of a stack file: one line per problem, with its place and a correction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_TYPE_NAMES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "list_type": "a list",
    "model_type": "a mapping of keys",
}


@dataclass(frozen=True)
class Problem:
    """One problem and its place in the config."""

    path: Path
    message: str


def problems(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Return every problem of a failed validation, in the terms of the stack file."""
    return [Problem(_path(e), _message(e, model)) for e in error.errors(include_url=False)]


def _path(error: ErrorDetails) -> Path:
    """Return a location without pydantic's additions: union tags and the `[key]` of a mapping's key."""
    location = [part for part in error["loc"] if part != "[key]"]
    tags = _union_tags(location)
    found = tuple(part for index, part in enumerate(location) if index not in tags)
    if found == ("cluster",) and error["type"] == "union_tag_invalid":
        return (*found, "kind")
    # A check of a whole group names the key that it concerns.
    at = str(error.get("ctx", {}).get("at", ""))
    return (*found, *(int(part) if part.isdigit() else part for part in at.split("."))) if at else found


def _union_tags(location: Sequence[str | int]) -> set[int]:
    """Return the positions at which pydantic names the chosen kind of cluster or predictor."""
    if location[:1] == ["cluster"]:
        return {1}
    return {3} if location[:1] == ["models"] and location[2:3] == ["predictor"] else set()


# Key of a bound in the error's context, and its wording in the message.
_BOUNDS = {
    "greater_than_equal": "{value} is less than {ge}, the least allowed",
    "less_than_equal": "{value} is more than {le}, the most allowed",
    "too_short": "has {actual_length} entries; {min_length} is the least",
    "too_long": "has {actual_length} entries; {max_length} is the most",
}


def _message(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value = error["type"], error["input"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(error, model)
    if kind == "missing":
        return "is required"
    if kind == "value_error":
        return str(context["error"])
    if kind in _TYPE_NAMES:
        return _wrong_type(value, kind)
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(value=shown(value), **context).replace("has 1 entries", "has 1 entry")
    if kind == "literal_error":
        return _choice(value, str(context["expected"]).replace(" or ", ", ").split(", "))
    if kind.startswith("union_tag"):
        return _union(error, context)
    return error["msg"]


def _wrong_type(value: object, kind: str) -> str:
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'{value} is a number (try "{value}", in quotes)'
    if kind == "string_type" and isinstance(value, bool):
        return f'{shown(value)} is not text (try "{shown(value)}", in quotes)'
    return f"{shown(value)} is not {_TYPE_NAMES[kind]}"


def _union(error: ErrorDetails, context: Mapping[str, Any]) -> str:
    of_cluster = error["loc"] == ("cluster",)
    if error["type"] == "union_tag_invalid":
        tags = [tag for tag in str(context["expected_tags"]).split(", ") if tag != "'image'"]
        return _choice(context["tag"], tags, "" if of_cluster else "type ")
    if of_cluster:
        return "needs `kind: existing` or `kind: eks`"
    return "needs `type` (sklearn, onnx, pytorch, tensorflow, python) with `path`, or `image`"


def _choice(value: object, expected: Sequence[str], what: str = "") -> str:
    choices = [choice.strip("'") for choice in expected]
    if isinstance(value, int | float) and not isinstance(value, bool):
        if expected[0].startswith("'"):
            return f'{value} is a number (try "{value}", in quotes)'
        closest = min(choices, key=lambda choice: abs(float(choice) - value))
        return f"{value} is not one of {', '.join(choices)} (try {closest})"
    return f"{what}{shown(value)} is not known (try {nearest(str(value), choices) or ' or '.join(choices)})"


def _unknown_key(error: ErrorDetails, model: type[BaseModel]) -> str:
    known = _known_keys(model, error["loc"][:-1])
    if error["loc"][:2] == ("cluster", "existing") and error["loc"][-1] in _keys_of_eks(model):
        return "is a key of `kind: eks`"
    near = nearest(str(error["loc"][-1]), known)
    return f"unknown key (try {near})" if near else f"unknown key (known: {', '.join(sorted(known))})"


def _known_keys(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """Return the keys that the JSON Schema allows at a location."""
    schema = model.model_json_schema()
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    node: Mapping[str, Any] = schema
    for part in location:
        node = _step(node, str(part), definitions)
    return list(node.get("properties", {}))


def _keys_of_eks(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema().get("$defs", {}).get("EksCluster", {}).get("properties", {})


def _step(node: Mapping[str, Any], part: str, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    named: Mapping[str, Any] | None = node.get("properties", {}).get(part)
    child: Mapping[str, Any] = named or node.get("additionalProperties") or node.get("items") or {}
    # An optional group is a choice between the group's keys and nothing.
    child = next((option for option in child.get("anyOf", []) if "$ref" in option), child)
    for option in node.get("oneOf", []):  # the location has a union's tag: take that branch
        resolved = _resolve(option, definitions)
        properties: Mapping[str, Any] = resolved.get("properties", {})
        constant: Mapping[str, Any] = properties.get("type") or properties.get("kind") or {}
        tag = constant.get("const", "image")
        if tag == part:
            return resolved
    return _resolve(child, definitions)


def _resolve(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    return definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def shown(value: object) -> str:
    """Return a value in the notation of a stack file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else "nothing" if value is None else str(value)


# Of a message, since it may quote a whole file.
_LONGEST = 600


def one_line(text: str) -> str:
    """Return a message without line breaks and control characters, shortened in the middle if it is long."""
    found = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return found if len(found) <= _LONGEST else f"{found[: _LONGEST // 2]} … {found[-_LONGEST // 2 :]}"
