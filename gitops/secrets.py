"""Keep secrets out of what is published: a comment is read by more people than a stack."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "[secret]"
# How the engine marks a secret inside a value.
_MARK = "4dabf18193072939515e22adb298388d"
# A key that says so itself; `secret_name`, `credentials_secret` and the like name a Secret and are none.
_KEY = re.compile(
    r"((passwo?r?d|passphrase|(?<!credentials_)secret|api[_-]?key|private[_-]?key|access[_-]?key|credential)s?|token|kubeconfig)$",
    re.IGNORECASE,
)
_USER_IN_URL = re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+@")
_IN_URL = re.compile(r"([?&][\w-]*(?:token|secret|signature|password|key)=)[^&\s\"']+", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"((?:passwo?r?d|passphrase|secret|token|api[_-]?key|private[_-]?key)[\"']?\s*[:=]\s*[\"']?)"
    r"(?!\[secret\])[^\s\"',}]{4,}",
    re.IGNORECASE,
)
_SHORTEST = 6  # shorter values are words that stand elsewhere as well


def masked(value: Any, key: str = "") -> Any:
    """Return a value without what is secret in it: by the engine's mark, by its key, or by its form."""
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
    name = value.get("name")
    if isinstance(name, str) and "value" in value and _KEY.search(name):
        return {**value, "value": MASK}
    return {k: masked(v, k) for k, v in value.items()}


def _masked_text(text: str) -> str:
    if text[:1] in "{[":
        try:
            return json.dumps(masked(json.loads(text)), sort_keys=True)
        except ValueError:
            pass
    text = _IN_URL.sub(rf"\1{MASK}", _USER_IN_URL.sub(rf"\1{MASK}@", text))
    return _ASSIGNED.sub(rf"\1{MASK}", text)


def secret_values(value: Any, key: str = "") -> Iterator[str]:
    """Yield the values that `masked` hides by their mark or key, to be hidden wherever else they stand."""
    if isinstance(value, Mapping):
        if _MARK in value:
            plain = value.get("plaintext")
            yield from [json.loads(plain)] if isinstance(plain, str) and plain.startswith('"') else []
            return
        name = value.get("name")
        if isinstance(name, str) and _KEY.search(name) and isinstance(value.get("value"), str):
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
    """Return a text without the secrets, whatever they stand in."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST and secret not in (MASK,):
            text = text.replace(secret, MASK)
    return text
