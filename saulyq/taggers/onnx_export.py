"""Writing a fine-tuned transformer as an ONNX file with 8-bit weights."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

# Dimensions that vary; an example must have more than one of each to be taken as such.
_BATCH, _LENGTH = 2, 8


class _Logits(nn.Module):
    """The model with the two inputs that every architecture has, and its margins only."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def export_int8(model: Any, path: Path) -> None:
    """Write the model to `path`; weights of linear layers and embeddings take 8 bits each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "model.onnx"
        _export(model, whole)
        quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True)


def _export(model: Any, path: Path) -> None:
    shape = (_BATCH, _LENGTH)
    example = (torch.ones(shape, dtype=torch.long), torch.ones(shape, dtype=torch.long))
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    torch.onnx.export(
        _Logits(model).eval(),
        example,
        path,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes={"input_ids": sizes, "attention_mask": sizes},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    graph = onnx.load(path)
    # Shapes noted at export contradict the quantised graph, and quantize_dynamic stops at them.
    del graph.graph.value_info[:]
    onnx.save(graph, path)
