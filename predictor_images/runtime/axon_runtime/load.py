"""Load what the configuration names."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from axon_runtime.app import App
from axon_runtime.config import Config
from axon_runtime.executor import Executor
from axon_runtime.metrics import Metrics
from axon_runtime.pytorch import load_pytorch
from axon_runtime.saved import SavedModel, load_onnx, load_sklearn
from axon_runtime.service import RowsService, Service, UserService
from axon_runtime.tensorflow import load_tensorflow
from axon_runtime.user import UserPredictor, bind, instantiate, load_class

LOADERS: dict[str, Callable[[Path], SavedModel]] = {
    "onnx": load_onnx,
    "pytorch": load_pytorch,
    "sklearn": load_sklearn,
    "tensorflow": load_tensorflow,
}
"""How the model of each kind is loaded from its folder."""


def load(config: Config) -> App:
    """Return the application of a model, loaded.

    Raises:
        LoadError, PredictorError: when it cannot be; the text is one line.
    """
    metrics = Metrics(config.name)
    start = time.perf_counter()
    service = _user(config, metrics) if config.kind == "python" else _saved(config, metrics)
    metrics.load_seconds.set(time.perf_counter() - start)
    return App(config, service, metrics)


def _saved(config: Config, metrics: Metrics) -> Service:
    limits = config.limits
    model = LOADERS[config.kind](config.folder)
    executor = Executor(
        model.predict,
        max_batch_size=min(limits.max_batch_size, limits.max_concurrency),
        batch_interval=limits.batch_interval,
        on_batch=metrics.ran,
    )
    return RowsService(model, executor)


def _user(config: Config, metrics: Metrics) -> Service:
    predictor = bind(instantiate(load_class(config.folder), config.arguments))
    threads = min(config.limits.threads_per_process, config.limits.max_concurrency)
    executor = Executor(
        lambda calls: _each(predictor, calls), max_batch_size=1, threads=threads, on_batch=metrics.ran
    )
    return UserService(predictor, executor)


def _each(predictor: UserPredictor, calls: Sequence[Any]) -> list[Any]:
    results: list[Any] = []
    for call in calls:
        try:
            results.append(predictor.call(*call))
        except Exception as error:
            results.append(error)
    return results
