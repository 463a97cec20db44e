"""Ways of keeping the weights in a transformer's ONNX file."""

import logging
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from saulyq import artifacts
from saulyq.taggers.onnx_export import export_fp32, round_in_blocks
from saulyq.taggers.transformer import TransformerModel

# It tells of every node that it takes or leaves.
logging.getLogger(MatMulNBitsQuantizer.__module__).setLevel(logging.WARNING)


def export(folder: Path, path: Path) -> None:
    """Write the model of a transformer's folder as ONNX, 32 bits a weight."""
    model = artifacts.load(folder, backend="torch").model
    if not isinstance(model, TransformerModel):
        raise TypeError(f"{type(model).__name__} has no ONNX file")
    export_fp32(model.model, path, model.max_tokens)


def per_tensor(whole: Path, path: Path) -> None:
    """Write `whole` with one scale a matrix, and one for the inputs of a whole batch."""
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8)


VARIANTS: dict[str, Callable[[Path, Path], object]] = {
    "ONNX, 32 bits": shutil.copy,
    "8 bits, dynamic": per_tensor,
    "8 bits, blocks of 32": partial(round_in_blocks, block=32),
    "8 bits, blocks of 64": round_in_blocks,
    "8 bits, blocks of 128": partial(round_in_blocks, block=128),
    "4 bits, blocks of 32": partial(round_in_blocks, bits=4, block=32),
}
