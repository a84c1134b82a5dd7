"""Environment variables: values that look like credentials become references to a Secret."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from migrations.from_cortex.report import Fields, given
from migrations.from_cortex.values import text_of
from stacks.settings.credentials import holds_a_credential
from stacks.settings.environment import Variable, names_a_credential

_VARIABLE: TypeAdapter[str] = TypeAdapter(Variable)


def environment(fields: Fields, api: str) -> dict[str, Any]:
    """Return `env` and `secrets` of a container. The value of a credential is never written."""
    variables = fields.below("env")
    env: dict[str, str] = {}
    secrets: dict[str, dict[str, str]] = {}
    for name in variables.data:
        value = variables.take(name)
        if not _possible(name):
            variables.note(name, "cannot be a variable here: left out")
        elif names_a_credential(name):
            secrets[name] = {"secret": api, "key": name}
            variables.note(
                name,
                f"is a credential by its name, now of the Secret {api}: `kubectl create secret generic {api} "
                f"--namespace models --from-literal={name}=…`",
            )
        elif value is not None and holds_a_credential(text_of(value)):
            secrets[name] = {"secret": api, "key": name}
            variables.note(name, f"holds a credential, now of the Secret {api}: make it as for the others")
        elif value is not None:
            env[name] = text_of(value)
    return given(env=env, secrets=secrets)


def _possible(name: str) -> bool:
    try:
        _VARIABLE.validate_python(name)
    except ValidationError:
        return False
    return True
