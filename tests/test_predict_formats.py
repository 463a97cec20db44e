import csv
import gzip
import json

import pytest
from conftest import write_jsonl

import predict

ROWS = [
    {"id": "p1", "text": "кеме теңізде жүзіп барады", "site": "a.kz", "n": 1, "topics": ["gold"]},
    {"id": "p2", "text": "наубайхана нан пісірді", "site": "ә.kz", "n": [2], "topics": []},
]


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


def test_a_damaged_file_is_a_reject_and_the_run_goes_on(run, news, tmp_path):
    content = "".join(json.dumps(row) + "\n" for row in ROWS * 3000).encode()
    packed = gzip.compress(content)
    source = tmp_path / "a.jsonl.gz"
    source.write_bytes(packed[: len(packed) // 2])
    output = tmp_path / "o.jsonl"
    code, _, err = run(source, news, "--output", output)
    assert code == 0
    (reject,) = map(json.loads, (tmp_path / "o.jsonl.rejects.jsonl").open(encoding="utf-8"))
    assert reject["file"] == "a.jsonl.gz"
    n_read = reject["line"] - 1  # of the archive; the two of `news` are read after it
    assert n_read > 100
    assert len(output.read_text("utf-8").splitlines()) == n_read + 2
    assert f"{n_read + 3} rows = {n_read + 2} tagged + 1 rejected" in err[-1]


def test_strict_stops_at_a_damaged_file(run, news, tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(b"no archive")
    code, _, err = run(tmp_path / "a.jsonl.gz", news, "--strict", "--output", tmp_path / "o.jsonl")
    assert code == 1
    assert err[-1].startswith("error: a.jsonl.gz:1: damaged or cut off after line 0")
    assert not (tmp_path / "o.jsonl").exists()


def test_missing_numbers_of_a_data_frame_stop_no_row(run, tmp_path):
    rows = [row | {"id": 1.0, "n": float("nan")} for row in ROWS]
    _, records, err = run(write_jsonl(tmp_path / "n.jsonl", rows), "--keep-columns")
    assert [(record["id"], record["n"]) for record in records] == [("1", None)] * 2
    assert "2 rows = 2 tagged + 0 rejected" in err[-1]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_an_output_in_the_folder_of_the_inputs_is_no_input(run, news, tmp_path, ending):
    pytest.importorskip("pyarrow")
    left = tmp_path / "old.parquet.partial" / "00000000.parquet"
    left.parent.mkdir()
    left.write_bytes(b"unfinished")
    (tmp_path / "old.csv.rejects.jsonl").write_text("{}\n", "utf-8")
    output = tmp_path / f"o{ending}"
    for source in (tmp_path, tmp_path, tmp_path.as_uri()):
        code, _, err = run(source, "--output", output, "--force")
        assert (code, err[-1].split(";")[0]) == (0, "2 rows = 2 tagged + 0 rejected")


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
