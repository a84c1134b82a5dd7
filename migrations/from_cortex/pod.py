"""The container era, v0.36 to v0.42: a pod of images, one of which serves requests."""

from typing import Any

from migrations.from_cortex.environment import environment
from migrations.from_cortex.probes import pre_stop, probe
from migrations.from_cortex.report import Fields, given, mapping, sequence
from migrations.from_cortex.values import quantity, texts, whole

# Default concurrency of an image behind Cortex's proxy.
_AT_ONCE = 1


def pod(fields: Fields, name: str) -> tuple[dict[str, Any], Fields]:
    """Return a model's `predictor` with `env` and `secrets`, and the `compute` of its main container."""
    port = whole(fields.take("port"), 8080)
    limits = given(
        max_concurrency=fields.take("max_concurrency", _AT_ONCE),
        max_queue_length=fields.take("max_queue_length"),
    )
    containers = list(fields.each("containers"))
    main = _answering(fields, containers, port)
    main.take("name")
    if len(containers) > 1:
        fields.note("containers", f"{main.data.get('name')} is taken for the one that listens on {port}")
    beside = [_sidecar(one, name) for one in containers if one is not main]
    predictor = {**_process(main), **_probed(main, port), **given(containers=beside)}
    if port != 8080:
        predictor["port"] = port
    found = {"predictor": predictor, "server": limits, **environment(main, name)}
    resources = main.below("compute")
    main.rest()
    return found, resources


def _answering(fields: Fields, containers: list[Fields], port: int) -> Fields:
    """Return the container whose probe uses the pod's port, otherwise the first."""
    for one in containers:
        if _probe_port(mapping(one.data.get("readiness_probe"))) == port:
            return one
    return containers[0] if containers else Fields({}, f"{fields.path}.containers", fields.notes)


def _probe_port(probe: dict[str, Any]) -> Any:
    return (mapping(probe.get("http_get")) or mapping(probe.get("tcp_socket"))).get("port")


def _process(container: Fields) -> dict[str, Any]:
    image = str(container.take("image", ""))
    if image and ":" not in image.rsplit("/", 1)[-1]:
        container.note("image", "has no tag: put the version in the place of `latest`")
        image = f"{image}:latest"
    return given(
        image=image,
        pre_stop=pre_stop(container.below("pre_stop")),
        command=texts(sequence(container.take("command"))),
        args=texts(sequence(container.take("args"))),
    )


def _probed(container: Fields, port: int) -> dict[str, Any]:
    readiness = probe(container.below("readiness_probe"), port)
    # By default Cortex checked that the port was open.
    return {"readiness": readiness or {"tcp": port}, **given(liveness=_liveness(container, port))}


def _liveness(container: Fields, port: int | None) -> dict[str, Any]:
    found = probe(container.below("liveness_probe"), port)
    found.pop("successes", None)  # Kubernetes accepts only 1
    return found


def _sidecar(container: Fields, api: str) -> dict[str, Any]:
    name = str(container.take("name"))
    if name == "predictor":
        container.note("name", "is the name of the container that answers here: now sidecar")
        name = "sidecar"
    found = {"name": name, **_process(container), **_ports(container), **environment(container, api)}
    resources = container.below("compute")
    cpu, mem = resources.take("cpu"), quantity(resources.take("mem"))
    resources.unmatched(dict.fromkeys(("gpu", "inf", "shm"), "has no match: only what answers may have it"))
    resources.rest()
    container.rest()
    return {**found, **given(compute=given(cpu=None if cpu is None else str(cpu), mem=mem))}


def _ports(container: Fields) -> dict[str, Any]:
    port = _probe_port(mapping(container.data.get("readiness_probe")))
    return given(
        port=port,
        readiness=probe(container.below("readiness_probe"), port),
        liveness=_liveness(container, port),
    )
