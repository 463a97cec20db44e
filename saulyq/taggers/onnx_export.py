"""Writing a fine-tuned transformer as an ONNX file with 8-bit weights."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from torch import nn

from saulyq.taggers import checkpoint

# Dimensions that vary; an example must have more than one of each to be taken as such.
_BATCH, _LENGTH = 2, 8
# Weights that share a scale. With 128 of them the last digits of a paragraph scored alone differ
# from those in a batch, and a score now and then by 0.01 (ONNX Runtime 1.32,
# `saulyq.benchmark --only quantisation --quantisations`).
BLOCK = 64


class _Logits(nn.Module):
    """The model with the two inputs that every architecture has, and its margins only."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def export_int8(model: Any, path: Path, max_tokens: int) -> None:
    """Write the model to `path`, for texts of at most `max_tokens`; weights of linear layers and
    embeddings take 8 bits each.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        export_fp32(model, whole, max_tokens)
        round_in_blocks(whole, path)


def round_in_blocks(whole: Path, path: Path, *, bits: int = 8, block: int = BLOCK) -> None:
    """Write the file `whole` with fewer bits a weight.

    Embeddings have 8 bits and share one scale; linear layers have one for each block of weights,
    and their inputs one for each token. `quantize_dynamic` alone gives the inputs one scale for the
    whole batch, so that the score of a paragraph depends on its neighbours.
    """
    with TemporaryDirectory() as scratch:
        half = Path(scratch) / "half.onnx"
        quantize_dynamic(whole, half, weight_type=QuantType.QInt8, op_types_to_quantize=["Gather"])
        quantizer = MatMulNBitsQuantizer(
            onnx.load(half), bits=bits, block_size=block, is_symmetric=True, accuracy_level=4
        )
        quantizer.process()
        quantizer.model.save_model_to_file(str(path), False)


def export_fp32(model: Any, path: Path, max_tokens: int) -> None:
    """Write the model to `path` with 32 bits a weight, for texts of at most `max_tokens`."""
    model = copy.deepcopy(model).to("cpu")
    # Windows have at most so many tokens; positions beyond are for pipelines, which read torch.
    checkpoint.cut_positions(model, max_tokens)
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
    for node in graph.graph.node:  # where in the source it comes from: a megabyte
        del node.metadata_props[:]
    onnx.save(graph, path)
