"""Build contexts, and tags that are the hash of their content.

A tag never changes its meaning: all content of an image is part of the hash, so a changed predictor is a
changed image, and a visible diff of its Deployment. The program and the builder compute the same tag.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePath

from predictor_images.content import ContentError, copy, digest_of, files_of
from predictor_images.requirements import REQUIREMENTS, packages_of, pins_of
from stacks.settings.images import Images
from stacks.settings.model import BuiltPredictor, ImagePredictor, Predictor, PythonPredictor
from stacks.settings.project import PROJECT
from stacks.settings.sources import SklearnPredictor
from stacks.settings.stack import Stack

HERE = Path(__file__).parent
# A predictor's folder must contain one of these files; the value is the path in the image.
_FILES = {
    "sklearn": (("model.joblib",), "save a fitted estimator there with joblib.dump"),
    "onnx": (("model.onnx",), "export a model there"),
    "pytorch": (("model.pt2", "model.pt"), "save a model there with torch.export.save or torch.jit.save"),
    "tensorflow": (("model.keras", "model"), "save a model there with model.save or model.export"),
    "python": (("predictor.py",), "write a class Predictor with a method predict"),
}
# Files that generate the list of an image's packages.
_SBOM = (f"sbom/{REQUIREMENTS}", "sbom/write.py")
# Frameworks with separate packages for GPUs. PyTorch's packages are the same for both.
_GPU = {"onnx", "tensorflow"}


class MissingModel(ContentError):
    """A predictor's folder lacks its model."""


@dataclass(frozen=True)
class BuildContext:
    """Input of `docker build` or `buildah build`."""

    repository: str
    """Registry and path of the image, without a tag."""

    dockerfile: Path
    """The Dockerfile, with `${NAME}` as a placeholder of an argument."""

    files: Mapping[str, Path]
    """Files that the build may copy, by their path in the context. The context contains no others."""

    arguments: Mapping[str, str]
    """Values of the Dockerfile's placeholders: `BASE_IMAGE`, and the others that the Dockerfile names.

    They are not build arguments: buildah's layer cache treats two instructions that differ only in an
    argument as equal.
    """

    architectures: tuple[str, ...] = ()
    """Architecture of the build, such as `amd64`. None: the build machine's."""

    @cached_property
    def image(self) -> str:
        """The full reference: repository, and a tag of the content's hash and the architectures."""
        return self._reference(self.files)

    def _reference(self, files: Mapping[str, Path]) -> str:
        return f"{self.repository}:{'-'.join([self._tag(files), *self.architectures])}"

    def _tag(self, files: Mapping[str, Path]) -> str:
        total = hashlib.sha256(repr(sorted(self.arguments.items())).encode())
        total.update(self._instructions.encode())
        total.update(digest_of(files).encode())
        return total.hexdigest()[:16]

    @property
    def _instructions(self) -> str:
        text = self.dockerfile.read_text()
        for name, value in self.arguments.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def write(self, folder: Path) -> None:
        """Write the context to an empty folder: a Dockerfile, and the hashed files.

        Raises:
            ContentError: when a file has changed since the tag was computed.
        """
        copies = copy(self.files, folder)
        (folder / "Dockerfile").write_text(self._instructions)
        if self._reference(copies) != self.image:
            raise ContentError(f"{self.image}: its files changed while they were copied (run it again)")


def image_of(
    images: Images, predictor: Predictor, *, gpu: bool = False, architectures: tuple[str, ...] = ()
) -> str:
    """Return the image of a predictor, for GPU or CPU, for nodes of these architectures.

    Raises:
        MissingModel: when the predictor's folder does not contain a model yet.
    """
    if isinstance(predictor, ImagePredictor):
        return predictor.image
    return contexts_of(images, predictor, gpu=gpu, architectures=architectures)[-1].image


def repositories_of(stack: Stack) -> list[str]:
    """Return the names of a stack's model images, without registry and tag."""
    names: set[str] = set()
    for model in stack.models.values():
        if not isinstance(predictor := model.predictor, ImagePredictor):
            variant = _variant(predictor, gpu=model.compute.gpu > 0)
            names |= {variant, *(PurePath(path).name for path in predictor.folders.values())}
    return sorted(names)


