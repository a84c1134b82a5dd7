"""What AWS lets tags be."""

import re
from collections.abc import Iterator

from tests.doubles.wire import Properties, dig, known, rows

_MOST = 50
_ALLOWED = re.compile(r"[\w\s+=.:/@-]*")  # of most services; EC2 lets more


def tag_failures(token: str, properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the tags of a resource, and with those that it gives to others."""
    yield from _of_map("tags", properties.get("tags"))
    for index, row in enumerate(rows(properties, "tagSpecifications")):
        yield from _of_map(f"tagSpecifications[{index}].tags", row.get("tags"))
    if token == "aws:autoscaling/tag:Tag":
        key, value = dig(properties, "tag.key"), dig(properties, "tag.value")
        yield from _of_map("tag", {key: value} if isinstance(key, str) else None)


def _of_map(path: str, tags: object) -> Iterator[tuple[str, str]]:
    if not isinstance(tags, dict):
        return
    if len(tags) > _MOST:
        yield path, f"{len(tags)} tags are more than {_MOST}"
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            yield path, f"the key {key!r} is not 1 to 128 characters"
        if key.lower().startswith("aws:"):
            yield path, f"the key {key!r} begins with aws:, which only AWS may use"
        if not isinstance(value, str) or not known(value):
            continue
        if len(value) > 256:
            yield path, f"the value of {key!r} is longer than 256 characters"
        if not _ALLOWED.fullmatch(key) or not _ALLOWED.fullmatch(value):
            yield path, f"{key!r}: {value!r} has characters other than letters, digits, spaces and _.:/=+-@"
