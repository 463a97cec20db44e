import gzip
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT, arguments, make_rows, write_data
from safetensors.numpy import load_file

import train
from saulyq.errors import UserError
from saulyq.scripts import run_script

torch = pytest.importorskip("torch")
from transformers import (  # noqa: E402
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertModel,
)

from saulyq.pretraining import __main__ as pretraining  # noqa: E402
from saulyq.pretraining.corpus import Corpus, find_files, read_corpus  # noqa: E402
from saulyq.pretraining.meanings import Known, Teacher, read_pairs  # noqa: E402
from saulyq.pretraining.sequences import IGNORED, Collator, PackedCorpus  # noqa: E402
from saulyq.pretraining.settings import PretrainConfig  # noqa: E402
from saulyq.pretraining.transplant import company_vectors, embeddings  # noqa: E402
from saulyq.taggers.checkpoint import SPECIALS, wrap  # noqa: E402
from saulyq.taggers.tokenizer import train_wordpiece  # noqa: E402

TEXTS = [row["text"] for row in make_rows(12)]
WIDTH = 16


@pytest.fixture(scope="module")
def tokenizer():
    return wrap(train_wordpiece(TEXTS, 150), 64, SPECIALS, ["input_ids", "attention_mask"])


@pytest.fixture(scope="module")
def teacher_folder(tmp_path_factory):
    """A tiny English BERT with random weights."""
    folder = tmp_path_factory.mktemp("teacher")
    english = train_wordpiece(["the ship is at sea", "bread is baked", "the wind blew"] * 3, 90)
    wrap(english, 64, SPECIALS, ["input_ids", "attention_mask"]).save_pretrained(folder)
    config = BertConfig(
        vocab_size=english.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def corpus_of(lines, weights=None):
    return Corpus(lines, np.ones(len(lines)) if weights is None else np.array(weights))


def test_corpus_has_each_line_once_and_nothing_held_out(tmp_path):
    (tmp_path / "a.txt").write_text("кеме теңізде\n\nКеме  теңізде!\nнан пісті\n", "utf-8")
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as file:
        file.write("жел соқты\nнан пісті\nкүн ашық\n")
    files = find_files(str(tmp_path))
    corpus = read_corpus(files, {"b": 2.0}, ["айлақ"], 3.0, ["ЖЕЛ соқты."])
    assert corpus.lines == ["айлақ", "кеме теңізде", "нан пісті", "күн ашық"]
    assert corpus.repeats.tolist() == [3.0, 1.0, 1.0, 2.0]
    assert find_files(str(tmp_path / "*.txt")) == [tmp_path / "a.txt"]


def test_a_weight_for_no_file_and_a_folder_without_text_are_told(tmp_path):
    (tmp_path / "a.txt").write_text("кеме\n", "utf-8")
    with pytest.raises(UserError, match="no file is called 'aa'; files: a; for a corpus"):
        read_corpus(find_files(str(tmp_path)), {"aa": 2.0}, [], 1.0, [])
    with pytest.raises(UserError, match=r"no \.txt or"):
        find_files(str(tmp_path / "none"))


def test_a_line_is_read_as_often_as_its_weight_says():
    corpus = corpus_of(["a", "b", "c"], [2.0, 0.0, 0.5])
    drawn = [corpus.draw(np.random.default_rng(seed)) for seed in range(400)]
    counts = np.array([np.bincount(rows, minlength=3) for rows in drawn])
    assert (counts[:, 0] == 2).all()
    assert (counts[:, 1] == 0).all()
    assert set(counts[:, 2]) == {0, 1}
    assert 0.4 < counts[:, 2].mean() < 0.6


def settings(**more):
    given = {"output": "x", "start": "y", "sequence_length": 16} | more
    return PretrainConfig.model_validate(given)


def tokens_of(data):
    """The tokens of all sequences before they were masked."""
    return np.array([np.concatenate([[data.cls], packed]) for packed in data.packed])


def test_sequences_are_packed_anew_in_each_epoch_and_the_same_for_the_same_seed(tokenizer):
    def packed(epoch, seed=0):
        data = PackedCorpus(corpus_of(TEXTS), tokenizer, settings(seed=seed))
        data.set_epoch(epoch)
        return np.stack([data[i]["input_ids"] for i in range(len(data))]), tokens_of(data)

    first, tokens = packed(0)
    assert first.shape[1] == 16
    assert (first[:, 0] == tokenizer.cls_token_id).all()
    np.testing.assert_array_equal(first, packed(0)[0])
    assert (tokens != packed(1)[1]).any()
    assert (tokens != packed(0, seed=1)[1]).any()
    # All lines, a separator after each: nothing is lost but the end that fills no sequence.
    n_tokens = sum(len(ids) + 1 for ids in tokenizer(TEXTS, add_special_tokens=False)["input_ids"])
    assert len(first) == n_tokens // 15


def test_masking_hides_a_share_of_tokens_and_no_special_one(tokenizer):
    config = settings(mask_rate=0.4, last_mask_rate=0.2, epochs=3)
    data = PackedCorpus(corpus_of(TEXTS * 8), tokenizer, config)
    for epoch, rate in enumerate((0.4, 0.3, 0.2)):
        data.set_epoch(epoch)
        batch = Collator(tokenizer.pad_token_id)([data[i] for i in range(len(data))])
        tokens = torch.from_numpy(tokens_of(data))
        guessed = batch["labels"] != IGNORED
        assert torch.equal(batch["labels"][guessed], tokens[guessed])
        assert torch.equal(batch["input_ids"][~guessed], tokens[~guessed])
        special = torch.isin(tokens, torch.tensor(tokenizer.all_special_ids))
        assert not (guessed & special).any()
        assert guessed[~special].float().mean() == pytest.approx(rate, abs=0.05)
        hidden = batch["input_ids"][guessed] == tokenizer.mask_token_id
        assert hidden.float().mean() == pytest.approx(0.8, abs=0.1)


def test_sentences_with_meanings_are_padded(tokenizer):
    ids = tokenizer(["нан", "кеме теңізде жүзіп барады"])["input_ids"]
    known = Known(ids, np.eye(2, dtype=np.float32))
    data = PackedCorpus(corpus_of(TEXTS), tokenizer, settings(), known)
    batch = Collator(tokenizer.pad_token_id)([data[i] for i in range(len(data))])
    rows = batch["meanings"].argmax(dim=1)
    for sentence, mask, row in zip(batch["sentences"], batch["sentence_mask"], rows, strict=True):
        assert sentence[mask.bool()].tolist() == ids[row]
        assert (sentence[~mask.bool()] == tokenizer.pad_token_id).all()


def test_tokens_in_like_company_get_like_vectors():
    # Tokens 0 and 1 stand between 2 and 3, token 4 between 5 and 6.
    rng = np.random.default_rng(0)
    pieces = [[2, int(rng.integers(2)), 3] if rng.random() < 0.5 else [5, 4, 6] for _ in range(300)]
    vectors = company_vectors(np.concatenate(pieces).astype(np.int32), 7, rng)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[4]


def test_a_token_starts_as_the_mean_of_its_meaning(tokenizer, teacher_folder):
    teacher = Teacher(str(teacher_folder))
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    stream = PackedCorpus(corpus_of(TEXTS), tokenizer, settings()).packed.ravel()
    assert "нан" in tokens
    made = embeddings(tokens, stream, {"нан": "bread is"}, teacher, rng=np.random.default_rng(0))
    table = teacher.model.get_input_embeddings().weight.detach().numpy()
    ids = teacher.tokenizer("bread is", add_special_tokens=False)["input_ids"]
    np.testing.assert_allclose(made[tokens.index("нан")], table[ids].mean(axis=0), atol=1e-6)
    mask = teacher.tokenizer.mask_token_id
    np.testing.assert_allclose(made[tokenizer.mask_token_id], table[mask], atol=1e-6)
    assert np.isfinite(made).all()


def test_pairs_want_two_texts_a_line(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("нан\tbread\nкеме\n", "utf-8")
    with pytest.raises(UserError, match=r"p.tsv:2: expected two texts"):
        read_pairs(path)


@pytest.fixture
def folders(tmp_path, teacher_folder):
    """A data folder, a corpus, a glossary and translated pairs; returns the command line."""
    write_data(tmp_path / "data")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "more.txt").write_text("\n".join(TEXTS), "utf-8")
    (tmp_path / "glossary.tsv").write_text("нан\tbread\nкеме\tship\nжел\tthe wind\n", "utf-8")
    (tmp_path / "pairs.tsv").write_text("нан пісті\tbread is baked\nкеме\tthe ship\n", "utf-8")
    config = {
        "output": str(tmp_path / "encoder"),
        "data": str(tmp_path / "data"),
        "transplant": {"body": str(teacher_folder), "glossary": str(tmp_path / "glossary.tsv")},
        "meanings": {"teacher": str(teacher_folder), "pairs": str(tmp_path / "pairs.tsv")},
        "vocabulary": 150,
        "sequence_length": 16,
        "learning_rate": 5e-3,
        "batch_size": 8,
        "epochs": 4,
        "save_steps": 2,
    }
    (tmp_path / "c.yaml").write_text(json.dumps(config), "utf-8")
    return ["--config", str(tmp_path / "c.yaml"), "--corpus", str(tmp_path / "corpus")]


def test_an_encoder_is_made_and_fine_tuned(folders, tmp_path):
    assert pretraining.main(folders) == 0
    encoder = tmp_path / "encoder"
    model = AutoModelForMaskedLM.from_pretrained(encoder)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    assert type(model).__name__ == "BertForMaskedLM"
    assert model.config.vocab_size == len(tokenizer)
    curve = json.loads((encoder / "loss.json").read_text("utf-8"))
    assert set(curve[0]) == {"step", "epoch", "loss"}
    told = {"base_model": encoder, "epochs": 1, "max_tokens": 32, "onnx": "false"}
    assert train.main(arguments("compact", tmp_path / "data", tmp_path / "m", **told)) == 0
    card = (encoder / "README.md").read_text("utf-8")
    assert "pipeline_tag: fill-mask" in card
    assert "| more | " in card
    losses = [point["loss"] for point in curve]
    assert losses[-1] < losses[0]
    assert not encoder.with_name("encoder.partial").exists()


def test_a_run_starts_from_exactly_one_thing(folders, capsys):
    assert run_script(lambda: pretraining.main([*folders, "--start", "x"])) == 1
    assert "c.yaml: set exactly one of transplant, size and start" in capsys.readouterr().err


def test_a_run_goes_on_from_an_encoder_with_its_vocabulary(folders, tmp_path):
    assert pretraining.main(folders) == 0
    config = json.loads((tmp_path / "c.yaml").read_text("utf-8"))
    config |= {"start": config["output"], "output": str(tmp_path / "more")}
    del config["transplant"], config["meanings"]
    (tmp_path / "c.yaml").write_text(json.dumps(config), "utf-8")
    assert pretraining.main(folders) == 0
    one, two = (AutoTokenizer.from_pretrained(tmp_path / f) for f in ("encoder", "more"))
    assert one.get_vocab() == two.get_vocab()


def test_an_encoder_of_another_architecture_starts_from_random_weights(folders, tmp_path):
    config = json.loads((tmp_path / "c.yaml").read_text("utf-8"))
    config["size"] = {"architecture": "modernbert", "layers": 1, "width": 16, "heads": 2}
    del config["transplant"], config["meanings"]
    (tmp_path / "c.yaml").write_text(json.dumps(config), "utf-8")
    assert pretraining.main(folders) == 0
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "encoder")
    assert type(model).__name__ == "ModernBertForMaskedLM"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"output": "data"}, "data exists and is not an encoder of ours"),
        ({"sequence_length": "100"}, "sequence_length is 100; it reads at most 64"),
        ({"transplant.bodi": "x"}, "unknown setting 'transplant.bodi'; did you mean 'body'?"),
        ({"repeats": "{much-more: 2}"}, "no file is called 'much-more'"),
    ],
)
def test_what_cannot_be_done_is_told_before_time_is_spent(more, told, folders, tmp_path, capsys):
    words = [f"--{name}={value}" for name, value in more.items()]
    words = [w.replace("=data", f"={tmp_path / 'data'}") for w in words]
    assert run_script(lambda: pretraining.main([*folders, *words])) == 1
    assert told in capsys.readouterr().err


