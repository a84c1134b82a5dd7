"""Masking of secrets in reports: more people can read a comment than a stack."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.settings.credentials import without_credentials

MASK = "[secret]"
# Pulumi's mark of a secret inside a value.
_MARK = "4dabf18193072939515e22adb298388d"
# Keys of secrets. `secret_name`, `credentials_secret` and the like are names of Secrets.
_KEY = re.compile(
    r"((passwo?r?d|passphrase|(?<!credentials_)secret|credential"
    r"|(api|private|access|secret|signing|encryption|account|shared|master|ssh)[_-]?(access[_-]?)?key)s?"
    r"|(?<![a-z])(pass|pwd)|token|kubeconfig|connection[_-]?string|authorization|dockerconfigjson)$",
    re.IGNORECASE,
)
# The same in a text, such as an error: `token: …`. stacks/settings/credentials.py has the other forms.
_IN_TEXT = re.compile(
    r"((?:passwo?r?d|passphrase|secret|token|(?:api|private|access|secret|account)[_-]?key)[\"']?\s*[:=]\s*)"
    r"(?:\"(?!\[secret\])[^\"]{4,}\"|'(?!\[secret\])[^']{4,}'|(?![\"']?\[secret\])[^\s\"',}]{4,})",
    re.IGNORECASE,
)
_SHORTEST = 6  # shorter values may be ordinary words


def masked(value: Any, key: str = "") -> Any:
    """Return a value with its secrets masked: those with Pulumi's mark, a secret's key or a secret's form."""
    if isinstance(value, Mapping):
        return _masked_mapping(value, key)
    if isinstance(value, list):
        return [masked(item, key) for item in value]
    if _KEY.search(key) and value not in (None, "", True, False):
        return MASK
    return _masked_text(value) if isinstance(value, str) else value


def _masked_mapping(value: Mapping[str, Any], key: str) -> Any:
    if _MARK in value or "secure" in value:
        return MASK
    if value.get("kind") == "Secret" or key in ("stringData",):
        return {k: MASK if k in ("data", "stringData") else masked(v, k) for k, v in value.items()}
    name = _name_of(value)
    if "value" in value and _KEY.search(name):
        return {**value, "value": MASK}
    return {k: masked(v, k) for k, v in value.items()}


def _name_of(value: Mapping[str, Any]) -> str:
    """Return the name that belongs to a `value`: of a variable, or of a chart's setting."""
    name = value.get("name", value.get("key"))
    return name if isinstance(name, str) else ""


def _masked_text(text: str) -> str:
    if text[:1] in "{[":
        try:
            return json.dumps(masked(json.loads(text)), sort_keys=True)
        except ValueError:
            pass
    return _IN_TEXT.sub(rf"\1{MASK}", without_credentials(text, MASK))


def secret_values(value: Any, key: str = "") -> Iterator[str]:
    """Yield the values that `masked` finds by mark or key, so that they can be masked everywhere else."""
    if isinstance(value, Mapping):
        if _MARK in value:
            plain = value.get("plaintext")
            yield from [json.loads(plain)] if isinstance(plain, str) and plain.startswith('"') else []
            return
        if _KEY.search(_name_of(value)) and isinstance(value.get("value"), str):
            yield value["value"]
        of_secret = value.get("kind") == "Secret"
        for k, v in value.items():
            yield from secret_values(v, "secret" if of_secret and k in ("data", "stringData") else k)
            if of_secret and k in ("data", "stringData") and isinstance(v, Mapping):
                yield from (text for text in v.values() if isinstance(text, str))
    elif isinstance(value, list):
        for item in value:
            yield from secret_values(item, key)
    elif isinstance(value, str):
        yield from _in_text(value, key)


def _in_text(text: str, key: str) -> Iterator[str]:
    if _KEY.search(key):
        yield text
    elif text[:1] in "{[":
        try:
            yield from secret_values(json.loads(text))
        except ValueError:
            return


def scrubbed(text: str, secrets: set[str]) -> str:
    """Return a text with the given secrets, and everything in the form of a secret, masked."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST and secret not in (MASK,):
            text = text.replace(secret, MASK)
    return without_credentials(text, MASK)
