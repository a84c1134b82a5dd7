"""Example `curl` command for a model API."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from stacks.settings.model import Model


def curl(model: Model, url: str) -> str:
    """Return a command that a shell accepts as it is, except for a placeholder of the user's key or token."""
    return shlex.join(["curl", *_credentials(model), *_sample(model), url])


def _credentials(model: Model) -> Iterator[str]:
    auth = model.networking.auth
    if auth and auth.api_keys:
        yield from ("-H", f"{auth.api_keys.header}: KEY")
    if auth and auth.jwt:
        yield from ("-H", "authorization: Bearer TOKEN")


def _sample(model: Model) -> Iterator[str]:
    if model.sample and Path(model.sample).exists():
        yield from ("-H", "content-type: application/json", "-d", f"@{model.sample}")
