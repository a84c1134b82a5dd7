"""Conversion of a TrafficSplitter, until v0.22 an APISplitter."""

from typing import Any

from migrations.from_cortex.report import Fields, given


def splitter(fields: Fields, name: str) -> dict[str, Any]:
    """Return an entry of `axon:traffic_splitters`."""
    networking = fields.below("networking")
    endpoint = str(networking.take("endpoint") or name).strip("/")
    networking.rest()
    apis: list[dict[str, Any]] = []
    shadow: dict[str, Any] | None = None
    for api in fields.each("apis"):
        called, weight = str(api.take("name")), api.take("weight")
        if api.take("shadow"):
            shadow = {"name": called, **given(percent=weight)}
        else:
            apis.append({"name": called, "weight": weight})
        api.rest()
    fields.rest()
    return {"networking": {"endpoint": f"/{endpoint}"}, "apis": apis, **given(shadow=shadow)}
