"""Checks that no two models or splitters produce objects of the same name."""

from collections.abc import Iterator

from stacks.settings.errors import Path, Problem
from stacks.settings.stack import Stack


def name_problems(stack: Stack) -> Iterator[Problem]:
    """Yield models and splitters whose objects would have the same names as another's."""
    taken: dict[str, str] = {}
    for key, model in stack.models.items():
        called = model.object_name(key)
        if called in taken:
            path: Path = ("models", key, "moved_from") if model.moved_from else ("models", key)
            yield Problem(path, f"the objects of {taken[called]} are called {called} already")
        taken.setdefault(called, key)
    for key in stack.traffic_splitters:
        if key in taken:
            message = f"{key} is a model's name already: objects of both would be called so"
            yield Problem(("traffic_splitters", key), message)
