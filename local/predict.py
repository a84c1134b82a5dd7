"""Send a predictor's sample to its model API."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from local.steps import StepFailed, console
from stacks.settings import ImagePredictor, Model, Stack

PROJECT = Path(__file__).parents[1]


def predict(stack: Stack, stack_name: str, names: list[str]) -> None:
    """Print each model's endpoint, its answer, and the `curl` that asks for it."""
    endpoints = _endpoints(stack_name)
    for name in names:
        if name not in endpoints:
            known = ", ".join(sorted(endpoints)) or "none"
            raise StepFailed(f"{name} is not a model API of stack {stack_name} (deployed: {known})")
        if refuses := why_not_asked(stack.models.get(name)):
            console.print(f"\n[bold]{name}[/bold]  {endpoints[name]}\n  not asked: {refuses}")
        else:
            _show(name, endpoints[name], _sample(stack, name))


def why_not_asked(model: Model | None) -> str | None:
    """Return why this machine cannot ask a model as a client does, or None if it can."""
    if model is None:
        return None
    if model.paused:
        return "it is paused"
    if model.networking.auth:
        keys = model.networking.auth.api_keys
        return f"it needs `-H '{keys.header}: …'`" if keys else "it needs a token"
    if model.networking.allow:
        return f"it lets in {', '.join(model.networking.allow)} alone"
    return None


def _endpoints(stack_name: str) -> dict[str, str]:
    command = ["pulumi", "stack", "output", "--json", "--stack", stack_name]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"pulumi stack output: {run.stderr.strip()}")
    return json.loads(run.stdout).get("endpoints", {})


def _sample(stack: Stack, name: str) -> Path | None:
    model = stack.models.get(name)
    if model is None or isinstance(model.predictor, ImagePredictor) or not model.predictor.path:
        return None
    file = PROJECT / model.predictor.path / "sample.json"
    return file if file.exists() else None


def _show(name: str, url: str, sample: Path | None) -> None:
    console.print(f"\n[bold]{name}[/bold]  {url}")
    if sample is None:
        console.print("  no sample.json in its folder: send a request of your own with curl")
        return
    relative = sample.relative_to(PROJECT)
    console.print(f"  curl -H 'content-type: application/json' -d @{relative} {url}")
    answer = ask(url, sample.read_bytes())
    console.print(f"  → {json.dumps(answer)}")


def ask(url: str, body: bytes) -> Any:
    """Ask until the route, which is accepted before it is programmed, leads to the model."""
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
