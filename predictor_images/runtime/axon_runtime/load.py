"""Loading of the configured model."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from axon_runtime.call import Call, Failed
from axon_runtime.config import Config
from axon_runtime.coroutines import CoroutineExecutor
from axon_runtime.estimators import load_sklearn
from axon_runtime.executor import BatchExecutor, Executor
from axon_runtime.exported import load_exported
from axon_runtime.inherited import inherited
from axon_runtime.metrics import Metrics
from axon_runtime.onnx_models import load_onnx
from axon_runtime.pytorch import load_pytorch
from axon_runtime.saved import SavedModel
from axon_runtime.service import RowsService, Service, UserService
from axon_runtime.tensorflow import load_tensorflow
from axon_runtime.trial_run import answer_sample
from axon_runtime.user import UserPredictor, bind, instantiate, load_class, load_model

LOADERS: dict[str, Callable[[Path], SavedModel]] = {
    "onnx": load_onnx,
    "pytorch": load_pytorch,
    "sklearn": load_sklearn,
    "tensorflow": load_tensorflow,
}
"""Loader of each kind of model from its folder."""


def prepare(config: Config, metrics: Metrics) -> Service:
    """Return a loaded model that has passed its sample.

    Raises:
        LoadError, PredictorError: when the model cannot be loaded; the text is one line.
    """
    config = _located(config)
    service = load(config, metrics)
    if (sample := config.folder / "sample.json").exists():
        asyncio.run(answer_sample(service, sample.read_bytes()))
    service.tracker = metrics.tracker(config.track)  # not before: the sample is not a client's request
    return service


def _located(config: Config) -> Config:
    """Return the configuration with a local model, fetched if necessary."""
    if config.model is None:
        return config
    from axon_runtime.fetch import fetch  # only replicas that fetch a model load its library

    place = fetch(config.model, config.cache)
    key = "model_path" if config.kind == "python" else "folder"
    return msgspec.structs.replace(config, **{key: place})


def load(config: Config, metrics: Metrics) -> Service:
    """Return a loaded model.

    Raises:
        LoadError, PredictorError: when the model cannot be loaded; the text is one line.
    """
    start = time.perf_counter()
    service = _user(config, metrics) if config.kind == "python" else _saved(config, metrics)
    metrics.load_seconds.set(time.perf_counter() - start)
    return service


def _saved(config: Config, metrics: Metrics) -> Service:
    limits = config.limits
    model = (load_exported if config.onnx else LOADERS[config.kind])(config.folder)
    metrics.batched.set(model.by_rows and limits.max_batch_size > 1)
    model.on_unbatched = lambda: metrics.batched.set(0)
    executor = BatchExecutor(
        lambda calls: model.predict([call.input for call in calls]),
        max_batch_size=min(limits.max_batch_size, limits.max_concurrency),
        batch_interval=limits.batch_interval,
        inline=model.trusted,
        running=metrics.running,
        on_batch=metrics.ran,
        on_queue=metrics.on_queue,
    )
    return RowsService(config.name, model, executor)


def _user(config: Config, metrics: Metrics) -> Service:
    made = instantiate(load_class(config.folder), config.arguments)
    if config.model_path:
        load_model(made, config.model_path)
    predictor = bind(made)
    return UserService(config.name, _executor_of(predictor, config, metrics))


def _executor_of(predictor: UserPredictor, config: Config, metrics: Metrics) -> Executor:
    """Return the executor of a user's class, which never runs in the server's event loop."""
    limits = config.limits
    if predictor.is_async:
        return CoroutineExecutor(
            lambda call: _acall(predictor, call),
            max_concurrency=limits.max_concurrency,
            running=metrics.running,
            on_batch=metrics.ran,
            on_queue=metrics.on_queue,
            on_thread=inherited(),
        )
    return BatchExecutor(
        lambda calls: [_call(predictor, call) for call in calls],
        max_batch_size=1,
        threads=min(limits.threads_per_process, limits.max_concurrency),
        inline=False,
        running=metrics.running,
        on_batch=metrics.ran,
        on_queue=metrics.on_queue,
        on_thread=inherited(),
    )


def _call(predictor: UserPredictor, call: Call) -> Any:
    context, *given = call.input
    try:
        return call.encode(context.run(predictor.call, *given))
    except BaseException as error:  # of any type: SystemExit concerns only this request
        return Failed(error)


async def _acall(predictor: UserPredictor, call: Call) -> Any:
    _, *given = call.input
    return call.encode(await predictor.acall(*given))
