"""Predictors as user classes: importing, instantiating, and calling them with their declared arguments."""

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ARGUMENTS = ("payload", "query_params", "headers")
# Names of the result in classes written for Cortex: `post_predict(response, …)`, and a handler's
# `handle_post`.
_RESULTS = ("result", "response")
_PREDICT = ("predict", "handle_post")
_OF_CORTEX = ("Handler", "PythonPredictor", "ONNXPredictor", "TensorFlowPredictor")


class PredictorError(Exception):
    """The user's class cannot serve. The text is one line."""


def load_class(folder: Path, spec: str = "predictor:Predictor") -> type[Any]:
    """Import a class from a folder; `spec` is module and class.

    The folder becomes the working directory: code opens files next to the class by their names.

    Raises:
        PredictorError: when the file or class does not exist, or the import fails.
    """
    module_name, _, class_name = spec.partition(":")
    file = folder / f"{module_name.replace('.', '/')}.py"
    if not file.exists():
        raise PredictorError(f"{file}: no such file")
    sys.path.insert(0, str(folder))
    if folder.is_absolute():  # other forms of the path would break after a change of the working directory
        os.chdir(folder)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise PredictorError(f"{file} cannot be imported: {_cause(error)}") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        other = next((name for name in _OF_CORTEX if isinstance(getattr(module, name, None), type)), None)
        hint = f" (rename {other})" if other else ""
        raise PredictorError(f"{file} has no class {class_name}{hint}")
    if not _callable(found, _PREDICT):
        raise PredictorError(f"{file}: {class_name} has no method predict{_instead(found)}")
    return found


def _callable(of: Any, names: tuple[str, ...]) -> str | None:
    """Return the first of the names that is a method."""
    return next((name for name in names if callable(getattr(of, name, None))), None)


def _instead(found: type[Any]) -> str:
    """Return a hint on the equivalent of a Cortex handler's methods."""
    other = _callable(found, ("handle_get", "handle_put", "handle_patch", "handle_delete", "handle_async"))
    return f" ({other} has no match: requests are POST, and wait for their answers)" if other else ""


def instantiate(cls: type[Any], config: Mapping[str, Any]) -> Any:
    """Create the predictor; `__init__` receives `config` if it declares the argument.

    Raises:
        PredictorError: with the cause, when `__init__` fails.
    """
    try:
        parameters = inspect.signature(cls).parameters
        given = {"config": dict(config)} if "config" in parameters else {}
        if missing := [name for name, one in parameters.items() if _is_required(one) and name not in given]:
            raise PredictorError(
                f"{cls.__name__}.__init__ asks for {missing[0]}; there is config "
                "(a model that is fetched comes by load(model_path))"
            )
        return cls(**given)
    except PredictorError:
        raise
    except Exception as error:
        raise PredictorError(f"{cls.__name__}.__init__ failed: {_cause(error)}") from error


def _is_required(parameter: inspect.Parameter) -> bool:
    several = (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and parameter.kind not in several


def load_model(predictor: Any, model: Path) -> None:
    """Pass the fetched model to the predictor's method `load`.

    Raises:
        PredictorError: when there is no such method, or it fails.
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
    """Return a callable predictor.

    Raises:
        PredictorError: when a method declares an unknown argument.
    """
    return UserPredictor(predictor)


class UserPredictor:
    """Predictor that calls `pre_predict`, `predict` and `post_predict`, each with its declared arguments."""

    def __init__(self, predictor: Any) -> None:
        self._pre = _step(predictor, "pre_predict", _ARGUMENTS)
        self._predict = _step(predictor, _callable(predictor, _PREDICT) or "predict", _ARGUMENTS)
        self._post = _step(predictor, "post_predict", (*_RESULTS, *_ARGUMENTS))
        steps = (self._pre, self._predict, self._post)
        self.is_async = any(step is not None and inspect.iscoroutinefunction(step.method) for step in steps)

    def call(self, payload: Any, query_params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Return the predictor's result, for a predictor without `async` methods."""
        given: dict[str, Any] = {"payload": payload, "query_params": query_params, "headers": headers}
        if self._pre:
            given["payload"] = self._pre(given)
        result = self._predict(given) if self._predict else None
        return self._post({**given, **dict.fromkeys(_RESULTS, result)}) if self._post else result

    async def acall(self, payload: Any, query_params: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Return the predictor's result, awaiting its `async` methods."""
        given: dict[str, Any] = {"payload": payload, "query_params": query_params, "headers": headers}
        if self._pre:
            given["payload"] = await _awaited(self._pre(given))
        result = await _awaited(self._predict(given)) if self._predict else None
        return (
            await _awaited(self._post({**given, **dict.fromkeys(_RESULTS, result)})) if self._post else result
        )


class _Step:
    """One method and its declared arguments; the first may have any name."""

    def __init__(self, method: Callable[..., Any], names: Mapping[str, str]) -> None:
        self.method, self._names = method, names

    def __call__(self, given: Mapping[str, Any]) -> Any:
        return self.method(**{own: given[name] for own, name in self._names.items()})


def _step(predictor: Any, name: str, known: tuple[str, ...]) -> _Step | None:
    method = getattr(predictor, name, None)
    if method is None:
        return None
    parameters = inspect.signature(method).parameters.values()
    # Cortex's name for the result is only for methods that declare it.
    ours = [argument for argument in known if argument != "response"]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        declared = {p.name for p in parameters}.intersection(known)
        return _Step(method, {argument: argument for argument in {*ours, *declared}})
    names: dict[str, str] = {}
    for parameter in parameters:
        if parameter.name in known:
            names[parameter.name] = parameter.name
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL:
            raise PredictorError(
                f"{type(predictor).__name__}.{name} asks for {parameter.name}; there are {', '.join(ours)}"
            )
    return _Step(method, names)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _cause(error: BaseException) -> str:
    """Return the error and the line of user code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
