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
from saulyq.pretraining import encoders, probe  # noqa: E402
from saulyq.pretraining.corpus import Corpus, find_files, read_corpus  # noqa: E402
from saulyq.pretraining.meanings import Teacher, centred  # noqa: E402
from saulyq.pretraining.sequences import IGNORED, PackedCorpus, collate, pack  # noqa: E402
from saulyq.pretraining.settings import PretrainConfig  # noqa: E402
from saulyq.pretraining.transplant import (  # noqa: E402
    company_vectors,
    embeddings_of_meanings,
    embeddings_of_pieces,
    read_pairs,
)
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
        num_hidden_layers=2,
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
    given = {"output": "x", "start": "y", "sequence_length": 64} | more
    return PretrainConfig.model_validate(given)


def packed_batch(data):
    return collate([data[i] for i in range(len(data))])


def lines_of(batch):
    """The lines that stand in a batch, as tuples of tokens, hidden ones given back."""
    tokens = torch.where(batch["labels"] == IGNORED, batch["input_ids"], batch["labels"])
    return sorted(
        tuple(row[segments == segment].tolist())
        for row, segments in zip(tokens, batch["segments"], strict=True)
        for segment in range(1, int(segments.max()) + 1)
    )


def test_rows_hold_each_line_once_an_epoch_packed_anew_and_the_same_for_the_same_seed(tokenizer):
    def packed(epoch, seed=0):
        data = PackedCorpus(corpus_of(TEXTS), tokenizer, settings(seed=seed))
        data.set_epoch(epoch)
        return packed_batch(data)

    first = packed(0)
    assert first["input_ids"].shape[1] == 64
    assert lines_of(first) == sorted(tuple(ids) for ids in tokenizer(TEXTS)["input_ids"])
    starts = first["input_ids"][(first["positions"] == 0) & (first["segments"] > 0)]
    assert (starts == tokenizer.cls_token_id).all()
    assert torch.equal(first["input_ids"], packed(0)["input_ids"])
    assert not torch.equal(first["segments"], packed(1)["segments"])
    assert not torch.equal(first["segments"], packed(0, seed=1)["segments"])


def test_lines_go_where_there_is_room():
    # 6 leaves 4: too little for 5, enough for 3; 5 + 5 fill a row.
    assert pack([6, 5, 3, 5, 1], 10) == [[0, 2, 4], [1, 3]]
    assert pack([], 10) == []
    lengths = np.random.default_rng(0).integers(1, 11, size=500).tolist()
    rows = pack(lengths, 10)
    assert sorted(place for row in rows for place in row) == list(range(500))
    assert all(sum(lengths[place] for place in row) <= 10 for row in rows)


def test_masking_hides_a_share_of_tokens_and_no_special_one(tokenizer):
    config = settings(mask_rate=0.4, last_mask_rate=0.2, epochs=3)
    data = PackedCorpus(corpus_of(TEXTS * 8), tokenizer, config)
    for epoch, rate in enumerate((0.4, 0.3, 0.2)):
        data.set_epoch(epoch)
        batch = packed_batch(data)
        guessed = batch["labels"] != IGNORED
        tokens = torch.where(guessed, batch["labels"], batch["input_ids"])
        special = torch.isin(tokens, torch.tensor(tokenizer.all_special_ids))
        assert not (guessed & special).any()
        assert guessed[~special].float().mean() == pytest.approx(rate, abs=0.05)
        hidden = batch["input_ids"][guessed] == tokenizer.mask_token_id
        assert hidden.float().mean() == pytest.approx(0.8, abs=0.1)


