"""Units of the stack config: Kubernetes quantities, durations, percentages, names, paths.

Each is an annotated string: it is checked here and reaches Kubernetes as it was written.
"""

import re
import unicodedata
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

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
# No more digits than Kubernetes keeps of a 64-bit number.
_QUANTITY = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)(|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)")
_NUMBER_AND_UNIT = re.compile(r"\s*([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)\s*")
_MOST = 2**63 - 1
# The largest machine of any cloud has 32Ti.
_MOST_MEMORY = "64Ti"
# Common misspellings of units.
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

_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h)")
# Maximum number of replicas of a model.
_MOST_COUNT = 1000
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
        near = _nearest_quantity(_in_ascii(text))
        hint = f" (try {near})" if near else " (such as 200m, 2, 512Mi or 4Gi)"
        raise ValueError(f'"{text}" is not a Kubernetes quantity{hint}')
    if quantity_value(text) > _MOST:
        raise ValueError(f'"{text}" is more than a quantity can be, {_MOST}')
    return text


def _in_ascii(text: str) -> str:
    """Return the ASCII form of digits and letters of other widths, such as full-width ones."""
    return unicodedata.normalize("NFKC", text)


def _cpu(text: str) -> str:
    """Reject less than 20m, since a server cannot start with less."""
    value = quantity_value(_quantity(text))
    if value < Decimal("0.020"):
        raise ValueError(f'"{text}" is less than 20m, the least that a predictor starts with')
    if value > 1024:
        raise ValueError(f'"{text}" is {value} cores: cpu counts cores (200m is a fifth of one)')
    return text


def _memory(text: str) -> str:
    """Reject less than 20Mi, which catches CPU's unit `m` on memory."""
    value = quantity_value(_quantity(text))
    if value < 20 * _FACTORS["Mi"]:
        number = _NUMBER_AND_UNIT.fullmatch(text)
        hint = f" (try {number[1]}Mi)" if number else ""
        raise ValueError(f'"{text}" is less than 20Mi of memory{hint}')
    return _below_most(text)


def _below_most(text: str) -> str:
    value = quantity_value(text)
    if value > quantity_value(_MOST_MEMORY):
        raise ValueError(f'"{text}" is more than {_MOST_MEMORY}, the most of any machine')
    if value % 1:
        raise ValueError(f'"{text}" is not a whole number of bytes')
    return text


def _size(text: str) -> str:
    """Reject less than 1Ki, which means a missing unit."""
    value = quantity_value(_quantity(text))
    if value < 1024:
        number = _NUMBER_AND_UNIT.fullmatch(text)
        hint = f" (try {number[1]}Mi)" if number else ""
        raise ValueError(f'"{text}" is less than 1Ki{hint}')
    return _below_most(text)


def _buffer(text: str) -> str:
    # Envoy counts in 32 bits: https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/backendtrafficpolicy.go
    if quantity_value(text) >= 4 * _FACTORS["Gi"]:
        raise ValueError(f'"{text}" is not less than 4Gi, the most that the gateway holds of a body')
    return text


def _duration(text: str) -> str:
    if _DURATION.fullmatch(text) is None:
        number = re.match(r"\s*([0-9]{1,9})(?![0-9])\s*([a-z]?)", _in_ascii(text).lower())
        hint = f"{number[1]}{number[2] if number[2] in ('s', 'm', 'h') else 's'}" if number else "30s"
        raise ValueError(f'"{text}" is not a duration (try {hint})')
    return text


def _count_or_percent(value: object, of: str = "replicas") -> object:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,9}%?", text):
        raise ValueError(f"{_shown(value)} is not a number of {of} or a percentage (try 25%)")
    most = 100 if text.endswith("%") else _MOST_COUNT
    if int(text.removesuffix("%")) > most:
        raise ValueError(f"{_shown(value)} is more than {most}{'%' if text.endswith('%') else f' {of}'}")
    return text


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


# https://github.com/distribution/reference
_PATH_IN_REGISTRY = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
_REGISTRY = r"(?=[a-z0-9.:-]{1,253}(/|$))[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]{1,5})?"
_IMAGE = re.compile(
    rf"({_REGISTRY}/)?{_PATH_IN_REGISTRY}(:[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?"
)


def _image(text: str) -> str:
    match = _IMAGE.fullmatch(text)
    last = text.rpartition("/")[2]
    if match and (":" in last or "@" in last):
        return text
    hint = f" (try {text}:1.0)" if match else " (such as docker.io/library/python:3.11)"
    raise ValueError(f'"{text}" is not an image with a tag or digest{hint}')


def _repository(text: str) -> str:
    if re.fullmatch(rf"{_REGISTRY}(/{_PATH_IN_REGISTRY})?", text):
        return text
    raise ValueError(f'"{text}" is not a registry such as localhost:5000/axon (no scheme, no slash last)')


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


_TEXT_OR_NUMBER = BeforeValidator(_number_to_text, json_schema_input_type=str | int | float)
# docs/configuration.md and editors show the title of a unit as its type.
_QUANTITY_FIELD, _COUNT = Field(title="quantity"), Field(title="count or percentage")
Quantity = Annotated[str, _TEXT_OR_NUMBER, AfterValidator(_quantity), _QUANTITY_FIELD]
Cpu = Annotated[str, _TEXT_OR_NUMBER, AfterValidator(_cpu), _QUANTITY_FIELD]
Memory = Annotated[str, _TEXT_OR_NUMBER, AfterValidator(_memory), _QUANTITY_FIELD]
Size = Annotated[str, _TEXT_OR_NUMBER, AfterValidator(_size), _QUANTITY_FIELD]
BufferSize = Annotated[Size, AfterValidator(_buffer)]
Duration = Annotated[str, AfterValidator(_duration), Field(title="duration")]
CountOrPercent = Annotated[str, BeforeValidator(_count_or_percent, json_schema_input_type=int | str), _COUNT]
NodesOrPercent = Annotated[
    str,
    BeforeValidator(partial(_count_or_percent, of="nodes"), json_schema_input_type=int | str),
    _COUNT,
]
DnsLabel = Annotated[str, AfterValidator(_dns_label), Field(title="name")]
PriorityClass = Annotated[str, AfterValidator(_priority_class)]
ImageReference = Annotated[str, AfterValidator(_image)]
ImageRepository = Annotated[str, AfterValidator(_repository)]
