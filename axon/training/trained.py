"""Predictors of a stack that have a `train.py`, and their state."""

from pathlib import Path

from axon.training.train import RECORD, train
from stacks.settings import Stack
from stacks.settings.image_predictor import ImagePredictor
from stacks.settings.project import CODE, PROJECT

_LOCK = "uv.lock"


def train_stale(stack: Stack, project: Path = PROJECT) -> None:
    """Run each `train.py` of a stack's predictors that is newer than its results, or whose packages are.

    Raises:
        StepFailed: if one fails.
    """
    for folder in trained(stack, project):
        if is_stale(folder):
            train(folder)


def trained(stack: Stack, project: Path = PROJECT) -> list[Path]:
    """Return the predictors' folders that have a `train.py`."""
    folders = {
        folder
        for model in stack.models.values()
        if not isinstance(model.predictor, ImagePredictor)
        for folder in model.predictor.folders.values()
    }
    return sorted(project / folder for folder in folders if (project / folder / "train.py").is_file())


def is_stale(folder: Path) -> bool:
    """Return True if a `train.py` or its packages changed after its last run."""
    record = folder / RECORD
    if not record.exists():
        return True
    sources = (folder / "train.py", folder / "requirements.txt", CODE / _LOCK)
    made = record.stat().st_mtime
    return any(source.exists() and source.stat().st_mtime > made for source in sources)
