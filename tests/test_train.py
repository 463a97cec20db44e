import json
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, arguments, make_rows, write_data, write_jsonl

import compare
import train
from saulyq import artifacts
from saulyq.errors import UserError
from saulyq.scripts import read_overrides, run_script
from saulyq.taggers import tagger_class


def run(config, data, output, **settings):
    return run_script(lambda: train.main(arguments(config, data, output, **settings)))


def test_another_schema_trains_without_a_code_change(tmp_path, mode):
    data = write_data(tmp_path / "data", mode=mode)
    assert run("tfidf", data, tmp_path / "model", min_paragraphs=1) == 0
    loaded = artifacts.load(tmp_path / "model")
    assert loaded.topics.ids == ("ships", "bread")
    assert loaded.topics.mode == mode
    assert (loaded.thresholds is None) == (mode == "single")
    report = json.loads((tmp_path / "model" / "report.json").read_text("utf-8"))["valid"]
    assert report["macro_f1"] > 0.9
    # valid has 8 articles: 4 topics each in multi mode, 2 in single mode
    expected = 32 if mode == "multi" else 16
    assert sum(topic["support"] for topic in report["topics"]) == expected


def test_manifest_tells_how_the_model_came_about(tfidf_folder):
    manifest = json.loads((tfidf_folder / "manifest.json").read_text("utf-8"))
    assert manifest["tagger"] == "tfidf"
    assert manifest["seed"] == 0
    assert set(manifest["data"]) == {"train", "valid", "test"}
    assert manifest["files"] == artifacts.file_checksums(tfidf_folder)
    assert manifest["weights"] == artifacts.weights_checksum(manifest["files"])
    assert "numpy" in manifest["versions"]
    card = (tfidf_folder / "README.md").read_text("utf-8")
    head = card.split("---")[1]
    assert "pipeline_tag: text-classification" in head
    assert "language:" not in head  # its rows have none
    assert "| ships | 16 |" in card


def test_extra_rows_go_to_train_only(tmp_path, data_dir):
    extra = write_jsonl(tmp_path / "extra.jsonl", make_rows(3, prefix="extra"))
    assert run("prior", data_dir, tmp_path / "model", extra_train=extra) == 0
    manifest = artifacts.load(tmp_path / "model").manifest
    assert (manifest["n_train"], manifest["n_valid"]) == (12 * 4 + 3 * 4, 8 * 4)
    assert "extra_train" in manifest["data"]


def test_training_again_replaces_the_model_and_leaves_nothing_else(tmp_path, data_dir):
    for _ in range(2):
        assert run("prior", data_dir, tmp_path / "model") == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "model"]


BAD_LINES = {
    "missing column": '{"id": "a", "text": "x", "topics": []}\n',
    "unknown topic": '{"id": "a", "article_id": "a", "text": "x", "topics": ["wool"]}\n',
    "invalid JSON": "{oops\n",
    "empty file": "",
    "wrong encoding": "{'text': 'нан'}".encode("cp1251"),
}


@pytest.mark.parametrize("name", BAD_LINES)
@pytest.mark.parametrize("split", ["train", "valid"])
def test_bad_data_is_one_line_exit_1_and_nothing_written(tmp_path, data_dir, capsys, name, split):
    bad = BAD_LINES[name]
    (data_dir / f"{split}.jsonl").write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    assert run("tfidf", data_dir, tmp_path / "model") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {data_dir / split}.jsonl")
    assert not (tmp_path / "model").exists()


def test_output_that_is_no_model_folder_is_left_alone(tmp_path, data_dir, capsys):
    assert run("prior", data_dir, data_dir) == 1
    assert "exists and is not a model folder" in capsys.readouterr().err
    assert (data_dir / "train.jsonl").is_file()


def test_unwritable_output_is_noticed_before_training(tmp_path, data_dir, capsys):
    (tmp_path / "file").touch()
    assert run("prior", data_dir, tmp_path / "file" / "model") == 1
    assert "file: cannot be made" in capsys.readouterr().err


def test_failed_save_leaves_the_old_model_whole(tmp_path, tfidf_folder):
    before = artifacts.file_checksums(tfidf_folder)

    def fail():
        with artifacts.written_whole(tfidf_folder) as draft:
            (draft / "half").write_text("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert artifacts.file_checksums(tfidf_folder) == before
    assert [p for p in tfidf_folder.parent.iterdir() if "partial" in p.name] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("weights.safetensors", "half", "changed since it was written"),
        ("tagger.json", "{}", "changed since it was written"),
        ("topics.yaml", "topics: [{id: bread}, {id: ships}]", "changed since it was written"),
        ("weights.safetensors", None, "missing"),
        ("thresholds.json", '{"ships": 0.5}', "not those of topics.yaml"),
        ("thresholds.json", '{"ships": NaN, "bread": 0.5}', "expected a number from 0 to 1"),
        ("thresholds.json", '{"ships": "0.5", "bread": 0.5}', "expected a number from 0 to 1"),
        ("thresholds.json", "{", "not a whole model folder"),
        ("manifest.json", "{", "not a whole model folder"),
        ("manifest.json", '{"format": 7}', "format is 7; expected 1"),
        ("manifest.json", '{"format": 1}', "not whole"),
    ],
)
def test_damaged_model_folder_is_one_line(tmp_path, tfidf_folder, name, content, message):
    shutil.copytree(tfidf_folder, tmp_path / "model")
    path = tmp_path / "model" / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(UserError, match=message):
        artifacts.load(tmp_path / "model")


