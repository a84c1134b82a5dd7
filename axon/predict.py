"""Send a predictor's sample to its model API."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from axon.engine import outputs
from axon.steps import StepFailed, console
from stacks.settings import Model, Stack
from stacks.settings.project import PROJECT


@dataclass(frozen=True)
class Answer:
    """The answer of one model to its sample."""

    model: str
    endpoint: str
    curl: str
    """The command that sends the same request."""
    answer: Any = None
    not_asked: str | None = None
    """The reason why this machine sent no request, if it did not."""


def predict(stack: Stack, stack_name: str, names: list[str]) -> None:
    """Print each model's endpoint, its answer, and the `curl` that asks for it."""
    show(answers_of(stack, stack_name, names))


def show(answers: Iterable[Answer]) -> None:
    """Print answers as they come."""
    for one in answers:
        console.print(f"\n[bold]{one.model}[/bold]  {one.endpoint}\n  {one.curl}")
        console.print(f"  not asked: {one.not_asked}" if one.not_asked else f"  → {json.dumps(one.answer)}")


def answers_of(stack: Stack, stack_name: str, names: list[str]) -> Iterator[Answer]:
    """Yield the answer of each model to its sample.

    Raises:
        StepFailed: when a model is not deployed, or does not answer in 30 seconds.
    """
    deployed = outputs(stack_name).get("models", {})
    for name in names:
        if name not in deployed:
            known = ", ".join(sorted(deployed)) or "none"
            raise StepFailed(f"{name} is not a model API of stack {stack_name} (deployed: {known})")
        url, curl = deployed[name]["endpoint"], deployed[name]["curl"]
        sample = _sample(stack, name)
        if reason := why_not_asked(stack.models.get(name)):
            yield Answer(name, url, curl, not_asked=reason)
        elif sample is None:
            yield Answer(name, url, curl, not_asked="there is no sample.json in its folder")
        else:
            yield Answer(name, url, curl, ask(url, sample.read_bytes()))


def why_not_asked(model: Model | None) -> str | None:
    """Return why this machine cannot send requests as a client does, or None if it can."""
    if model is None:
        return None
    if model.paused:
        return "it is paused"
    auth = model.networking.auth
    if auth and model.networking.needs_credentials:
        return "it needs a key" if auth.api_keys else "it needs a token"
    if model.networking.allow:
        return f"it accepts requests from {', '.join(model.networking.allow)} only"
    return None


def _sample(stack: Stack, name: str) -> Path | None:
    model = stack.models.get(name)
    if model is None or not model.sample:
        return None
    file = PROJECT / model.sample
    return file if file.exists() else None


def ask(url: str, body: bytes) -> Any:
    """Send a request until the route, which is accepted before it is programmed, leads to the model.

    Raises:
        StepFailed: without a 200 after 30 seconds.
    """
    deadline = time.monotonic() + 30
    while True:
        try:
            answer = httpx.post(url, content=body, headers={"content-type": "application/json"}, timeout=30)
            if answer.status_code == 200:
                return answer.json()
            problem = f"{answer.status_code} {answer.text}"
        except httpx.TransportError as error:
            problem = str(error)
        if time.monotonic() > deadline:
            raise StepFailed(f"{url} answers {problem}")
        time.sleep(0.25)
