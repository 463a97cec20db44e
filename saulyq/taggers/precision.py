"""In which precision a machine computes."""

import torch

from saulyq.config import Precision


def uses_bf16(precision: Precision) -> bool:
    """Return whether to compute in bf16; "auto" asks whether this machine is fast at it."""
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Measured on an AVX-512 machine: twice as fast with these instructions, and 3 to 7 times as
    # slow on a CPU without them.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
