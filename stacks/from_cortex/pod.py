"""The container era, v0.36 to v0.42: a pod of images, one of which answers."""

from typing import Any

from stacks.from_cortex.environment import environment
from stacks.from_cortex.report import Fields, given, mapping, sequence
from stacks.from_cortex.values import quantity, texts, whole

_PROBES = ("readiness_probe", "liveness_probe")
_TIMES = ("initial_delay_seconds", "period_seconds", "success_threshold", "failure_threshold")
_QUEUE = "has no match for an image: its own server has to refuse (503) what is too much"
_PRE_STOP = "has no match, nor a need: requests drain for 10 s before a container is told to end"


def pod(fields: Fields, name: str) -> tuple[dict[str, Any], Fields]:
    """Return a model's `predictor` with `env` and `secrets`, and the `compute` of what answers."""
    port = whole(fields.take("port"), 8080)
    fields.unmatched({"max_queue_length": _QUEUE})
    containers = list(fields.each("containers"))
    main = _answering(fields, containers, port)
    main.take("name")
    if len(containers) > 1:
        fields.note("containers", f"{main.data.get('name')} is taken for the one that listens on {port}")
    beside = [_sidecar(one, name) for one in containers if one is not main]
    predictor = {**_process(main), **_probed(main, port), **given(containers=beside)}
    if port != 8080:
        predictor["port"] = port
    found = {"predictor": predictor, **environment(main, name)}
    asked = main.below("compute")
    main.rest()
    return found, asked


def _answering(fields: Fields, containers: list[Fields], port: int) -> Fields:
    """Return the container whose probe asks the pod's port, else the first."""
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
    container.unmatched({"pre_stop": _PRE_STOP})
    return given(
        image=image,
        command=texts(sequence(container.take("command"))),
        args=texts(sequence(container.take("args"))),
    )


def _probed(container: Fields, port: int) -> dict[str, Any]:
    readiness, liveness = (container.below(key) for key in _PROBES)
    found: dict[str, Any] = {"readiness_path": _path(readiness, port)}
    if found["readiness_path"] is None:
        container.note(
            "readiness_probe", "has no path of HTTP: `/` has to answer 200, or another that you give"
        )
        found["readiness_path"] = "/"
    if liveness.data:
        found |= given(liveness_path=_path(liveness, port))
    seconds = [one.take("timeout_seconds") for one in (readiness, liveness)]
    if longest := max(whole(one, 0) for one in seconds):
        found["probe_timeout"] = f"{longest}s"
    for probe in (readiness, liveness):
        _rest_of(probe)
    return found


def _path(probe: Fields, port: int) -> str | None:
    asked = probe.below("http_get")
    path, at = asked.take("path", "/" if asked.data else None), asked.take("port", port)
    asked.rest()
    if path is not None and at != port:
        probe.note("http_get.port", f"{at} is not the port that answers, {port}: its path is asked there")
    return path


def _rest_of(probe: Fields) -> None:
    only_http = "has no match: probes ask a path of HTTP"
    probe.unmatched({"tcp_socket": only_http, "exec": only_http})
    probe.unmatched(dict.fromkeys(_TIMES, "has no match: axon chooses when it asks"))
    probe.rest()


def _sidecar(container: Fields, api: str) -> dict[str, Any]:
    name = str(container.take("name"))
    if name == "predictor":
        container.note("name", "is the name of the container that answers here: now sidecar")
        name = "sidecar"
    found = {"name": name, **_process(container), **_ports(container), **environment(container, api)}
    asked = container.below("compute")
    cpu, mem = asked.take("cpu"), quantity(asked.take("mem"))
    asked.unmatched(dict.fromkeys(("gpu", "inf", "shm"), "has no match: only what answers may have it"))
    asked.rest()
    container.rest()
    return {**found, **given(compute=given(cpu=None if cpu is None else str(cpu), mem=mem))}


def _ports(container: Fields) -> dict[str, Any]:
    readiness = container.below("readiness_probe")
    port = _probe_port(dict(readiness.data))
    found = given(port=port, readiness_path=readiness.below("http_get").take("path"))
    readiness.take("tcp_socket")
    _rest_of(readiness)
    container.unmatched({"liveness_probe": "has no match: a sidecar that ends is started again"})
    return found
