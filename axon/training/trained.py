"""The predictors of a stack that a `train.py` makes, and whether each is up to date."""

from pathlib import Path

from axon.training.train import RECORD, train
from stacks.settings import Stack
from stacks.settings.image_predictor import ImagePredictor
from stacks.settings.project import CODE, PROJECT

_LOCK = "uv.lock"


def train_stale(stack: Stack, project: Path = PROJECT) -> None:
    """Run each `train.py` of a stack's predictors that changed since it ran, or whose packages did.

    Raises:
        StepFailed: when one fails.
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
    """Say whether a `train.py` is newer than what it made."""
    record = folder / RECORD
    if not record.exists():
        return True
    sources = (folder / "train.py", folder / "requirements.txt", CODE / _LOCK)
    made = record.stat().st_mtime
    return any(source.exists() and source.stat().st_mtime > made for source in sources)
