"""A class of the user's as a predictor: found, made, and called with what it asks for."""

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ARGUMENTS = ("payload", "query_params", "headers")


class PredictorError(Exception):
    """The user's class cannot serve. Its text is one line."""


def load_class(folder: Path, spec: str = "predictor:Predictor") -> type[Any]:
    """Import a class from a folder; `spec` is module and class.

    Raises:
        PredictorError: when there is no such file or class, or the import fails.
    """
    module_name, _, class_name = spec.partition(":")
    file = folder / f"{module_name.replace('.', '/')}.py"
    if not file.exists():
        raise PredictorError(f"{file}: no such file")
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise PredictorError(f"{file} cannot be imported: {_cause(error)}") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise PredictorError(f"{file} has no class {class_name}")
    if not callable(getattr(found, "predict", None)):
        raise PredictorError(f"{file}: {class_name} has no method predict")
    return found


def instantiate(cls: type[Any], config: Mapping[str, Any]) -> Any:
    """Make the predictor; `__init__` is given `config` if it takes it.

    Raises:
        PredictorError: with the cause, when that fails.
    """
    try:
        wants = list(inspect.signature(cls).parameters)
        return cls(**({"config": dict(config)} if "config" in wants else {}))
    except Exception as error:
        raise PredictorError(f"{cls.__name__}.__init__ failed: {_cause(error)}") from error


def load_model(predictor: Any, model: Path) -> None:
    """Give the predictor its fetched model, by its method `load`.

    Raises:
        PredictorError: when it has none, or that fails.
    """
    name = type(predictor).__name__
    method = getattr(predictor, "load", None)
    if not callable(method):
        raise PredictorError(f"{name} has no method load(model_path), which a predictor with a model needs")
    if inspect.iscoroutinefunction(method):
        raise PredictorError(f"{name}.load is async, and is called before there is an event loop")
    try:
        method(str(model))
    except Exception as error:
        raise PredictorError(f"{name}.load failed: {_cause(error)}") from error


def bind(predictor: Any) -> "UserPredictor":
    """Return the predictor, ready to be called.

    Raises:
        PredictorError: when a method asks for what there is not.
    """
    return UserPredictor(predictor)


class UserPredictor:
    """Calls `pre_predict`, `predict` and `post_predict`, each with the arguments that it declares."""

    def __init__(self, predictor: Any) -> None:
        self._pre = _step(predictor, "pre_predict", _ARGUMENTS)
        self._predict = _step(predictor, "predict", _ARGUMENTS)
        self._post = _step(predictor, "post_predict", ("result", *_ARGUMENTS))
        steps = (self._pre, self._predict, self._post)
        self.is_async = any(step is not None and inspect.iscoroutinefunction(step.method) for step in steps)

    def call(self, payload: Any, query_params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Return the predictor's answer, of a predictor without `async` methods."""
        given: dict[str, Any] = {"payload": payload, "query_params": query_params, "headers": headers}
        if self._pre:
            given["payload"] = self._pre(given)
        result = self._predict(given) if self._predict else None
        return self._post({**given, "result": result}) if self._post else result

    async def acall(self, payload: Any, query_params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Return the predictor's answer, awaiting the methods that are `async`."""
        given: dict[str, Any] = {"payload": payload, "query_params": query_params, "headers": headers}
        if self._pre:
            given["payload"] = await _awaited(self._pre(given))
        result = await _awaited(self._predict(given)) if self._predict else None
        return await _awaited(self._post({**given, "result": result})) if self._post else result


class _Step:
    """One method, and which of the arguments it takes; the first may have a name of its own."""

    def __init__(self, method: Callable[..., Any], names: Mapping[str, str]) -> None:
        self.method, self._names = method, names

    def __call__(self, given: Mapping[str, Any]) -> Any:
        return self.method(**{own: given[name] for own, name in self._names.items()})


def _step(predictor: Any, name: str, known: tuple[str, ...]) -> _Step | None:
    method = getattr(predictor, name, None)
    if method is None:
        return None
    parameters = inspect.signature(method).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return _Step(method, {argument: argument for argument in known})
    names: dict[str, str] = {}
    for parameter in parameters:
        if parameter.name in known:
            names[parameter.name] = parameter.name
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            raise PredictorError(
                f"{type(predictor).__name__}.{name} asks for {parameter.name}; there are {', '.join(known)}"
            )
    return _Step(method, names)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _cause(error: BaseException) -> str:
    """Return the error and the line of the user's code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
