"""The architectures and tokenizer types of configs/xlmr_base.yaml and configs/mmbert_base.yaml."""

import numpy as np
import pytest
from conftest import arguments, make_rows, write_data

import predict
import train
from saulyq import artifacts
from saulyq.scripts import run_script

transformers = pytest.importorskip("transformers")
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers  # noqa: E402
from tokenizers.processors import TemplateProcessing  # noqa: E402
from tokenizers.trainers import BpeTrainer, UnigramTrainer  # noqa: E402
from transformers import (  # noqa: E402
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaTokenizer,
    pipeline,
)

TEXTS = [row["text"] for row in make_rows(12)]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_xlmr(folder):
    """XLM-RoBERTa: SentencePiece unigram pieces, positions in a table of 512 + 2."""
    draft = Tokenizer(models.Unigram())
    draft.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    draft.train_from_iterator(TEXTS, UnigramTrainer(vocab_size=200, unk_token="<unk>"))
    pieces = [(p, -float(i)) for i, p in enumerate(draft.get_vocab()) if p not in specials]
    vocab = [(p, 0.0) for p in specials[:4]] + pieces + [("<mask>", 0.0)]
    XLMRobertaTokenizer(vocab=vocab).save_pretrained(folder)
    config = XLMRobertaConfig(
        vocab_size=len(vocab), intermediate_size=32, max_position_embeddings=514, **SMALL
    )
    XLMRobertaForMaskedLM(config).save_pretrained(folder)


def save_mmbert(folder):
    """mmBERT: a ModernBERT with Gemma's tokenizer, BPE that falls back to bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.ByteFallback()
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{b:02X}>" for b in range(256))]
    tokenizer.train_from_iterator(TEXTS, BpeTrainer(vocab_size=500, special_tokens=specials))
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{n}_token": f"<{n}>" for n in ("pad", "eos", "bos", "unk", "mask")},
        cls_token="<bos>",
        sep_token="<eos>",
    )
    wrapped.save_pretrained(folder)
    config = ModernBertConfig(
        vocab_size=len(wrapped),
        intermediate_size=32,
        pad_token_id=0,
        cls_token_id=2,
        sep_token_id=1,
        **SMALL,
    )
    ModernBertForMaskedLM(config).save_pretrained(folder)


CHECKPOINTS = {"xlmr_base": save_xlmr, "mmbert_base": save_mmbert}


@pytest.fixture(scope="module", params=list(CHECKPOINTS))
def folder(request, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp(request.param)
    CHECKPOINTS[request.param](tmp_path / "base")
    data = write_data(tmp_path / "data")
    settings = {"max_tokens": 32, "epochs": 2, "learning_rate": "1e-3"}
    words = arguments(request.param, data, tmp_path / "m", base_model=tmp_path / "base", **settings)
    assert train.main(words) == 0
    return tmp_path / "m"


def test_pipeline_gives_our_own_scores(folder):
    ours, n_windows = artifacts.load(folder).model.score(TEXTS)
    assert (n_windows == 1).sum() > 5
    answers = pipeline("text-classification", model=str(folder), top_k=None)(TEXTS)
    for answer, row, windows in zip(answers, ours, n_windows, strict=True):
        theirs = {entry["label"]: entry["score"] for entry in answer}
        if windows == 1:
            np.testing.assert_allclose([theirs["ships"], theirs["bread"]], row, atol=1e-4)


def test_clean_up_reaches_pipeline_users(folder):
    tag = pipeline("text-classification", model=str(folder), top_k=None)
    clean, typed = tag(["кеме теңізде жүзіп барады", "кeмe  теңiзде жүзіп\u200b барaды"])
    assert clean == typed


def test_long_articles_do_not_crash_a_pipeline(folder):
    tag = pipeline("text-classification", model=str(folder), top_k=None)
    for text in (" ".join(TEXTS * 30), "中" * 9000, "😀" * 3000):
        assert len(tag([text])[0]) == 2


def test_predict_reads_all_of_a_long_article(folder, tmp_path, capsys):
    (tmp_path / "long.txt").write_text(" ".join(TEXTS * 5), "utf-8")
    assert predict.main([str(tmp_path / "long.txt"), "--model", str(folder)]) == 0
    assert '"windows": 1,' not in capsys.readouterr().out


def test_max_tokens_beyond_the_positions_is_one_line(tmp_path, capsys):
    save_xlmr(tmp_path / "base")  # 514 positions, two of them for padding
    data = write_data(tmp_path / "data")
    words = arguments("xlmr_base", data, tmp_path / "m", base_model=tmp_path / "base")
    assert run_script(lambda: train.main([*words, "--max_tokens", "513"])) == 1
    assert "reads at most 512" in capsys.readouterr().err
