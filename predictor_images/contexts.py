"""Build contexts, and tags that are the hash of their content.

A tag never changes its meaning: whatever goes into an image is in its tag, so a changed predictor is a
changed image, and a visible diff of its Deployment. The program and the builder compute it alike.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

import pulumi

from stacks.settings.images import Images
from stacks.settings.model import BuiltPredictor, ImagePredictor, Predictor, PythonPredictor
from stacks.settings.sources import SklearnPredictor
from stacks.settings.stack import Stack

PROJECT = Path(__file__).parents[1]
HERE = Path(__file__).parent
# Of a predictor's folder: what training leaves beside the model.
_IGNORED = {"__pycache__", ".ipynb_checkpoints", ".trained"}
# What a predictor's folder must hold one of, and how it gets there.
_FILES = {
    "sklearn": (("model.joblib",), "save a fitted estimator there with joblib.dump"),
    "onnx": (("model.onnx",), "export a model there"),
    "pytorch": (("model.pt2", "model.pt"), "save a model there with torch.export.save or torch.jit.save"),
    "tensorflow": (("model.keras", "model"), "save a model there with model.save or model.export"),
    "python": (("predictor.py",), "write a class Predictor with a method predict"),
}
# Frameworks with packages of their own for GPUs. PyTorch's are the same for both.
_GPU = {"onnx", "tensorflow"}


class MissingModel(pulumi.RunError):
    """A predictor's folder lacks its model."""


@dataclass(frozen=True)
class BuildContext:
    """What `docker build` or `buildah build` is given."""

    repository: str
    """Registry and path of the image, without its tag."""

    dockerfile: Path
    folder: Path
    """The context's root."""

    parts: tuple[Path, ...]
    """Files and folders below the root that go into the image."""

    arguments: Mapping[str, str]
    """Build arguments: `BASE_IMAGE`, which it starts from, and what else it takes."""

    @property
    def image(self) -> str:
        """The full reference: repository, and the content's hash as tag."""
        return f"{self.repository}:{self._digest()[:16]}"

    def _digest(self) -> str:
        total = hashlib.sha256(repr(sorted(self.arguments.items())).encode())
        for file in (self.dockerfile, *self.files()):
            name = file.relative_to(PROJECT).as_posix()
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"\n{name} {content}".encode())
        return total.hexdigest()

    def files(self) -> list[Path]:
        """Return the files of the parts, sorted."""
        found = {file for part in self.parts for file in _files(part)}
        return sorted(found)


def image_of(images: Images, predictor: Predictor, *, gpu: bool = False) -> str:
    """Return the image that a predictor runs in, on a GPU or without.

    Raises:
        MissingModel: when the predictor's folder holds no model yet.
    """
    if isinstance(predictor, ImagePredictor):
        return predictor.image
    return contexts_of(images, predictor, gpu=gpu)[-1].image


def repositories_of(stack: Stack) -> list[str]:
    """Return the names of the images that a stack's models are built into, without registry and tag."""
    names: set[str] = set()
    for model in stack.models.values():
        if not isinstance(predictor := model.predictor, ImagePredictor):
            variant = _variant(predictor, gpu=model.compute.gpu > 0)
            names |= {variant, *(PurePath(path).name for path in predictor.folders.values())}
    return sorted(names)


def contexts_of(images: Images, predictor: Predictor, *, gpu: bool = False) -> list[BuildContext]:
    """Return what has to be built for a predictor, in order: the framework's image, then each model's.

    A model that is fetched needs no image: the framework's runs as it is.
    """
    if isinstance(predictor, ImagePredictor):
        return []
    found = [_framework(images, predictor, gpu=gpu)]
    for place, path in predictor.folders.items():
        arguments = {"BASE_IMAGE": found[-1].image, "PREDICTOR": predictor.type, "FOLDER": place}
        found.append(_model(images, predictor.type, path, arguments))
    return found


def _variant(predictor: BuiltPredictor, *, gpu: bool) -> str:
    """Return the folder here of the packages that a predictor needs."""
    kind = _framework_of(predictor)
    if isinstance(predictor, SklearnPredictor) and predictor.onnx:
        return "sklearn-onnx"
    return f"{kind}-gpu" if gpu and kind in _GPU else kind


def _framework_of(predictor: BuiltPredictor) -> str:
    return predictor.framework if isinstance(predictor, PythonPredictor) else predictor.type


def _framework(images: Images, predictor: BuiltPredictor, *, gpu: bool) -> BuildContext:
    variant = _variant(predictor, gpu=gpu)
    return BuildContext(
        repository=images.repository(variant),
        dockerfile=HERE / "framework" / "Dockerfile",
        folder=HERE,
        parts=(HERE / "runtime" / "axon_runtime", HERE / "sbom", HERE / variant),
        arguments={"BASE_IMAGE": images.base, "FRAMEWORK": variant, "PREDICTOR": _framework_of(predictor)},
    )


def _model(images: Images, kind: str, path: str, arguments: Mapping[str, str]) -> BuildContext:
    folder = PROJECT / path
    if not folder.is_dir():
        raise MissingModel(f"{path}: no such folder in {PROJECT}")
    names, how = _FILES[kind]
    if not any((folder / name).exists() for name in names):
        fix = "run `make models`" if (folder / "train.py").exists() else how
        raise MissingModel(f"{path}/{' or '.join(names)}: no such file ({fix})")
    return BuildContext(
        repository=images.repository(folder.name),
        dockerfile=HERE / "model" / "Dockerfile",
        folder=folder,
        parts=(folder,),
        arguments=arguments,
    )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [f for f in path.rglob("*") if f.is_file() and not _IGNORED.intersection(f.parts)]
