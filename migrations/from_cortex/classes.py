"""Static analysis of a class written for Cortex: uses that axon does not support."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_NETWORK = {
    *("aiohttp", "boto3", "botocore", "ftplib", "gdown", "gcsfs", "google", "httpx", "huggingface_hub"),
    *("paramiko", "psycopg2", "pymongo", "pymysql", "redis", "requests", "s3fs", "smart_open", "socket"),
    *("sqlalchemy", "urllib", "urllib3", "wget"),
}
"""Packages that connect to a network."""

_DOWNLOADS = {
    *("download", "from_pretrained", "hf_hub_download", "load_state_dict_from_url", "pipeline"),
    *("snapshot_download", "urlopen", "urlretrieve"),
}
"""Functions of other packages that connect to a network, whatever the package."""

_HUBS = ("hub.load", "tensorflow_hub.load", "torch.hub.load")
_PROGRAMS = (
    *("os.system", "os.popen"),
    *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")),
)
_NAMES = ("Predictor", "PythonPredictor", "ONNXPredictor", "TensorFlowPredictor", "Handler")
_PARAMETERS = {
    "python_client": "there is none: give `predictor.model`, and load it in load(model_path)",
    "onnx_client": "there is none: load the model in load(model_path)",
    "tensorflow_client": "there is none: load the model in load(model_path)",
    "model_client": "there is none: load the model in load(model_path)",
    "metrics_client": "there is none: count by `tracker`, or with prometheus_client",
    "proto_module_pb2": "there is none: no gRPC",
    "api_spec": "there is none: give what it is read for in `config`",
    "job_spec": "there is none: axon serves requests that wait for answers",
}
_METHODS = {
    "load_model": "is called load(self, model_path) here, once, and sets what predict uses",
    "on_job_complete": "has no match: axon serves requests that wait for answers",
    **{f"handle_{method}": "has no match: requests are POST" for method in ("get", "put", "patch", "delete")},
    "handle_async": "has no match: axon serves requests that wait for answers",
    "handle_batch": "has no match: axon serves requests that wait for answers",
}
_ARGUMENTS = {"config", "payload", "query_params", "headers", "response", "result", "model_path", "self"}
_TAKEN = ("__init__", "load", "predict", "handle_post", "pre_predict", "post_predict")


@dataclass(frozen=True)
class Finding:
    """A finding in a class's file: its line, and how to fix it."""

    line: int
    message: str


def findings(text: str, api: str) -> list[Finding]:
    """Return the findings in a class's file, in the order of lines."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError) as error:
        line = getattr(error, "lineno", None) or 1
        return [Finding(line, f"is no Python of today ({type(error).__name__})")]
    found = [*_classes(tree), *_calls(tree), *_reaching(tree, api)]
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


def _classes(tree: ast.Module) -> Iterator[Finding]:
    """Yield unsupported methods and arguments."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in _NAMES:
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _method(method)


def _method(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Finding]:
    if method.name in _METHODS:
        yield Finding(method.lineno, f"{method.name} {_METHODS[method.name]}")
    if method.name not in _TAKEN:
        return
    given = method.args
    optional = len(given.defaults)
    required = [*given.posonlyargs, *given.args]
    required = required[: len(required) - optional] if optional else required
    required += [
        one for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None
    ]
    for one in required:
        if one.arg not in _ARGUMENTS:
            reason = _PARAMETERS.get(one.arg, "there is none: give it a default, or leave it out")
            yield Finding(one.lineno, f"{method.name} asks for {one.arg}: {reason}")


def _calls(tree: ast.Module) -> Iterator[Finding]:
    """Yield opened files: relative paths are found next to the class, and only /tmp is writable."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args or _name(node.func) not in ("open", "Path"):
            continue
        path, mode = _text(node.args[0]), _mode(node) if _name(node.func) == "open" else "r"
        if path is None:
            continue
        if set(mode) & set("wax+") and not path.startswith(("/tmp/", "/mnt/")):
            yield Finding(node.lineno, f"{path} is written: only /tmp can be, and goes with the replica")
        elif not path.startswith("/") and path not in ("", "."):
            yield Finding(node.lineno, f"{path} has to be in the predictor's folder, where the class runs")


def _mode(call: ast.Call) -> str:
    given = [one.value for one in call.keywords if one.arg == "mode"]
    return (_text(call.args[1]) if len(call.args) > 1 else _text(given[0]) if given else "r") or "r"


def _reaching(tree: ast.Module, api: str) -> Iterator[Finding]:
    """Yield uses of the network: a replica reaches only the destinations in `egress`."""
    names = f"name where in `axon:models.{api}.egress`, or let `predictor.model` fetch it before"
    for node in ast.walk(tree):
        for module in _imported(node):
            if module.split(".")[0] in _NETWORK and not module.startswith(
                ("urllib.parse", "google.protobuf")
            ):
                yield Finding(_line(node), f"{module} reaches the network, which a replica does not: {names}")
        if isinstance(node, ast.Call):
            called = _name(node.func)
            if called.rpartition(".")[2] in _DOWNLOADS or called in (
                "torch.hub.load",
                "tensorflow_hub.load",
                "hub.load",
            ):
                yield Finding(
                    node.lineno, f"{called}() may download, and a replica reaches no network: {names}"
                )
            elif called in _PROGRAMS:
                yield Finding(node.lineno, f"{called}() starts a program, which the image has to hold")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or ""]
    return []


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))


def _name(node: ast.expr) -> str:
    """Return a dotted name, such as `torch.hub.load`; of a call's result only its last part."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _name(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