def test_thresholds_may_be_changed_by_hand(tmp_path, tfidf_folder):
    shutil.copytree(tfidf_folder, tmp_path / "model")
    (tmp_path / "model" / "thresholds.json").write_text('{"bread": 0.9, "ships": 0.1}')
    assert artifacts.load(tmp_path / "model").thresholds == {"bread": 0.9, "ships": 0.1}


@pytest.mark.parametrize("split", ["valid", "test"])
def test_held_out_paragraphs_cannot_enter_training(tmp_path, data_dir, capsys, split):
    held_out = make_rows(8, prefix=f"{split}-")
    other_ids = [row | {"id": f"x{i}", "article_id": f"y{i}"} for i, row in enumerate(held_out)]
    for rows in (held_out, other_ids):
        extra = write_jsonl(tmp_path / "extra.jsonl", rows)
        assert run("prior", data_dir, tmp_path / "model", extra_train=extra) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: train: ")
        assert split in line


def test_extra_rows_have_ids_of_their_own(tmp_path, data_dir, capsys):
    extra = write_jsonl(tmp_path / "extra.jsonl", make_rows(1, prefix="train-"))
    assert run("prior", data_dir, tmp_path / "model", extra_train=extra) == 1
    assert "id 'train-0-0' is in train already" in capsys.readouterr().err


def test_paths_of_the_command_line_are_taken_as_they_are(tmp_path, data_dir):
    for name in ("try #1", "2024", "a: b", "no"):
        assert run("prior", data_dir, tmp_path / name) == 0
        assert (tmp_path / name / "manifest.json").is_file()


def test_missing_library_names_the_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "saulyq.taggers.transformer", raising=False)
    with pytest.raises(
        UserError, match=r"needs torch; install it with: pip install 'saulyq\[train"
    ):
        tagger_class("transformer")


def test_checkpoint_that_cannot_be_had_names_the_local_way(tmp_path, data_dir, capsys):
    pytest.importorskip("transformers")
    assert run("xlmr_base", data_dir, tmp_path / "model", base_model=tmp_path / "none") == 1
    err = capsys.readouterr().err.strip()
    assert "cannot be had" in err
    assert "--base_model path/to/folder" in err
    assert "\n" not in err


def test_settings_are_read_in_both_spellings():
    assert read_overrides(["--learning-rate", "1", "--epochs=2"]) == {
        "learning-rate": "1",
        "epochs": "2",
    }
    for words in (["5"], ["--epochs"]):
        with pytest.raises(UserError):
            read_overrides(words)


def test_help_is_light():
    # Importing torch, transformers or scikit-learn takes seconds; help must not.
    code = (
        "import sys, train\n"
        "try: train.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy', 'datasets'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--learning_rate (float; default 2e-05)" in done.stdout


def test_tfidf_tags_without_torch(tfidf_folder):
    code = (
        "import sys; from saulyq import Tagger\n"
        f"Tagger.load({str(tfidf_folder)!r}).tag(['нан'])\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_compare_reports_the_same_rows_for_all(tmp_path, data_dir, tfidf_folder, capsys):
    run("prior", data_dir, tmp_path / "prior")
    capsys.readouterr()
    words = [tmp_path / "prior", tfidf_folder, "--data", data_dir, "--output", tmp_path / "r"]
    assert run_script(lambda: compare.main([*map(str, words), "--update-cards"])) == 0
    assert "| bread | 16 |" in capsys.readouterr().out
    report = json.loads((tmp_path / "r" / "report.json").read_text("utf-8"))
    prior, tfidf = report["models"]
    assert tfidf["against_first"]["macro_f1"]["p"] < 0.05
    assert prior["report"]["n_paragraphs"] == tfidf["report"]["n_paragraphs"] == 32
    card = (tmp_path / "prior" / "README.md").read_text("utf-8")
    assert "test: 32 paragraphs of 8 articles" in card
    assert "Not measured yet" not in card


def test_cards_get_test_figures_only(tfidf_folder, data_dir, capsys):
    words = [str(tfidf_folder), "--data", str(data_dir), "--split", "valid", "--update-cards"]
    assert run_script(lambda: compare.main(words)) == 1
    assert "cards have test figures" in capsys.readouterr().err


def test_models_of_the_same_name_are_told_apart(tmp_path, data_dir, capsys):
    for name in ("old/m", "new/m"):
        assert run("prior", data_dir, tmp_path / name) == 0
    capsys.readouterr()
    compare.main([str(tmp_path / "old/m"), str(tmp_path / "new/m"), "--data", str(data_dir)])
    out = capsys.readouterr().out
    assert f"| {tmp_path / 'old/m'} |" in out
    assert f"| {tmp_path / 'new/m'} |" in out


def test_compare_wants_the_same_topics(tmp_path, data_dir, tfidf_folder, capsys):
    single = write_data(tmp_path / "single", mode="single")
    run("prior", single, tmp_path / "other")
    words = [str(tfidf_folder), str(tmp_path / "other"), "--data", str(data_dir)]
    assert run_script(lambda: compare.main(words)) == 1
    assert "have different topics" in capsys.readouterr().err
