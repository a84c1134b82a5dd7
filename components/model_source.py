"""Pod settings of a fetched model: the cache volume, and the location of the model."""

import json

import pulumi_kubernetes as k8s

from stacks.settings.model import ImagePredictor, Model
from stacks.settings.sources import FOLDER, OneOfMany, SavedPredictor, SklearnPredictor

# The runtime's default (axon_runtime/config.py).
CACHE = "/models"
_NAME = "models"


def cache_volumes(model: Model) -> list[k8s.core.v1.VolumeArgs]:
    """Return the cache's volume: the claim that replicas share, otherwise an emptyDir of the pod."""
    predictor = model.predictor
    if isinstance(predictor, ImagePredictor) or not model.fetched:
        return []
    if predictor.cache_claim is None:
        return [k8s.core.v1.VolumeArgs(name=_NAME, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs())]
    claim = k8s.core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=predictor.cache_claim)
    return [k8s.core.v1.VolumeArgs(name=_NAME, persistent_volume_claim=claim)]


def cache_mounts(model: Model) -> list[k8s.core.v1.VolumeMountArgs]:
    """Return the mount of the cache."""
    return [k8s.core.v1.VolumeMountArgs(name=_NAME, mount_path=CACHE)] if model.fetched else []


def shares_cache(model: Model) -> bool:
    """Return whether the cache is a PersistentVolumeClaim, whose files another user may own."""
    return not isinstance(model.predictor, ImagePredictor) and model.predictor.cache_claim is not None


def source_environment(model: Model) -> dict[str, str]:
    """Return the runtime's variables for the model or models: source and loading options."""
    predictor = model.predictor
    if isinstance(predictor, ImagePredictor):
        return {}
    variables = {"AXON_MODEL": predictor.model, "AXON_MODEL_SHA256": predictor.sha256}
    if isinstance(predictor, SavedPredictor) and predictor.models:
        variables["AXON_MODELS"] = json.dumps(
            {name: _entry(name, one) for name, one in predictor.models.items()}
        )
        variables["AXON_CACHE_SIZE"] = str(predictor.cache_size) if predictor.cache_size else None
    variables["AXON_ONNX"] = "true" if isinstance(predictor, SklearnPredictor) and predictor.onnx else None
    variables["AXON_CACHE"] = CACHE if model.fetched else None
    return {key: value for key, value in variables.items() if value}


def _entry(name: str, source: OneOfMany) -> dict[str, str]:
    found = {"url": source.model or f"file://{FOLDER}/{name}", "sha256": source.sha256}
    return {key: value for key, value in found.items() if value}


def credentials(model: Model) -> list[k8s.core.v1.EnvFromSourceArgs] | None:
    """Return the Secret with credentials for the model's store."""
    predictor = model.predictor
    if isinstance(predictor, ImagePredictor) or predictor.credentials_secret is None:
        return None
    secret = k8s.core.v1.SecretEnvSourceArgs(name=predictor.credentials_secret)
    return [k8s.core.v1.EnvFromSourceArgs(secret_ref=secret)]
