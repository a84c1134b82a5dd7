"""Settings of a stack as types: the public interface of axon."""

from stacks.settings.aws import eks
from stacks.settings.images import Images
from stacks.settings.loading import SettingsError, load, load_file
from stacks.settings.model import BuiltPredictor, ImagePredictor, Model, PythonPredictor
from stacks.settings.platform import Platform
from stacks.settings.sources import OnnxPredictor, SklearnPredictor
from stacks.settings.stack import Stack

__all__ = [
    "BuiltPredictor",
    "ImagePredictor",
    "Images",
    "Model",
    "OnnxPredictor",
    "Platform",
    "PythonPredictor",
    "SettingsError",
    "SklearnPredictor",
    "Stack",
    "eks",
    "load",
    "load_file",
]
