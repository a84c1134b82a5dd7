"""Environment variables of a container."""

import json

import pulumi_kubernetes as k8s

from components.model_source import source_environment
from components.ports import MANAGEMENT_PORT
from stacks.settings.environment import Environment
from stacks.settings.model import ImagePredictor, Model, PythonPredictor
from stacks.settings.times import ending_seconds
from stacks.settings.units import duration_seconds, quantity_value


def predictor_environment(name: str, model: Model) -> list[k8s.core.v1.EnvVarArgs]:
    """Return the runtime's settings (axon_runtime/config.py), then the variables of the stack file."""
    server = model.server.model_dump(exclude_unset=True)
    for key in ("batch_interval", "request_timeout"):
        if key in server:
            server[key] = duration_seconds(server[key])
    if "max_body_size" in server or model.max_body_size != quantity_value(model.server.max_body_size):
        server["max_body_size"] = model.max_body_size
    config = model.predictor.config if isinstance(model.predictor, PythonPredictor) else {}
    tracker = model.tracker.model_dump(exclude_none=True) if model.tracker else {}
    values = {"AXON_LIMITS": server, "AXON_CONFIG": config, "AXON_TRACKER": tracker}
    # Only values that differ from the runtime's defaults: a changed default then triggers no rollout.
    overrides = {key: json.dumps(value, sort_keys=True) for key, value in values.items() if value}
    plain = {"AXON_MODEL_NAME": name, **_bounds(model), **source_environment(model), **overrides}
    return [*_plain(plain), *environment(model)]


def _bounds(model: Model) -> dict[str, str]:
    """Return the limits that the pod sets for the runtime: grace period, memory in bytes, management port."""
    if isinstance(model.predictor, ImagePredictor):
        return {}
    return {
        "AXON_GRACE_SECONDS": str(ending_seconds(model)),
        "AXON_MANAGEMENT_PORT": str(MANAGEMENT_PORT),
        "AXON_MEMORY_LIMIT": str(int(quantity_value(model.compute.mem))),
    }


def environment(given: Environment) -> list[k8s.core.v1.EnvVarArgs]:
    """Return the variables of the stack file, sorted: a different order is no change and triggers no
    rollout.
    """
    secrets = [
        k8s.core.v1.EnvVarArgs(
            name=name,
            value_from=k8s.core.v1.EnvVarSourceArgs(
                secret_key_ref=k8s.core.v1.SecretKeySelectorArgs(name=place.secret, key=place.key)
            ),
        )
        for name, place in sorted(given.secrets.items())
    ]
    return [*_plain(dict(sorted(given.env.items()))), *secrets]


def _plain(values: dict[str, str]) -> list[k8s.core.v1.EnvVarArgs]:
    return [k8s.core.v1.EnvVarArgs(name=key, value=value) for key, value in values.items()]
