"""A TrafficSplitter, until v0.22 an APISplitter."""

from typing import Any

from stacks.from_cortex.report import Fields, given


def splitter(fields: Fields, name: str) -> dict[str, Any]:
    """Return an entry of `axon:traffic_splitters`."""
    networking = fields.below("networking")
    endpoint = str(networking.take("endpoint") or name).strip("/")
    networking.rest()
    apis: list[dict[str, Any]] = []
    shadow: str | None = None
    for api in fields.each("apis"):
        called, weight = str(api.take("name")), api.take("weight")
        if api.take("shadow"):
            shadow = called
            if weight not in (None, 100):
                api.note("weight", f"{weight} of a shadow: it gets every request")
        else:
            apis.append({"name": called, "weight": weight})
        api.rest()
    fields.rest()
    return {"endpoint": f"/{endpoint}", "apis": apis, **given(shadow=shadow)}