def test_resuming_wants_the_same_text(folders, tmp_path, monkeypatch, capsys):
    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "make_card", stop)  # after training, before it is written
    with pytest.raises(KeyboardInterrupt):
        pretraining.main(folders)
    monkeypatch.undo()
    (tmp_path / "corpus" / "more.txt").write_text("жаңа сөз\n", "utf-8")
    assert run_script(lambda: pretraining.main([*folders, "--resume"])) == 1
    assert "--resume: text is" in capsys.readouterr().err


def test_long_lines_go_through_several_sequences(tokenizer):
    line = " ".join(["кеме"] * 300)
    data = PackedCorpus(corpus_of([line]), tokenizer, settings())
    assert len(data.lines[0]) == 301


def command(folders, *launcher, **more):
    words = [f"--{name}={value}" for name, value in more.items()]
    return [sys.executable, *launcher, "-m", "saulyq.pretraining", *folders, *words]


def weights(folder):
    return load_file(folder / "model.safetensors")


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_as_if_uninterrupted(folders, tmp_path):
    more = {"epochs": 30, "last_mask_rate": 0.4}
    whole = command(folders, output=tmp_path / "whole", **more)
    subprocess.run(whole, check=True, capture_output=True, cwd=ROOT)
    words = command(folders, output=tmp_path / "killed", **more)
    killed = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    while not list((tmp_path / "killed.partial").glob("checkpoint-*/trainer_state.json")):
        assert killed.poll() is None, "the run ended before its first checkpoint"
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed").exists()
    subprocess.run([*words, "--resume"], check=True, capture_output=True, cwd=ROOT)
    one, two = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    for name, value in one.items():
        np.testing.assert_allclose(value, two[name], atol=1e-5)


@pytest.mark.slow
def test_two_processes_make_one_encoder(folders, tmp_path):
    launcher = ["-m", "torch.distributed.run", "--nproc_per_node", "2"]
    done = subprocess.run(
        command(folders, *launcher),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("encoder written to") == 1
    assert all(np.isfinite(value).all() for value in weights(tmp_path / "encoder").values())
