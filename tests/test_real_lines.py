import json

import pytest
from conftest import write_jsonl

from saulyq.corpus import real_lines
from saulyq.errors import UserError


def pointer(line, text, topics=("ships",), source="news"):
    check = real_lines.check_of(text)
    return {"source": source, "line": line, "check": check, "topics": list(topics)}


def test_pointers_and_a_corpus_make_train_rows(tmp_path):
    (tmp_path / "news.txt").write_text("жел соқты\nкеме келді\n", "utf-8")
    pointers = write_jsonl(tmp_path / "p.jsonl", [pointer(2, "кеме келді")])
    words = ["--pointers", str(pointers), "--corpus", str(tmp_path)]
    assert real_lines.main([*words, "--output", str(tmp_path / "rows.jsonl")]) == 0
    (row,) = [json.loads(line) for line in (tmp_path / "rows.jsonl").open(encoding="utf-8")]
    id = "news:2"
    assert row == {"id": id, "article_id": id, "text": "кеме келді", "topics": ["ships"]}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (pointer(1, "кеме келді"), "line 1 of news is another one"),
        (pointer(9, "кеме келді"), "news has 2 lines, not 9"),
        (pointer(1, "жел соқты", source="old"), "the corpus has no file old.txt"),
    ],
)
def test_a_pointer_that_leads_elsewhere_is_told(wrong, told, tmp_path):
    texts = {"news": ["жел соқты", "кеме келді"]}
    pointers = write_jsonl(tmp_path / "p.jsonl", [wrong])
    with pytest.raises(UserError, match=told):
        list(real_lines.labelled(pointers, texts))