def test_each_line_of_a_row_has_its_own_meaning(tokenizer):
    texts = ["нан", "кеме теңізде жүзіп барады", "жел соқты"]
    data = PackedCorpus(corpus_of(texts), tokenizer, settings(), np.eye(3, dtype=np.float32))
    batch = packed_batch(data)
    assert batch["meanings"].shape == (1, 3, 3)
    tokens = torch.where(batch["labels"] == IGNORED, batch["input_ids"], batch["labels"])[0]
    for segment, line in enumerate(batch["meanings"][0].argmax(dim=1), start=1):
        ids = tokens[batch["segments"][0] == segment]
        assert ids.tolist() == tokenizer(texts[line])["input_ids"]


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_a_line_is_read_in_a_row_as_it_is_alone(architecture, tokenizer):
    size = {"architecture": architecture, "layers": 2, "width": 16, "heads": 2}
    config = settings(start=None, size=size, mask_rate=1e-9)
    data = PackedCorpus(corpus_of(TEXTS), tokenizer, config)
    learner = encoders.start(config, tokenizer, data).eval()
    batch = packed_batch(data)
    seen = []
    learner.base_model.register_forward_hook(lambda *told: seen.append(told[-1].last_hidden_state))
    learner(**batch)
    segment = batch["segments"][0] == 2
    learner.base_model(input_ids=batch["input_ids"][0][segment][None])
    torch.testing.assert_close(seen[0][0][segment], seen[1][0], atol=1e-5, rtol=0)


def test_the_loss_counts_how_far_each_line_points_from_its_meaning(tokenizer):
    config = settings(start=None, size={"layers": 1, "width": 16, "heads": 2}, mask_rate=0.5)
    data = PackedCorpus(corpus_of(TEXTS), tokenizer, config)
    learner = encoders.start(config, tokenizer, data).eval()
    seen = []
    learner.base_model.register_forward_hook(lambda *told: seen.append(told[-1].last_hidden_state))
    batch = packed_batch(data)
    plain = learner(**batch).loss.detach()
    starts = (batch["positions"] == 0) & (batch["segments"] > 0)
    meanings = torch.zeros(*starts.shape, 16)
    for row, at in enumerate(starts):
        meanings[row, : at.sum()] = -seen[0][row][at]
    # Each vector points the other way: a distance of 2, and the weight is 1.
    assert float(learner(**batch, meanings=meanings).loss.detach() - plain) == pytest.approx(
        2, abs=1e-5
    )


def test_tokens_in_like_company_get_like_vectors():
    # Tokens 0 and 1 stand between 2 and 3, token 4 between 5 and 6.
    rng = np.random.default_rng(0)
    pieces = [[2, int(rng.integers(2)), 3] if rng.random() < 0.5 else [5, 4, 6] for _ in range(300)]
    vectors = company_vectors(np.concatenate(pieces).astype(np.int32), 7, rng)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[4]


def test_a_token_starts_as_the_mean_of_its_meaning(tokenizer, teacher_folder):
    teacher = Teacher(str(teacher_folder))
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    stream = np.concatenate(PackedCorpus(corpus_of(TEXTS), tokenizer, settings()).lines)
    assert "нан" in tokens
    rng = np.random.default_rng(0)
    made = embeddings_of_meanings(tokens, stream, {"нан": "bread is"}, teacher, rng)
    table = teacher.model.get_input_embeddings().weight.detach().numpy()
    ids = teacher.tokenizer("bread is", add_special_tokens=False)["input_ids"]
    np.testing.assert_allclose(made[tokens.index("нан")], table[ids].mean(axis=0), atol=1e-6)
    mask = teacher.tokenizer.mask_token_id
    np.testing.assert_allclose(made[tokenizer.mask_token_id], table[mask], atol=1e-6)
    assert np.isfinite(made).all()


def test_a_token_starts_as_the_mean_of_its_pieces(tokenizer, teacher_folder):
    teacher = Teacher(str(teacher_folder))
    table = teacher.model.get_input_embeddings().weight.detach().numpy()
    ids = teacher.tokenizer.get_vocab()
    made = embeddings_of_pieces(["[MASK]", "bread", "##ea"], teacher)
    np.testing.assert_allclose(made[0], table[ids["[MASK]"]])
    bread = teacher.tokenizer("bread", add_special_tokens=False)["input_ids"]
    np.testing.assert_allclose(made[1], table[bread].mean(axis=0), atol=1e-6)
    inside = [piece.id for piece in teacher.tokenizer.backend_tokenizer.model.tokenize("ea")]
    np.testing.assert_allclose(made[2], table[inside].mean(axis=0), atol=1e-6)


