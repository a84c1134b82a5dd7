"""The units of the stack config: Kubernetes quantities, durations, percentages, names, paths.

Each is an annotated string: it is checked here and reaches Kubernetes as it was written.
"""

import re
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_FACTORS: dict[str, Decimal] = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)")
_NUMBER_AND_UNIT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
# What people write for a unit, beside the unit itself.
_MISSPELT = {
    "kb": "k",
    "kib": "Ki",
    "mb": "M",
    "mib": "Mi",
    "gb": "G",
    "gib": "Gi",
    "tb": "T",
    "K": "Ki",
}
_MISSPELT.update({"cpu": "", "cpus": "", "core": "", "cores": "", "mm": "m", "B": "", "bytes": ""})

_DURATION = re.compile(r"(\d+)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def quantity_value(quantity: str) -> Decimal:
    """Return a quantity in its base unit: cores for cpu, bytes for memory."""
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f'"{quantity}" is not a Kubernetes quantity')
    return Decimal(match[1]) * _FACTORS[match[2]]


def duration_seconds(duration: str) -> float:
    """Return the seconds of a duration such as `500ms`, `30s`, `5m` or `1h`."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f'"{duration}" is not a duration')
    return int(match[1]) * _SECONDS[match[2]]


def _number_to_text(value: object) -> object:
    """Accept `cpu: 1` as well as `cpu: "1"`: YAML reads a bare number as a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return value


def _nearest_quantity(text: str) -> str | None:
    match = _NUMBER_AND_UNIT.fullmatch(text)
    if match is None:
        return None
    number, unit = match[1], match[2]
    if unit in _FACTORS:
        return number + unit
    for spelling in (unit, unit.lower()):
        if spelling in _MISSPELT:
            return number + _MISSPELT[spelling]
    near = get_close_matches(unit, [u for u in _FACTORS if u], n=1, cutoff=0.4)
    return number + near[0] if near else None


def _quantity(text: str) -> str:
    if _QUANTITY.fullmatch(text) is None:
        near = _nearest_quantity(text)
        hint = f" (try {near})" if near else " (such as 200m, 2, 512Mi or 4Gi)"
        raise ValueError(f'"{text}" is not a Kubernetes quantity{hint}')
    return text


def _cpu(text: str) -> str:
    """Refuse less than Cortex's own minimum, 20m: a server cannot start on less."""
    value = quantity_value(_quantity(text))
    if value < Decimal("0.020"):
        raise ValueError(f'"{text}" is less than 20m, the least that a predictor starts with')
    if value > 1024:
        raise ValueError(f'"{text}" is {value} cores: cpu counts cores (200m is a fifth of one)')
    return text


def _memory(text: str) -> str:
    """Refuse less than 20Mi (Cortex's minimum), which catches the `m` of cpu on a memory."""
    value = quantity_value(_quantity(text))
    if value < 20 * _FACTORS["Mi"]:
        number = _NUMBER_AND_UNIT.fullmatch(text)
        hint = f" (try {number[1]}Mi)" if number else ""
        raise ValueError(f'"{text}" is less than 20Mi of memory{hint}')
    return text


def _size(text: str) -> str:
    """Refuse less than 1Ki: who writes it forgot the unit."""
    value = quantity_value(_quantity(text))
    if value < 1024:
        number = _NUMBER_AND_UNIT.fullmatch(text)
        hint = f" (try {number[1]}Mi)" if number else ""
        raise ValueError(f'"{text}" is less than 1Ki{hint}')
    return text


def _duration(text: str) -> str:
    if _DURATION.fullmatch(text) is None:
        number = re.match(r"\s*(\d+)\s*([a-z]?)", text.lower())
        hint = f"{number[1]}{number[2] if number[2] in ('s', 'm', 'h') else 's'}" if number else "30s"
        raise ValueError(f'"{text}" is not a duration (try {hint})')
    return text


def _count_or_percent(value: object, of: str = "replicas") -> object:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"\d+%|\d+", value):
        if value.endswith("%") and int(value[:-1]) > 100:
            raise ValueError(f'"{value}" is more than 100%')
        return value
    raise ValueError(f"{_shown(value)} is not a number of {of} or a percentage (try 25%)")


def _dns_label(text: str) -> str:
    """Model names become Kubernetes names: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/."""
    if re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", text) and len(text) <= 50:
        return text
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-0123456789")[:50].strip("-")
    hint = f" (try {near})" if near else ""
    raise ValueError(
        f'"{text}" cannot be a name: at most 50 lower-case letters, digits and hyphens, a letter first{hint}'
    )


def _priority_class(text: str) -> str:
    # https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass
    if text.startswith("system-"):
        raise ValueError(f'"{text}": classes that begin so are Kubernetes\' own')
    return _dns_label(text)


def _relative_path(text: str) -> str:
    if not text or text.startswith("/") or ".." in text.split("/"):
        raise ValueError(f'"{text}" must be a path inside the project, such as predictors/iris')
    return text.rstrip("/")


def _image(text: str) -> str:
    # https://github.com/distribution/reference: registry/path:tag@digest
    if re.fullmatch(r"[a-z0-9][a-zA-Z0-9._:/-]*(@sha256:[0-9a-f]{64})?", text) and ":" in text:
        return text
    raise ValueError(f'"{text}" is not an image with a tag or digest (try {text or "repo/image"}:1.0)')


def _repository(text: str) -> str:
    if re.fullmatch(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*", text):
        return text
    raise ValueError(f'"{text}" is not a registry such as localhost:5000/axon (no scheme, no slash last)')


def _cron(text: str) -> str:
    """Check the form alone: five fields (https://man7.org/linux/man-pages/man5/crontab.5.html)."""
    if len(text.split()) == 5 and re.fullmatch(r"[0-9A-Za-z*/,\- ]+", text):
        return text
    raise ValueError(f'"{text}" is not a time in five cron fields (such as "0 8 * * 1-5", working days at 8)')


def _time_zone(text: str) -> str:
    if text in available_timezones():
        return text
    near = get_close_matches(text, available_timezones(), n=1)
    hint = f" (try {near[0]})" if near else " (such as Europe/Berlin)"
    raise ValueError(f'"{text}" is not a time zone{hint}')


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


Quantity = Annotated[
    str,
    BeforeValidator(_number_to_text, json_schema_input_type=str | int | float),
    AfterValidator(_quantity),
]
Cpu = Annotated[
    str,
    BeforeValidator(_number_to_text, json_schema_input_type=str | int | float),
    AfterValidator(_cpu),
]
Memory = Annotated[
    str,
    BeforeValidator(_number_to_text, json_schema_input_type=str | int | float),
    AfterValidator(_memory),
]
Size = Annotated[
    str,
    BeforeValidator(_number_to_text, json_schema_input_type=str | int | float),
    AfterValidator(_size),
]
Duration = Annotated[str, AfterValidator(_duration)]
CountOrPercent = Annotated[str, BeforeValidator(_count_or_percent, json_schema_input_type=int | str)]
NodesOrPercent = Annotated[
    str, BeforeValidator(partial(_count_or_percent, of="nodes"), json_schema_input_type=int | str)
]
DnsLabel = Annotated[str, AfterValidator(_dns_label)]
PriorityClass = Annotated[str, AfterValidator(_priority_class)]
RelativePath = Annotated[str, AfterValidator(_relative_path)]
ImageReference = Annotated[str, AfterValidator(_image)]
ImageRepository = Annotated[str, AfterValidator(_repository)]
Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
