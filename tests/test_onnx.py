import json
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
from conftest import ROOT, arguments, make_rows, write_data
from safetensors.numpy import load_file
from test_transformer import TINY, long_text

import train
from saulyq import artifacts
from saulyq.errors import UserError
from saulyq.taggers import scoring_class
from saulyq.tagging.tagger import Tagger

torch = pytest.importorskip("torch")
from transformers import BertConfig, BertForSequenceClassification, pipeline  # noqa: E402

from saulyq.taggers.onnx_export import export_int8  # noqa: E402

TEXTS = [row["text"] for row in make_rows(6)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny transformer stored in half precision, with its ONNX file."""
    tmp_path = tmp_path_factory.mktemp("onnx")
    data = write_data(tmp_path / "data")
    settings = TINY | {"weights": "fp16", "onnx": "true"}
    assert train.main(arguments("smoke", data, tmp_path / "model", **settings)) == 0
    return tmp_path / "model"


def test_onnx_is_read_where_it_is_there_and_gives_nearly_the_scores_of_torch(folder):
    onnx, torch = (artifacts.load(folder, backend=b).model for b in ("auto", "torch"))
    assert (type(onnx).__name__, type(torch).__name__) == ("OnnxModel", "TransformerModel")
    texts = [*TEXTS, "", " ".join(long_text(100))]
    ours, windows = onnx.score(texts)
    theirs, their_windows = torch.score(texts)
    assert windows.tolist() == their_windows.tolist()
    assert windows[-1] > 1
    np.testing.assert_allclose(ours, theirs, atol=0.02)  # eight bits a weight


def test_batch_does_not_change_an_onnx_score(folder):
    model = artifacts.load(folder).model
    alone = np.vstack([model.score([text])[0] for text in TEXTS])
    np.testing.assert_allclose(model.score(TEXTS)[0], alone, atol=1e-5)


def test_a_paragraph_alone_has_the_score_that_it_has_among_others(tmp_path):
    # Exactly: a last digit that differs is now and then rounded to another whole number in the
    # next layer, and the score of a real model then moves by 0.01. Narrow models show nothing.
    size = {"hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BertConfig(**size, vocab_size=50, num_labels=2, initializer_range=0.2)
    torch.manual_seed(0)
    export_int8(BertForSequenceClassification(config), tmp_path / "m.onnx", 64)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")

    def logits(ids):
        (found,) = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return found

    ids = np.random.default_rng(0).integers(50, size=(6, 40))
    alone = np.vstack([logits(row[None]) for row in ids])
    np.testing.assert_array_equal(alone, logits(ids))


def test_half_precision_is_for_storage_only(folder):
    assert json.loads((folder / "config.json").read_text("utf-8"))["dtype"] == "float32"
    stored = load_file(folder / "model.safetensors").values()
    assert all(value.dtype == np.float16 for value in stored)
    ours, _ = artifacts.load(folder, backend="torch").model.score(TEXTS)
    tag = pipeline("text-classification", model=str(folder), top_k=None)
    assert str(tag.model.dtype) == "torch.float32"
    for answer, row in zip(tag(TEXTS), ours, strict=True):
        theirs = {entry["label"]: entry["score"] for entry in answer}
        np.testing.assert_allclose([theirs["ships"], theirs["bread"]], row, atol=1e-4)


def test_tagging_needs_no_torch(folder):
    script = (
        "import sys, predict; from saulyq.scripts import run_script\n"
        "code = predict.main(sys.argv[1:])\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else code)"
    )
    words = [sys.executable, "-c", script, "-", "--model", str(folder)]
    row = json.dumps({"text": TEXTS[0]})
    done = subprocess.run(words, input=row, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    (expected,) = Tagger.load(folder).tag([TEXTS[0]])
    assert json.loads(done.stdout)["topics"] == expected.topics


def test_onnx_is_asked_for_in_vain(folder, tfidf_folder):
    (folder / "onnx").rename(folder / "hidden")
    try:
        with pytest.raises(UserError, match="missing"):
            artifacts.load(folder)
    finally:
        (folder / "hidden").rename(folder / "onnx")
    with pytest.raises(UserError, match=r"has no onnx/model_int8.onnx"):
        scoring_class("transformer", folder.parent, backend="onnx", device="cpu")
    with pytest.raises(UserError, match="runs on the CPU"):
        artifacts.load(folder, backend="onnx", device="cuda")
    assert artifacts.load(tfidf_folder, backend="onnx").manifest["tagger"] == "tfidf"
