"""A new model: a predictor's folder that works at once, and its entry in the stack file."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from axon.errors import UserError
from axon.stack_file import path_of, value_of
from predictor_images.requirements import REQUIREMENTS, pins_of
from stacks.settings import load_file
from stacks.settings.project import CODE, PROJECT

_CONFIG, _MODELS = "config", "axon:models"


class NewError(UserError):
    """A model or project cannot be written. Its text says why; nothing was written."""


@dataclass(frozen=True)
class Example:
    """An example predictor of axon's own, which a new model begins as."""

    folder: str
    predictor: str
    """The other keys of `predictor` in the stack file, after its path."""
    packages: tuple[str, ...] = ()
    """What its train.py imports."""


EXAMPLES = {
    "sklearn": Example("predictors/iris", "", ("joblib", "numpy", "scikit-learn")),
    "onnx": Example("predictors/digits", "", ("numpy", "onnx", "scikit-learn", "skl2onnx")),
    "python": Example("predictors/species", ", config: {limits: [2.5, 4.8]}"),
}
# The versions that images have, so that a model is loaded by the library that saved it.
_PINS = CODE / "predictor_images/sklearn-onnx/requirements.txt"


def new_model(name: str, kind: str, stack: str) -> list[str]:
    """Write a predictor's folder and its entry in a stack file; return the paths of what was written.

    Raises:
        NewError: when the folder or the entry exists, or the stack file cannot take an entry.
        SettingsError: when the stack file is wrong, before or with the entry. Nothing was written.
    """
    if name in load_file(stack).models:
        raise NewError(f"{stack} has a model {name} already: choose another name")
    folder, file = PROJECT / "predictors" / name, PROJECT / path_of(stack)
    if folder.exists():
        raise NewError(f"predictors/{name} exists already: choose another name, or add it to {file.name}")
    before = file.read_text()
    text = with_model(before, entry_of(name, kind))
    _copy(CODE / EXAMPLES[kind].folder, folder)
    if (script := folder / "train.py").exists():
        script.write_text(metadata(EXAMPLES[kind].packages) + script.read_text())
    file.write_text(text)
    try:
        load_file(stack)
    except Exception:
        file.write_text(before)
        shutil.rmtree(folder)
        raise
    return [f"predictors/{name}/", f"stacks/{file.name}"]


def entry_of(name: str, kind: str) -> list[str]:
    """Return the lines of a model in a stack file, without indentation."""
    more = EXAMPLES[kind].predictor
    return [f"{name}:", f"  predictor: {{type: {kind}, path: predictors/{name}{more}}}"]


def with_model(text: str, entry: list[str]) -> str:
    """Return a stack file's text with one more model, and everything else as it was.

    Raises:
        NewError: when `axon:models` is not written as a block, one model a line.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    config = value_of(root, _CONFIG)
    if not isinstance(config, MappingNode) or config.flow_style:
        raise NewError(
            f"`{_CONFIG}` must be a block with one key a line; add this to it:\n" + "\n".join(entry)
        )
    models = value_of(config, _MODELS)
    if models is None or (isinstance(models, ScalarNode) and not models.value):
        indent = " " * config.start_mark.column
        lines = [f"{indent}{_MODELS}:", *(f"{indent}  {line}" for line in entry)]
        return _inserted(text, config, lines)
    if not isinstance(models, MappingNode) or models.flow_style:
        raise NewError(
            f"`{_MODELS}` must be a block with one model a line; add this to it:\n" + "\n".join(entry)
        )
    indent = " " * models.start_mark.column
    return _inserted(text, models, [f"{indent}{line}" for line in entry])


def metadata(packages: tuple[str, ...]) -> str:
    """Return the lines by which uv knows the packages of a script."""
    pins = pins_of({REQUIREMENTS: _PINS})
    lines = [f'#   "{name}=={pins[name]}",' for name in packages]
    head = ["# /// script", '# requires-python = ">=3.11,<3.14"', "# dependencies = ["]
    return "\n".join([*head, *lines, "# ]", "# ///", ""])


def _inserted(text: str, mapping: MappingNode, lines: list[str]) -> str:
    """Insert lines after the last value of a mapping, before comments and blank lines that follow it."""
    at = text.rstrip("\n").find("\n", _end(mapping))
    at = len(text.rstrip("\n")) if at < 0 else at
    return text[:at] + "\n" + "\n".join(lines) + (text[at:] if text[at:] else "\n")


def _end(node: Node) -> int:
    """Return the index just after the last character of a value."""
    if isinstance(node, ScalarNode) or getattr(node, "flow_style", False):
        return node.end_mark.index
    children = node.value
    last = children[-1] if children else None
    if last is None:
        return node.end_mark.index
    return _end(last[1] if isinstance(last, tuple) else last)


def _copy(example: Path, folder: Path) -> None:
    """Copy the sources of an example: what its train.py makes is made again here."""
    folder.mkdir(parents=True)
    for name in ("train.py", "predictor.py", "sample.json", "requirements.txt"):
        if (example / name).exists():
            shutil.copyfile(example / name, folder / name)
