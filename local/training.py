"""Which predictors of a stack a `train.py` makes: the Makefile runs it where it has changed."""

from pathlib import Path

from stacks.settings import Stack
from stacks.settings.image_predictor import ImagePredictor

PROJECT = Path(__file__).parents[1]


def trained(stack: Stack, project: Path = PROJECT) -> list[str]:
    """Return the files by which `make` knows that the predictors' `train.py` has run."""
    folders = {
        folder
        for model in stack.models.values()
        if not isinstance(model.predictor, ImagePredictor)
        for folder in model.predictor.folders.values()
    }
    return sorted(f"{folder}/.trained" for folder in folders if (project / folder / "train.py").is_file())
