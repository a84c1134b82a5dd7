"""Send a predictor's sample to its model API."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from local.steps import StepFailed, console
from stacks.settings import Model, Stack

PROJECT = Path(__file__).parents[1]


def predict(stack: Stack, stack_name: str, names: list[str]) -> None:
    """Print each model's endpoint, its answer, and the `curl` that asks for it."""
    deployed = _deployed(stack_name)
    for name in names:
        if name not in deployed:
            known = ", ".join(sorted(deployed)) or "none"
            raise StepFailed(f"{name} is not a model API of stack {stack_name} (deployed: {known})")
        url, curl = deployed[name]["endpoint"], deployed[name]["curl"]
        console.print(f"\n[bold]{name}[/bold]  {url}\n  {curl}")
        if refuses := why_not_asked(stack.models.get(name)):
            console.print(f"  not asked: {refuses}")
        else:
            _show_answer(url, _sample(stack, name))


def why_not_asked(model: Model | None) -> str | None:
    """Return why this machine cannot ask a model as a client does, or None if it can."""
    if model is None:
        return None
    if model.paused:
        return "it is paused"
    auth = model.networking.auth
    if auth and model.networking.needs_credentials:
        return "it needs a key" if auth.api_keys else "it needs a token"
    if model.networking.allow:
        return f"it lets in {', '.join(model.networking.allow)} alone"
    return None


def _deployed(stack_name: str) -> dict[str, dict[str, str]]:
    command = ["pulumi", "stack", "output", "--json", "--stack", stack_name]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"pulumi stack output: {run.stderr.strip()}")
    return json.loads(run.stdout).get("models", {})


def _sample(stack: Stack, name: str) -> Path | None:
    model = stack.models.get(name)
    if model is None or not model.sample:
        return None
    file = PROJECT / model.sample
    return file if file.exists() else None


def _show_answer(url: str, sample: Path | None) -> None:
    if sample is None:
        console.print("  not asked: there is no sample.json in its folder")
    else:
        console.print(f"  → {json.dumps(ask(url, sample.read_bytes()))}")


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
