"""Conversion of a RealtimeAPI into a model."""

from typing import Any

from migrations.from_cortex.autoscaling import autoscaling, update_strategy
from migrations.from_cortex.compute import compute
from migrations.from_cortex.handler import handler, server, shm
from migrations.from_cortex.pod import pod
from migrations.from_cortex.report import Fields, given


def model(fields: Fields, name: str) -> dict[str, Any]:
    """Return an entry of `axon:models`."""
    found = _containers(fields, name) if "pod" in fields.data else _class(fields, name)
    found |= given(
        update_strategy=update_strategy(fields.below("update_strategy")),
        networking=_networking(fields),
        node_groups=fields.take("node_groups") or found.pop("node_groups", None),
    )
    fields.rest()
    return found


def _class(fields: Fields, name: str) -> dict[str, Any]:
    # Named handler since v0.34.
    key = "handler" if "handler" in fields.data else "predictor"
    own, scaling, resources = fields.below(key), fields.below("autoscaling"), fields.below("compute")
    found = handler(own, name) | given(
        server=server(own, scaling), node_groups=resources.take("node_groups") or resources.take("node_group")
    )
    shared = shm(own)
    own.rest()
    return found | given(
        compute=compute(resources, shared), autoscaling=autoscaling(scaling), tracker=_tracker(fields)
    )


def _tracker(fields: Fields) -> dict[str, Any]:
    # Named monitoring in later versions.
    monitoring = fields.below("monitoring" if "monitoring" in fields.data else "tracker")
    found = given(model_type=monitoring.take("model_type"), key=monitoring.take("key"))
    monitoring.rest()
    return found


def _containers(fields: Fields, name: str) -> dict[str, Any]:
    own = fields.below("pod")
    found, resources = pod(own, name)
    own.rest()
    scaling = autoscaling(fields.below("autoscaling"))
    return found | given(compute=compute(resources), autoscaling=scaling)


def _networking(fields: Fields) -> dict[str, Any]:
    networking = fields.below("networking")
    # At the top level until v0.17.
    endpoint = networking.take("endpoint") or fields.take("endpoint")
    networking.unmatched(
        {
            "api_gateway": "has no match: clients reach the load balancer (`axon:cluster.load_balancer`)",
            "local_port": "has no match: `make predict` asks the local cluster's gateway",
        }
    )
    networking.rest()
    return given(endpoint=f"/{str(endpoint).strip('/')}" if endpoint else None)
