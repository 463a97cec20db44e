import json

import numpy as np
import pytest
from conftest import ROOT, arguments, make_rows, write_data, write_jsonl

import train
from saulyq import artifacts
from saulyq.config import load_config
from saulyq.data import read_split
from saulyq.scripts import run_script

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
from transformers import pipeline  # noqa: E402

from saulyq.taggers.fine_tuning import Paragraphs  # noqa: E402

TINY = {
    "random_init.layers": 1,
    "random_init.width": 16,
    "random_init.heads": 2,
    "random_init.vocabulary": 300,
    "max_tokens": 24,
    "epochs": 6,
    "learning_rate": "5e-3",
}


@pytest.fixture(scope="module", params=["multi", "single"])
def folder(request, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp(request.param)
    data = write_data(tmp_path / "data", mode=request.param)
    assert train.main(arguments("smoke", data, tmp_path / "model", **TINY)) == 0
    return tmp_path / "model"


def long_text(n_words):
    words = " ".join(row["text"] for row in make_rows(12)).split()
    return " ".join(words * (n_words // len(words) + 1)).split(" ", n_words)[:n_words]


def test_folder_is_an_ordinary_hugging_face_directory(folder):
    config = json.loads((folder / "config.json").read_text("utf-8"))
    mode = artifacts.load(folder).topics.mode
    assert config["problem_type"] == f"{mode}_label_classification"
    assert config["id2label"] == {"0": "ships", "1": "bread"}
    assert "auto_map" not in config
    names = {p.name for p in folder.iterdir()}
    assert names >= {"model.safetensors", "tokenizer.json", "topics.yaml", "manifest.json"}
    assert ("thresholds.json" in names) == (mode == "multi")
    assert not any(p.suffix in (".bin", ".pkl", ".pt") for p in folder.iterdir())


def test_pipeline_gives_our_own_scores_under_the_right_names(folder):
    loaded = artifacts.load(folder)
    texts = [row["text"] for row in make_rows(6)] + ["кeмe  на\u00adн", "中文 123"]
    ours, n_windows = loaded.model.score(texts)
    short = n_windows == 1
    assert short.sum() > len(texts) / 2
    answers = pipeline("text-classification", model=str(folder), top_k=None)(texts)
    for answer, row in zip(np.array(answers, dtype=object)[short], ours[short], strict=True):
        theirs = {entry["label"]: entry["score"] for entry in answer}
        np.testing.assert_allclose([theirs["ships"], theirs["bread"]], row, atol=1e-4)


def test_pipeline_survives_an_article_of_5000_words_and_odd_ones(folder):
    tag = pipeline("text-classification", model=str(folder), top_k=None)
    texts = [" ".join(long_text(5000)), "中" * 9000, "а" * 9000, "😀" * 5000, ""]
    for answer in tag(texts) + tag(texts, batch_size=5):
        assert {entry["label"] for entry in answer} == {"ships", "bread"}
        assert all(0 <= entry["score"] <= 1 for entry in answer)


def test_tagger_reads_all_of_a_long_text(folder):
    loaded = artifacts.load(folder)
    text = " ".join(long_text(400))
    (windows,) = loaded.model.splitter.split([text])
    assert len(windows) > 10
    scores, n_windows = loaded.model.score([text])
    assert n_windows == [len(windows)]
    if loaded.topics.mode == "multi":
        parts, _ = loaded.model.score(windows)
        np.testing.assert_allclose(scores[0], parts.max(axis=0), atol=1e-5)


def test_batch_does_not_change_a_score(folder):
    model = artifacts.load(folder).model
    texts = [row["text"] for row in make_rows(5)]
    alone = np.vstack([model.score([text])[0] for text in texts])
    np.testing.assert_allclose(model.score(texts)[0], alone, atol=1e-5)


def test_same_seed_gives_the_same_model(tmp_path):
    data = write_data(tmp_path / "data")
    for name in ("one", "two"):
        train.main(arguments("smoke", data, tmp_path / name, **TINY))
    one, two = (artifacts.load(tmp_path / name) for name in ("one", "two"))
    texts = [row["text"] for row in make_rows(3)]
    np.testing.assert_array_equal(one.model.score(texts)[0], two.model.score(texts)[0])
    assert one.manifest["weights"] == two.manifest["weights"]


def test_fine_tuning_goes_on_from_a_local_folder(folder, tmp_path):
    mode = artifacts.load(folder).topics.mode
    data = write_data(tmp_path / "data", mode=mode)
    words = arguments("xlmr_base", data, tmp_path / "more", base_model=folder, max_tokens=24)
    assert train.main([*words, "--epochs", "1"]) == 0
    first, more = (artifacts.load(f).model.tokenizer for f in (folder, tmp_path / "more"))
    before, after = (t.backend_tokenizer.to_str() for t in (first, more))
    assert len(after) < 1.05 * len(before)  # the clean-up and the limit are there once


def test_checkpoints_are_gone_after_a_run_that_ended_well(folder):
    assert [p.name for p in folder.parent.iterdir() if "partial" in p.name] == []


def test_resume_wants_the_same_data_and_settings(tmp_path, monkeypatch, capsys):
    data = write_data(tmp_path / "data")

    def stop(*args, **options):
        raise KeyboardInterrupt

    # Killed after training, before the model is written: the checkpoints are still there.
    monkeypatch.setattr(artifacts, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        train.main(arguments("smoke", data, tmp_path / "m", **TINY))
    monkeypatch.undo()
    words = [*arguments("smoke", data, tmp_path / "m", **TINY), "--resume"]
    assert run_script(lambda: train.main([*words, "--epochs", "9"])) == 1
    assert "epochs is 9 but the checkpoint has 6" in capsys.readouterr().err
    rows = [json.loads(line) for line in (data / "train.jsonl").open("rb")]
    write_jsonl(data / "train.jsonl", rows[:-1])
    assert run_script(lambda: train.main(words)) == 1
    assert "paragraphs is" in capsys.readouterr().err


def test_noise_changes_train_paragraphs_anew_in_each_epoch_and_never_valid(folder):
    tokenizer = artifacts.load(folder).model.tokenizer
    config = load_config(ROOT / "configs" / "smoke.yaml", {"noise": "1.0", "output": "models/x"})
    data = folder.parent / "data"
    loaded = artifacts.load(folder).topics
    for split, changes in (("train", True), ("valid", False)):
        paragraphs = Paragraphs(read_split(data, split, loaded), tokenizer, loaded.mode, config)

        def ids(epoch, paragraphs=paragraphs):
            paragraphs.set_epoch(epoch)
            return [paragraphs[i]["input_ids"] for i in range(len(paragraphs))]

        assert ids(0) == ids(0)
        assert (ids(0) != ids(1)) == changes