def test_what_all_vectors_have_in_common_is_taken_away():
    vectors = np.array([[1.0, 0.1], [1.0, -0.1]], dtype=np.float32)
    np.testing.assert_allclose(centred(vectors), [[0, 1], [0, -1]], atol=1e-6)


def test_the_order_of_texts_does_not_change_what_a_teacher_says(teacher_folder):
    teacher = Teacher(str(teacher_folder), prefix="the ")
    texts = ["bread is baked", "ship", "the wind blew at sea"]
    found = teacher.vectors(texts)
    np.testing.assert_allclose(teacher.vectors(texts[::-1])[::-1], found, atol=1e-2)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    plain = Teacher(str(teacher_folder)).vectors(["the ship"])
    np.testing.assert_allclose(found[1], plain[0], atol=1e-2)


def test_pairs_want_two_texts_a_line(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("нан\tbread\nкеме\n", "utf-8")
    with pytest.raises(UserError, match=r"p.tsv:2: expected two texts"):
        read_pairs(path)


@pytest.fixture
def folders(tmp_path, teacher_folder):
    """A data folder, a corpus and a glossary; returns the command line."""
    write_data(tmp_path / "data")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "more.txt").write_text("\n".join(TEXTS), "utf-8")
    (tmp_path / "glossary.tsv").write_text("нан\tbread\nкеме\tship\nжел\tthe wind\n", "utf-8")
    config = {
        "output": str(tmp_path / "encoder"),
        "data": str(tmp_path / "data"),
        "transplant": {"body": str(teacher_folder), "glossary": str(tmp_path / "glossary.tsv")},
        "meanings": {"teacher": str(teacher_folder)},
        "vocabulary": 150,
        "sequence_length": 32,
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


def test_a_body_that_knows_our_languages_needs_no_glossary(folders, tmp_path, teacher_folder):
    config = json.loads((tmp_path / "c.yaml").read_text("utf-8"))
    config["transplant"] = {"body": str(teacher_folder), "layers": [1]}
    config |= {"learning_rate": 1e-9, "weight_decay": 0.0, "epochs": 1}
    (tmp_path / "c.yaml").write_text(json.dumps(config), "utf-8")
    assert pretraining.main(folders) == 0
    made = weights(tmp_path / "encoder")
    body = weights(teacher_folder)
    name = "layer.{}.output.dense.weight"
    ours, theirs = (f"{start}encoder.{name}" for start in ("bert.", ""))
    np.testing.assert_allclose(made[ours.format(0)], body[theirs.format(1)], atol=1e-6)
    assert ours.format(1) not in made


def test_a_probe_tells_how_well_frozen_vectors_tell_topics_apart(
    folders, tmp_path, teacher_folder, mode, capsys
):
    data = write_data(tmp_path / "probed", mode=mode)
    assert pretraining.main([*folders, "--max_steps", "3"]) == 0
    assert len(json.loads((tmp_path / "encoder" / "loss.json").read_text("utf-8"))) == 1
    capsys.readouterr()
    assert probe.main([str(tmp_path / "encoder"), str(teacher_folder), "--data", str(data)]) == 0
    _, ours, foreign = capsys.readouterr().out.splitlines()
    # The English vocabulary has no Cyrillic letter: it tells nothing apart.
    assert float(ours.split()[-1]) > float(foreign.split()[-1]) + 0.1


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
        ({"transplant.layers": "[0, 2]"}, "layers is [0, 2]; the body has layers 0 to 1"),
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


def test_long_lines_are_cut_between_words(tokenizer):
    corpus = corpus_of([" ".join(["кеме"] * 300), "нан"], [2.0, 3.0])
    cut = corpus.in_pieces(tokenizer.backend_tokenizer, 32)
    assert " ".join(cut.lines[:-1]).split() == ["кеме"] * 300
    assert cut.repeats.tolist() == [2.0] * (len(cut.lines) - 1) + [3.0]
    assert all(len(ids) <= 32 for ids in tokenizer(cut.lines)["input_ids"])


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
