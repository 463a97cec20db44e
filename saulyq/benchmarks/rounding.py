"""Ways of keeping the weights in a transformer's ONNX file."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from saulyq import artifacts
from saulyq.taggers.onnx_export import _export
from saulyq.taggers.transformer import TransformerModel


def export(folder: Path, path: Path) -> None:
    """Write the model of a transformer's folder as ONNX, 32 bits a weight."""
    model = artifacts.load(folder, backend="torch").model
    if not isinstance(model, TransformerModel):
        raise TypeError(f"{type(model).__name__} has no ONNX file")
    _export(model.model, path)


def per_tensor(whole: Path, path: Path) -> None:
    """Write `whole` with one scale a matrix, and one for the inputs of a whole batch."""
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8)


def in_blocks(whole: Path, path: Path, *, bits: int, size: int) -> None:
    """Write `whole` with a scale for each block of weights, and for the inputs of each token.

    Embeddings have 8 bits and one scale, as in the file that a model folder holds.
    """
    half = path.with_suffix(".half")
    quantize_dynamic(whole, half, weight_type=QuantType.QInt8, op_types_to_quantize=["Gather"])
    quantizer = MatMulNBitsQuantizer(
        onnx.load(half), bits=bits, block_size=size, is_symmetric=True, accuracy_level=4
    )
    quantizer.process()
    quantizer.model.save_model_to_file(str(path), False)
    half.unlink()


VARIANTS: dict[str, Callable[[Path, Path], object]] = {
    "ONNX, 32 bits": shutil.copy,
    "8 bits, dynamic": per_tensor,
    "8 bits, blocks of 32": partial(in_blocks, bits=8, size=32),
    "8 bits, blocks of 128": partial(in_blocks, bits=8, size=128),
    "4 bits, blocks of 32": partial(in_blocks, bits=4, size=32),
}
