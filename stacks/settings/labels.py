"""Labels that a stack file gives to pods."""

import re
from typing import Annotated

from pydantic import AfterValidator

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
# Labels by which Kubernetes and axon select pods.
_TAKEN = ("kubernetes.io", "k8s.io", "axon.dev")


def is_label_key(text: str) -> bool:
    """Return True if Kubernetes accepts a text as the key of a label or of a taint."""
    prefix, slash, name = text.rpartition("/")
    return _NAME.fullmatch(name) is not None and (not slash or _PREFIX.fullmatch(prefix) is not None)


def is_label_value(text: str) -> bool:
    """Return True if Kubernetes accepts a text as the value of a label or of a taint."""
    return not text or _NAME.fullmatch(text) is not None


def _label_key(text: str) -> str:
    prefix, slash, _ = text.rpartition("/")
    if slash and any(prefix == taken or prefix.endswith(f".{taken}") for taken in _TAKEN):
        raise ValueError(f'"{text}": labels of {prefix} are not yours to set')
    if text == "pod-template-hash":
        raise ValueError(f'"{text}" is set by Kubernetes')
    if is_label_key(text):
        return text
    raise ValueError(f'"{text}" cannot be the key of a label (such as team, or example.com/team)')


def _label_value(text: str) -> str:
    if is_label_value(text):
        return text
    near = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:63].strip("-._")
    raise ValueError(
        f'"{text}" cannot be the value of a label: at most 63 letters, digits, ".", "_", "-" (try {near})'
    )


LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
Labels = dict[LabelKey, LabelValue]
