"""Load what the configuration names."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from axon_runtime.app import App
from axon_runtime.call import Failed
from axon_runtime.config import Config
from axon_runtime.estimators import load_sklearn
from axon_runtime.executor import Executor
from axon_runtime.exported import load_exported
from axon_runtime.metrics import Metrics
from axon_runtime.onnx_models import load_onnx
from axon_runtime.places import Places
from axon_runtime.pytorch import load_pytorch
from axon_runtime.saved import SavedModel
from axon_runtime.service import RowsService, Service, UserService
from axon_runtime.tensorflow import load_tensorflow
from axon_runtime.user import UserPredictor, bind, instantiate, load_class, load_model

LOADERS: dict[str, Callable[[Path], SavedModel]] = {
    "onnx": load_onnx,
    "pytorch": load_pytorch,
    "sklearn": load_sklearn,
    "tensorflow": load_tensorflow,
}
"""How the model of each kind is loaded from its folder."""


def prepare(config: Config, metrics: Metrics, places: Places | None = None) -> App:
    """Return the application of a model, which has answered its sample.

    Raises:
        LoadError, PredictorError: when it cannot be; the text is one line.
    """
    config = _located(config)
    app = load(config, metrics, places)
    if (sample := config.folder / "sample.json").exists():
        asyncio.run(app.warm_up(sample.read_bytes()))
    app.track(metrics.tracker(config.track))
    return app


def _located(config: Config) -> Config:
    """Return the configuration with its model on this machine, fetched if it is elsewhere."""
    if config.model is None:
        return config
    from axon_runtime.fetch import fetch  # its library is loaded by those alone that need it

    place = fetch(config.model, config.cache)
    key = "model_path" if config.kind == "python" else "folder"
    return msgspec.structs.replace(config, **{key: place})


def load(config: Config, metrics: Metrics, places: Places | None = None) -> App:
    """Return the application of a model, loaded.

    Raises:
        LoadError, PredictorError: when it cannot be; the text is one line.
    """
    start = time.perf_counter()
    service = _user(config, metrics) if config.kind == "python" else _saved(config, metrics)
    metrics.load_seconds.set(time.perf_counter() - start)
    return App(config, service, metrics, places)


def _saved(config: Config, metrics: Metrics) -> Service:
    limits = config.limits
    model = (load_exported if config.onnx else LOADERS[config.kind])(config.folder)
    executor = Executor(
        model.predict,
        max_batch_size=min(limits.max_batch_size, limits.max_concurrency),
        batch_interval=limits.batch_interval,
        on_batch=metrics.ran,
        on_queue=metrics.on_queue,
    )
    return RowsService(config.name, model, executor)


def _user(config: Config, metrics: Metrics) -> Service:
    made = instantiate(load_class(config.folder), config.arguments)
    if config.model_path:
        load_model(made, config.model_path)
    predictor = bind(made)
    threads = min(config.limits.threads_per_process, config.limits.max_concurrency)
    executor = (_AsyncExecutor if predictor.is_async else Executor)(
        lambda calls: _each(predictor, calls),
        max_batch_size=1,
        threads=threads,
        on_batch=metrics.ran,
        on_queue=metrics.on_queue,
    )
    if isinstance(executor, _AsyncExecutor):
        executor.predictor = predictor
    return UserService(config.name, executor)


class _AsyncExecutor(Executor):
    """Runs a predictor whose methods are `async`."""

    predictor: UserPredictor

    def submit(self, input: Any, rows: int = 1) -> "asyncio.Future[Any]":
        context, *given = input
        return asyncio.get_running_loop().create_task(self.predictor.acall(*given), context=context)


def _each(predictor: UserPredictor, calls: Sequence[Any]) -> list[Any]:
    results: list[Any] = []
    for context, *given in calls:
        try:
            results.append(context.run(predictor.call, *given))
        except Exception as error:
            results.append(Failed(error))
    return results
