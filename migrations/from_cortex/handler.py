"""The predictor era, v0.13 to v0.35: a class of the user, and its models."""

from typing import Any

from migrations.from_cortex.environment import environment
from migrations.from_cortex.report import Fields, given, mapping
from migrations.from_cortex.values import whole
from stacks.settings.environment import names_a_credential

_FRAMEWORKS = {"tensorflow": "tensorflow", "onnx": "onnx"}
_UNMATCHED = {
    "python_path": "has no match: the predictor's folder is what is imported from",
    "image": "has no match: the image is built from the folder; Debian packages need an image of your own",
    "tensorflow_serving_image": "has no match: TensorFlow runs in the predictor's own process",
    "log_level": "has no match: set the level in the class",
    "dependencies": "has no match: Python packages go into requirements.txt, and others into an image of "
    "your own",
    "protobuf_path": "has no match: no gRPC",
    "signature_key": "has no match: the class chooses the signature",
}


def handler(fields: Fields, name: str) -> dict[str, Any]:
    """Return a model's `predictor`, with `env` and `secrets`."""
    kind = str(fields.take("type", "python"))
    source = fields.take("path")
    fields.note(
        "path",
        f"copy {source or 'the class'} to predictors/{name}/predictor.py, beside its requirements.txt, and "
        "call the class Predictor",
    )
    config = mapping(fields.take("config"))
    for key in filter(names_a_credential, config):
        fields.note(f"config.{key}", "is a credential by its name, in plain text: move it to `secrets`")
    predictor = {
        "type": "python",
        "path": f"predictors/{name}",
        **given(framework=_FRAMEWORKS.get(kind), config=config, model=_model(fields)),
    }
    if kind in _FRAMEWORKS:
        fields.note("type", f"is a class that loads its model itself, in load(model_path): no {kind}_client")
    if fields.take("server_side_batching"):
        fields.note("server_side_batching", "has no match: a class is given one request at a time")
    variables = environment(fields, name)
    fields.unmatched(_UNMATCHED)
    return {"predictor": predictor, **variables}


def server(fields: Fields, scaling: Fields) -> dict[str, Any]:
    """Return a model's `server`; until v0.17 its processes were part of `autoscaling`."""
    processes = fields.take("processes_per_replica") or scaling.take("workers_per_replica")
    threads = fields.take("threads_per_process") or scaling.take("threads_per_worker")
    found = given(processes_per_replica=processes, threads_per_process=threads)
    most = scaling.take("max_replica_concurrency")
    if isinstance(most, int):
        at_once = min(whole(processes, 1) * whole(threads, 1), most)
        found |= {"max_concurrency": at_once, "max_queue_length": min(most - at_once, 10000)}
    return found


def shm(fields: Fields) -> Any:
    """Return the size of the class's shared memory."""
    return fields.take("shm_size")


def _model(fields: Fields) -> str | None:
    """Return the only fetched model; the old names of its path come first."""
    old = fields.take("model_path") or fields.take("model")
    groups = [fields.below(key) for key in ("models", "multi_model_reloading")]
    found = [str(place) for group in groups if (place := group.take("path"))]
    for group in groups:
        _several(group)
    # In some versions `models` was a list of several models.
    if isinstance(fields.data.get("models"), list):
        fields.note("models", _ONE)
    places = [str(old)] if old else found
    return _url(fields, places[0]) if places else None


_ONE = (
    "has no match: a class has one `model`; several are for saved models (`type: tensorflow`, `models:`), or "
    "fetched by the class"
)


def _several(group: Fields) -> None:
    group.unmatched(
        {
            "paths": _ONE,
            "dir": _ONE,
            "cache_size": "has no match: a class has one `model`",
            "disk_cache_size": "has no match: a replica's disk holds all that it fetched",
            "signature_key": _UNMATCHED["signature_key"],
        }
    )
    group.rest()


def _url(fields: Fields, place: str) -> str | None:
    if "://" not in place:
        fields.note("models", f"{place} is a file of the project: copy it into the predictor's folder")
        return None
    file = place.rsplit("/", 1)[-1]
    # Cortex's models were folders unless they were ONNX files.
    return place if place.endswith("/") or "." in file else f"{place}/"
