"""Consistency checks across a traffic splitter and its models."""

from collections.abc import Iterator
from difflib import get_close_matches

from stacks.settings.errors import Path, Problem
from stacks.settings.stack import Stack
from stacks.settings.traffic_splitter import TrafficSplitter


def splitter_problems(stack: Stack) -> Iterator[Problem]:
    """Yield problems between splitters and models that are each valid."""
    for name, splitter in stack.traffic_splitters.items():
        at: Path = ("traffic_splitters", name)
        yield from _unknown(at, splitter, stack)
        yield from _paused(at, splitter, stack)
        yield from _opened(at, splitter, stack)


def _unknown(at: Path, splitter: TrafficSplitter, stack: Stack) -> Iterator[Problem]:
    for place, model in splitter.named():
        if model not in stack.models:
            near = get_close_matches(model, stack.models, n=1)
            known = f"did you mean {near[0]}?" if near else f"models: {', '.join(stack.models) or 'none'}"
            yield Problem((*at, *place), f"no model is called {model} ({known})")


def _paused(at: Path, splitter: TrafficSplitter, stack: Stack) -> Iterator[Problem]:
    for index, share in enumerate(splitter.apis):
        model = stack.models.get(share.name)
        if model and model.paused and share.weight:
            message = f"{share.weight} % of the requests would fail: {share.name} is paused"
            yield Problem((*at, "apis", index, "weight"), message)


def _opened(at: Path, splitter: TrafficSplitter, stack: Stack) -> Iterator[Problem]:
    """Yield models with access control at their own endpoint that a splitter would open."""
    named = {name: stack.models[name] for _, name in splitter.named() if name in stack.models}
    own = splitter.networking
    closed = [name for name, model in named.items() if model.networking.needs_credentials]
    if closed and own.auth is None:
        message = (
            f"everybody would reach {closed[0]}, which asks for keys or tokens: give the splitter "
            "`auth` too, or write `auth: none`"
        )
        yield Problem((*at, "networking", "auth"), message)
    limited = [name for name, model in named.items() if model.networking.allow]
    if limited and not own.allow:
        message = (
            f"every network would reach {limited[0]}, which has `allow`: give the splitter `allow` too "
            '(["0.0.0.0/0", "::/0"] is everybody)'
        )
        yield Problem((*at, "networking", "allow"), message)