def contexts_of(
    images: Images, predictor: Predictor, *, gpu: bool = False, architectures: tuple[str, ...] = ()
) -> list[BuildContext]:
    """Return the builds of a predictor, in order: the framework's image, then each model's.

    A fetched model needs no image of its own: the framework's image serves it.
    """
    if isinstance(predictor, ImagePredictor):
        return []
    found = [replace(_framework(images, predictor, gpu=gpu), architectures=architectures)]
    folders = {path: _files(predictor.type, path) for path in predictor.folders.values()}
    _refuse_two_versions(folders)
    for place, path in predictor.folders.items():
        arguments = {"BASE_IMAGE": found[-1].image, "PREDICTOR": predictor.type, "FOLDER": place}
        context = _model(images, path, folders[path], arguments)
        found.append(replace(context, architectures=architectures))
    return found


def _refuse_two_versions(folders: Mapping[str, Mapping[str, Path]]) -> None:
    """Reject models of one replica that pin different versions of a package."""
    known: dict[str, tuple[str, str]] = {}
    for path, files in folders.items():
        for name, version in pins_of(files).items():
            other, earlier = known.setdefault(name, (path, version))
            if earlier != version:
                raise ContentError(
                    f"{path}/{REQUIREMENTS}: {name}=={version}, and {other} has {name}=={earlier}: "
                    "models of one replica share their packages (make two models of them)"
                )


def _variant(predictor: BuiltPredictor, *, gpu: bool) -> str:
    """Return the folder below this package with the requirements of a predictor."""
    kind = _framework_of(predictor)
    if isinstance(predictor, SklearnPredictor) and predictor.onnx:
        return "sklearn-onnx"
    return f"{kind}-gpu" if gpu and kind in _GPU else kind


def _framework_of(predictor: BuiltPredictor) -> str:
    return predictor.framework if isinstance(predictor, PythonPredictor) else predictor.type


def _framework(images: Images, predictor: BuiltPredictor, *, gpu: bool) -> BuildContext:
    variant = _variant(predictor, gpu=gpu)
    runtime = files_of(HERE / "runtime" / "axon_runtime", "predictor_images/runtime/axon_runtime")
    own = (f"{variant}/{REQUIREMENTS}", *_SBOM)
    return BuildContext(
        repository=images.repository(variant),
        dockerfile=HERE / "framework" / "Dockerfile",
        files={
            **{f"runtime/axon_runtime/{place}": file for place, file in runtime.items()},
            **{place: HERE / place for place in own},
        },
        arguments={"BASE_IMAGE": images.base, "FRAMEWORK": variant, "PREDICTOR": _framework_of(predictor)},
    )


def _model(
    images: Images, path: str, files: Mapping[str, Path], arguments: Mapping[str, str]
) -> BuildContext:
    packages = packages_of(files)
    return BuildContext(
        repository=images.repository(PurePath(path).name),
        dockerfile=HERE / "model" / "Dockerfile",
        files={
            **{f"predictor/{place}": file for place, file in files.items()},
            **{f"install/packages/{place}": file for place, file in packages.items()},
            **{f"install/{place}": HERE / place for place in _SBOM},
        },
        arguments=arguments,
    )


def _files(kind: str, path: str) -> dict[str, Path]:
    """Return the files of a predictor's folder by their relative path."""
    folder = PROJECT / path
    if not folder.is_dir():
        raise MissingModel(f"{path}: no such folder in {PROJECT}")
    if not folder.resolve().is_relative_to(PROJECT.resolve()) or folder.samefile(PROJECT):
        raise ContentError(f"{path}: must be a folder inside the project (such as predictors/churn)")
    files = files_of(folder, path)
    names, how = _FILES[kind]
    if not any(PurePath(place).parts[0] in names for place in files):
        fix = "run `make models`" if "train.py" in files else how
        raise MissingModel(f"{path}/{' or '.join(names)}: no such file ({fix})")
    return files
