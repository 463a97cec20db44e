import csv
import gzip
import json

import pytest
from conftest import write_jsonl

import predict
from saulyq.scripts import run_script

ROWS = [
    {"id": "p1", "text": "кеме теңізде жүзіп барады", "site": "a.kz", "n": 1, "topics": ["gold"]},
    {"id": "p2", "text": "наубайхана нан пісірді", "site": "ә.kz", "n": [2], "topics": []},
]


@pytest.fixture
def run(tfidf_folder, capsys):
    """Run predict.py in this process: exit code, records of stdout, lines of stderr."""

    def call(*words):
        command = ["--model", str(tfidf_folder), *map(str, words)]
        code = run_script(lambda: predict.main(command))
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err.splitlines()

    return call


@pytest.fixture
def news(tmp_path):
    return write_jsonl(tmp_path / "news.jsonl", ROWS)


def test_other_columns_are_kept_beside_ours(run, news):
    _, (first, second), _ = run(news, "--keep-columns")
    assert (first["site"], first["n"], first["topics"]) == ("a.kz", 1, ["ships"])
    assert (first["input_topics"], second["n"]) == (["gold"], [2])
    _, (plain, _), _ = run(news)
    assert "site" not in plain


def test_a_csv_file_keeps_the_columns_of_the_first_row(run, tmp_path):
    source = write_jsonl(tmp_path / "n.jsonl", [*ROWS, {"text": "жел", "more": 1}])
    code, _, err = run(source, "--keep-columns", "--output", tmp_path / "o.csv")
    assert code == 0
    assert "3 rows = 2 tagged + 1 rejected" in err[-1]
    rows = list(csv.DictReader((tmp_path / "o.csv").open(encoding="utf-8", newline="")))
    assert [(r["site"], r["n"], r["input_topics"]) for r in rows] == [
        *(("a.kz", "1", "gold"), ("ә.kz", "[2]", "")),
    ]
    (reject,) = map(json.loads, (tmp_path / "o.csv.rejects.jsonl").open(encoding="utf-8"))
    assert (reject["line"], reject["reason"]) == (
        *(3, "column 'more' is not one of the first row's; write .jsonl"),
    )


def test_kept_columns_and_articles_do_not_go_together(news, tmp_path):
    for words in (
        ["--by", "article", "--keep-columns"],
        ["-", "--keep-columns", "--output", "o.csv"],
    ):
        with pytest.raises(SystemExit) as stop:
            predict.main([str(news), *words])
        assert stop.value.code == 2


def test_packed_files_and_patterns_are_read(run, tmp_path):
    content = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(content))
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("кеме айлақта тұр\n".encode()))
    _, records, err = run(str(tmp_path / "*.gz"))
    assert [r["id"] for r in records] == ["p1", "p2", "b"]
    assert "3 rows = 3 tagged + 0 rejected" in err[-1]


def test_parquet_in_and_out(run, tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"id": n, "text": row["text"], "site": row["site"]} for n, row in enumerate(ROWS)]
    pq.write_table(pa.Table.from_pylist([*rows, {"id": 9}]), tmp_path / "n.parquet")
    output = tmp_path / "o.parquet"
    code, _, err = run(tmp_path / "n.parquet", "--keep-columns", "--output", output, "--top", 1)
    assert code == 0
    assert "3 rows = 2 tagged + 1 rejected" in err[-1]
    first, second = pq.read_table(output).to_pylist()
    assert (first["id"], first["topics"], first["site"]) == ("0", ["ships"], "a.kz")
    assert second["suggested"] == ["bread"]
    _, records, _ = run(tmp_path / "n.parquet")
    assert second["scores"] == records[1]["scores"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{oops", "not valid JSON"),
        (b"{}", "no 'text'"),
        (b'{"text": ["a"]}', "'text' is list"),
        (b'{"text": "\xff\xfe"}', "is not UTF-8"),
        (b'{"text": "' + b"x" * 10_000_000 + b'"}', "line of more than 8000000 bytes"),
        (b'{"text": "a\\u0000b"}', "holds a NUL byte"),
        (b'{"text": ""}', "'text' is empty"),
    ],
)
def test_no_bad_row_stops_a_run(run, tmp_path, line, reason):
    good = json.dumps(ROWS[0]).encode()
    (tmp_path / "n.jsonl").write_bytes(good + b"\n" + line + b"\n" + good)
    code, _, err = run(tmp_path / "n.jsonl", "--output", tmp_path / "o.jsonl")
    assert code == 0
    assert "3 rows = 2 tagged + 1 rejected, 1 with a repeated id" in err[-1]
    (reject,) = map(json.loads, (tmp_path / "o.jsonl.rejects.jsonl").open(encoding="utf-8"))
    assert (reject["file"], reject["line"]) == ("n.jsonl", 2)
    assert reason in reject["reason"]


def test_a_damaged_archive_is_one_line_and_what_was_read_can_go_on(run, tmp_path):
    content = "".join(json.dumps(row) + "\n" for row in ROWS * 3000).encode()
    packed = gzip.compress(content)
    (tmp_path / "n.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    output = tmp_path / "o.jsonl"
    code, _, err = run(tmp_path / "n.jsonl.gz", "--output", output)
    assert code == 1
    assert len(err) == 1
    assert "n.jsonl.gz: damaged or cut off after line" in err[0]
    assert not output.exists()


def test_an_unwritable_folder_is_told_before_the_model_is_read(run, news, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    code, _, err = run(news, "--output", tmp_path / "o.jsonl")
    assert code == 1
    assert err == [f"error: {tmp_path / 'o.jsonl'}: cannot be written; name another"]


def test_a_batch_of_rows_is_tagged_for_datasets(tfidf_folder):
    from saulyq import Tagger

    tagger = Tagger.load(tfidf_folder)
    batch = {"text": [row["text"] for row in ROWS], "id": ["p1", "p2"]}
    made = tagger.tag_batch(batch)
    assert made["topics"] == [["ships"], ["bread"]]
    assert list(made) == ["topics", "scores", "language", "script", "windows"]
    datasets = pytest.importorskip("datasets")
    mapped = datasets.Dataset.from_dict(batch).map(tagger.tag_batch, batched=True)
    assert mapped[1]["topics"] == ["bread"]
    assert mapped[1]["scores"]["bread"] == made["scores"][1]["bread"]
    assert mapped[0]["id"] == "p1"
