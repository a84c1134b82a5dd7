"""Values of plain scalars in a stack file, if every reader of YAML agrees on them.

Two readers see a stack file: Pulumi's engine, with Go's yaml.v3, and this program. YAML 1.1 and 1.2 differ in
the meaning of a value without quotes (`no`, `012`, `12:30`, `2024-01-01`), and so do readers: it is rejected.
"""

import re
from dataclasses import dataclass

Scalar = None | bool | int | float | str


@dataclass(frozen=True)
class Ambiguous:
    """A value that readers of YAML interpret differently."""

    text: str
    spellings: tuple[str, ...]
    """Spellings of each possible meaning."""

    @property
    def message(self) -> str:
        """Problem of the value, and its fix."""
        return f"{self.text} is read in two ways: write {' or '.join(self.spellings)}"


# https://yaml.org/type/bool.html has more spellings than https://yaml.org/spec/1.2.2/#1032-tag-resolution.
_SURE: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_YES, _NO = ("yes", "on", "y"), ("no", "off", "n")
_SPECIAL = ("=", "<<")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")

_OTHER_BASE = re.compile(r"[-+]?0(?P<base>[xXoObB])(?P<digits>[-+]?[0-9a-fA-F]+)")
_ZERO_FIRST = re.compile(r"(?P<sign>[-+]?)0+(?P<rest>[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?)")
_BASE_60 = re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9]{1,2}:[0-9:. \tZz+-]*)?")
_BASES = {"x": 16, "o": 8, "b": 2}
# The engine passes on signed 64-bit integers; larger ones lose digits.
_LEAST, _MOST = -(2**63), 2**63 - 1
# Longer numbers are rejected before they are converted, since conversion takes quadratic time.
_LONGEST_NUMBER = 400


def resolved(text: str) -> Scalar | Ambiguous:
    """Return the value of a plain scalar: text without quotes."""
    if text in _SURE:
        return _SURE[text]
    quoted = f'"{text}"'
    if text.lower() in _YES and text in (text.lower(), text.upper(), text.capitalize()):
        return Ambiguous(text, ("true", quoted))
    if text.lower() in _NO and text in (text.lower(), text.upper(), text.capitalize()):
        return Ambiguous(text, ("false", quoted))
    if text in _SPECIAL or _NOT_FINITE.fullmatch(text) or _DATE.fullmatch(text):
        return Ambiguous(text, (quoted,))
    return _number(text) if text[0] in "+-.0123456789" else text


def _number(text: str) -> Scalar | Ambiguous:
    """Return a number, or the text itself if it is not a number."""
    if len(text) > _LONGEST_NUMBER:
        return text if re.search(r"[^-+.:_0-9a-fA-FxXoO]", text) else Ambiguous(text, (f'"{text}"',))
    if "_" in text:
        found = _number(text.replace("_", ""))
        return text if isinstance(found, str) else _doubtful(text, found)
    if _WHOLE.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        value = int(text, 0)
        return value if _LEAST <= value <= _MOST else Ambiguous(text, (f'"{text}"', f"{float(value)!r}"))
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return number if abs(number) < float("inf") else Ambiguous(text, (f'"{text}"',))
    return _of_another_form(text)


def _of_another_form(text: str) -> str | Ambiguous:
    if match := _OTHER_BASE.fullmatch(text):
        return _in_base(text, match)
    if match := _ZERO_FIRST.fullmatch(text):
        return Ambiguous(text, (match["sign"].strip("+") + match["rest"], f'"{text}"'))
    if _BASE_60.fullmatch(text):
        return Ambiguous(text, (f'"{text}"', "the number in decimal digits"))
    return text


def _in_base(text: str, match: re.Match[str]) -> str | Ambiguous:
    try:
        value = int(match["digits"], _BASES[match["base"].lower()])
    except ValueError:
        return text
    return Ambiguous(text, (f"{-value if text[0] == '-' else value}", f'"{text}"'))


def _doubtful(text: str, found: bool | float | Ambiguous | None) -> Ambiguous:
    spellings = found.spellings[:1] if isinstance(found, Ambiguous) else (f"{found!r}",)
    return Ambiguous(text, tuple(dict.fromkeys((*spellings, f'"{text}"'))))
