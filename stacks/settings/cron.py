"""Times in five cron fields, as KEDA reads them, and their time zones."""

import calendar
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

_MONTHS = [name.lower() for name in calendar.month_abbr[1:]]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Each field with its minimum, its maximum, and the number of its first name.
_FIELDS: list[tuple[str, int, int, list[str]]] = [
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of the month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
]
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ANY = re.compile(r"[*?](/0*1)?")


def cron_times(text: str) -> list[set[int]]:
    """Return the numbers of each field: minutes, hours, days of the month, months, days of the week.

    The syntax is that of https://github.com/robfig/cron, which KEDA uses: 7 is not a day of the week.

    Raises:
        ValueError: if the text has another form, or names a day that no month has.
    """
    fields = text.split(" ")
    if len(fields) != len(_FIELDS) or not text.isascii():
        raise ValueError(
            f'"{text}" is not a time in five cron fields (such as "0 8 * * 1-5", working days at 8)'
        )
    found = [_field(text, field, index) for index, field in enumerate(fields)]
    _, _, days, months, _ = found
    if _ANY.fullmatch(fields[4]) and not any(min(days) <= _LONGEST_MONTHS[month - 1] for month in months):
        raise ValueError(f'"{text}" never comes: no month that it names has a day {min(days)}')
    return found


def _field(text: str, field: str, index: int) -> set[int]:
    numbers: set[int] = set()
    for part in field.split(","):
        numbers |= set(_part(text, part, index))
    return numbers


def _part(text: str, part: str, index: int) -> Iterator[int]:
    what, least, most, names = _FIELDS[index]
    match = re.fullmatch(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", part, re.ASCII)
    if match is None:
        raise ValueError(f'"{text}": "{part}" is no {what} of a cron field')
    first, last, step = match.groups()
    start = least if first is None else _number(text, first, index, names)
    end = most if first is None or (step and last is None) else _number(text, last or first, index, names)
    if not (least <= start <= end <= most and int(step or 1) > 0):
        raise ValueError(f'"{text}": "{part}" is no {what}: from {least} to {most}, the lower first')
    return iter(range(start, end + 1, int(step or 1)))


def _number(text: str, word: str, index: int, names: list[str]) -> int:
    if word.lower() in names:
        return names.index(word.lower()) + _FIELDS[index][1]
    if not re.fullmatch(r"[0-9]{1,4}", word):
        raise ValueError(f'"{text}": "{word}" is no {_FIELDS[index][0]} of a cron field')
    return int(word)


def _cron(text: str) -> str:
    cron_times(text)
    return text


def _time_zone(text: str) -> str:
    if text in available_timezones():
        return text
    near = get_close_matches(text, available_timezones(), n=1)
    hint = f" (try {near[0]})" if near else " (such as Europe/Berlin)"
    raise ValueError(f'"{text}" is not a time zone{hint}')


Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
