"""The stack config as types: the whole public interface of axon."""

from stacks.settings.aws import eks
from stacks.settings.images import Images
from stacks.settings.loading import SettingsError, load, load_file
from stacks.settings.model import ImagePredictor, Model, SklearnPredictor
from stacks.settings.platform import Platform
from stacks.settings.stack import Stack

__all__ = [
    "ImagePredictor",
    "Images",
    "Model",
    "Platform",
    "SettingsError",
    "SklearnPredictor",
    "Stack",
    "eks",
    "load",
    "load_file",
]
