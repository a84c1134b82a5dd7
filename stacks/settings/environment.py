"""`env` and `secrets` of a container: values in the stack file, and values that must not be in it."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.credentials import holds_a_credential
from stacks.settings.sources import ObjectName

# Endings that name a credential. `TOKEN` is not among them, since models have an EOS_TOKEN.
_CREDENTIAL = re.compile(
    r".*PASSWORD|(.*_)?(PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY"
    r"|SIGNING_KEY|ENCRYPTION_KEY|ACCOUNT_KEY|CONNECTION_STRING"
    r"|(ACCESS|API|AUTH|BEARER|BOT|GH|GITHUB|GITLAB|HF|HUB|REFRESH|SESSION|SLACK|VAULT)_TOKEN)|.+_(PASS|PWD)",
    re.IGNORECASE,
)


def _variable(text: str) -> str:
    if text.upper().startswith("AXON_"):
        raise ValueError(f'"{text}": variables that begin so are set by axon')
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return text
    near = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").upper()
    hint = f" (try {near})" if near and not near[0].isdigit() else ""
    raise ValueError(f'"{text}" cannot be a variable: letters, digits and underscores, no digit first{hint}')


def _secret_key(text: str) -> str:
    # https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
    if re.fullmatch(r"[A-Za-z0-9._-]{1,253}", text):
        return text
    raise ValueError(f'"{text}" cannot be a key of a Secret: letters, digits, hyphens, dots, underscores')


def _no_credential(words: list[str]) -> list[str]:
    if holds_a_credential(" ".join(words)):
        raise ValueError(
            "holds a credential, which would be stored in plain text "
            "(use `secrets`, and `$(NAME)` in its place)"
        )
    return words


Words = Annotated[list[str], AfterValidator(_no_credential)]
"""Command line of a container. It must not hold a credential, since it is in the stack file."""

Variable = Annotated[str, AfterValidator(_variable)]
SecretKeyName = Annotated[str, AfterValidator(_secret_key)]


class SecretKey(Settings):
    """One key of a Secret in the models' namespace, read when a replica starts."""

    secret: ObjectName
    """Name of the Secret, which you, another program or External Secrets must create."""

    key: SecretKeyName
    """Key in the Secret's data."""


def names_a_credential(variable: str) -> bool:
    """Return True if a variable's name says that its value is a credential."""
    return _CREDENTIAL.fullmatch(variable) is not None


Env = dict[Variable, str]
Secrets = dict[Variable, SecretKey]


class Environment(Settings):
    """Environment variables of a container."""

    env: Env = Field(default_factory=dict[str, str])
    """Environment variables with their values. The values are readable in the stack file, so put credentials
    in `secrets`.
    """

    secrets: Secrets = Field(default_factory=dict[str, SecretKey])
    """Environment variables whose values are in Secrets: `{NAME: {secret: SECRET, key: KEY}}`."""


def check_environment(given: Environment) -> None:
    """Reject a credential in plain text, by its name or its form, and a variable with two values."""
    for name, value in given.env.items():
        if name in given.secrets:
            raise _wrong(f"env.{name}", "stands in `secrets` as well: give one of them")
        if names_a_credential(name):
            raise _wrong(
                f"env.{name}",
                "is a credential by its name, and would be stored in plain text (use `secrets`)",
            )
        if holds_a_credential(value):
            raise _wrong(
                f"env.{name}",
                "holds a credential, such as a password in a URL, and would be stored in plain text (use "
                "`secrets`, and `$(NAME)` where it is a part of this)",
            )


def _wrong(at: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("environment", "{message}", {"message": message, "at": at})
