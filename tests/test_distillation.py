import json

import numpy as np
import pytest
from conftest import arguments, write_data
from safetensors.numpy import load_file
from test_transformer import TINY

import train
from saulyq import artifacts, averaging, distillation
from saulyq.errors import UserError
from saulyq.scripts import run_script
from saulyq.taggers.soft_labels import SoftLabels, read_soft_labels, write_soft_labels


@pytest.fixture
def lines(tmp_path):
    (tmp_path / "texts").mkdir()
    texts = ["кеме теңізге шықты бүгін таңда", "қала", "наубайхана нан пісірді тағы да"]
    (tmp_path / "texts" / "a.txt").write_text("\n".join(texts), "utf-8")
    return tmp_path / "texts"


def test_soft_labels_are_the_scores_of_the_mean_margin(tfidf_folder, lines, tmp_path):
    output = tmp_path / "soft.jsonl"
    data = ["--data", str(tfidf_folder.parent / "data")]
    prior = tmp_path / "prior"
    assert train.main(arguments("prior", data[1], prior)) == 0
    words = [str(tfidf_folder), str(prior), "--texts", str(lines)]
    assert distillation.main([*words, *data, "--output", str(output)]) == 0
    found = read_soft_labels(output, 2)
    assert found.texts == ["кеме теңізге шықты бүгін таңда", "наубайхана нан пісірді тағы да"]
    one, two = (artifacts.load(f).model.margins(found.texts)[0] for f in (tfidf_folder, prior))
    expected = 1 / (1 + np.exp(-(one + two) / 2))
    np.testing.assert_allclose(found.scores, expected, atol=1e-4)  # written with four digits


def test_sentences_of_train_are_scored_as_well(tfidf_folder, lines, tmp_path):
    data = write_data(tmp_path / "data")
    rows = [json.loads(line) for line in (data / "train.jsonl").open(encoding="utf-8")]
    rows[0]["text"] = "Кеме № 5 теңізге бүгін шықты. Нан 2.5 теңгеге бүгін қымбаттады! Жел."
    (data / "train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    words = [str(tfidf_folder), "--texts", str(lines), "--data", str(data), "--sentences"]
    assert distillation.main([*words, "--output", str(tmp_path / "soft.jsonl")]) == 0
    assert read_soft_labels(tmp_path / "soft.jsonl", 2).texts[2:] == [
        "Кеме № 5 теңізге бүгін шықты.",
        "Нан 2.5 теңгеге бүгін қымбаттады!",
    ]


def test_a_transformer_learns_from_soft_labels(lines, tmp_path):
    pytest.importorskip("torch")
    data = write_data(tmp_path / "data")
    texts = [f"айлақта үш жел тұр {i}" for i in range(40)]
    write_soft_labels(tmp_path / "s.jsonl", SoftLabels(texts, [[0.1, 0.9]] * len(texts)))
    for name, more in (("without", {}), ("with", {"soft_labels": tmp_path / "s.jsonl"})):
        assert train.main(arguments("smoke", data, tmp_path / name, **TINY, **more)) == 0
    margins = [
        artifacts.load(tmp_path / name).model.margins(texts[:1])[0][0]
        for name in ("without", "with")
    ]
    assert margins[1][1] - margins[1][0] > margins[0][1] - margins[0][0]


@pytest.mark.parametrize(
    "row", [{"text": "а", "scores": [0.5]}, {"text": "а", "scores": [0.5, 2]}, {"scores": [0, 1]}]
)
def test_a_bad_soft_label_is_told_with_its_line(row, tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"text": "а", "scores": [0, 1]}) + "\n" + json.dumps(row), "utf-8")
    with pytest.raises(UserError, match=r"s\.jsonl:2: expected text and 2 scores"):
        read_soft_labels(path, 2)


def test_averaged_taggers_are_the_mean_of_their_weights(tmp_path):
    pytest.importorskip("torch")
    data = write_data(tmp_path / "data")
    folders = [tmp_path / "one", tmp_path / "two"]
    for rate, folder in zip(("5e-3", "4e-3"), folders, strict=True):
        train.main(arguments("smoke", data, folder, **(TINY | {"learning_rate": rate})))
    words = [*map(str, folders), "--data", str(data), "--output", str(tmp_path / "mean")]
    assert averaging.main(words) == 0
    name = "bert.embeddings.word_embeddings.weight"
    one, two, mean = (
        load_file(f / "model.safetensors")[name] for f in (*folders, tmp_path / "mean")
    )
    np.testing.assert_allclose(mean, (one + two) / 2, atol=1e-6)
    assert len(artifacts.load(tmp_path / "mean").manifest["averaged"]) == 2


def test_only_transformers_can_be_averaged(tfidf_folder, tmp_path, capsys):
    words = [str(tfidf_folder)] * 2 + ["--data", str(tfidf_folder.parent / "data")]
    assert run_script(lambda: averaging.main([*words, "--output", str(tmp_path / "m")])) == 1
    assert "other kinds cannot be averaged" in capsys.readouterr().err


def test_nothing_to_score_is_one_line(tfidf_folder, tmp_path, capsys):
    (tmp_path / "a.txt").write_text("қала\n", "utf-8")
    words = [str(tfidf_folder), "--texts", str(tmp_path), "--output", str(tmp_path / "s")]
    data = ["--data", str(tfidf_folder.parent / "data")]
    assert run_script(lambda: distillation.main([*words, *data])) == 1
    assert "no line of 4 to 150 words" in capsys.readouterr().err
