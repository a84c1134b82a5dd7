"""PyTorch models: a program of torch.export, or TorchScript."""

# Its images have it; the checks run without.
# pyright: reportMissingImports=false, reportMissingModuleSource=false

from pathlib import Path
from typing import Any

import numpy as np

from axon_runtime.saved import LoadError, Rows, SavedModel, file_in, first_of, loaded


def load_pytorch(place: Path) -> SavedModel:
    """Load a program of torch.export (in a folder `model.pt2`) or TorchScript (`model.pt`), of rows.

    It runs on the GPU if there is one. What it returns first is what it predicts.

    Raises:
        LoadError: when the file is missing, damaged, or has several inputs.
    """
    import torch  # only images of PyTorch have it

    torch.set_num_threads(1)  # replicas scale; threads of one would fight for its cores
    path = file_in(place, "model.pt2", "model.pt")
    module, dtype, features = loaded(path, _exported if path.suffix == ".pt2" else _scripted)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    module.to(device)

    def predict(rows: Rows) -> Rows:
        given = torch.as_tensor(np.ascontiguousarray(rows)).to(device=device, dtype=dtype)
        with torch.inference_mode():
            return first_of(module(given)).cpu().numpy()

    # PyTorch says with a RuntimeError that shapes do not fit.
    wrong = (RuntimeError, ValueError, TypeError, IndexError, AssertionError)
    return SavedModel(predict, f"pytorch_{path.suffix[1:]}", features, wrong)


def _exported(path: Path) -> tuple[Any, Any, int | None]:
    import torch

    program = torch.export.load(path)
    wanted = set(program.graph_signature.user_inputs)
    inputs = [
        node.meta["val"] for node in program.graph.nodes if node.op == "placeholder" and node.name in wanted
    ]
    if len(inputs) != 1:
        raise LoadError(f"{path} has {len(inputs)} inputs: serve it with a predictor of type python")
    last = inputs[0].shape[-1]
    return program.module(), inputs[0].dtype, last if isinstance(last, int) else None


def _scripted(path: Path) -> tuple[Any, Any, int | None]:
    import torch

    module = torch.jit.load(path, map_location="cpu").eval()
    taken = [given for given in module.forward.schema.arguments[1:] if not given.has_default_value()]
    if len(taken) != 1:
        names = ", ".join(given.name for given in taken)
        raise LoadError(f"{path} has several inputs ({names}): serve it with a predictor of type python")
    # TorchScript does not say what it takes: what it computes with.
    floating = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    return module, next(floating, torch.float32), None
