import gzip
import io

import pytest
from test_resume import files_of, write_news

import predict
from saulyq.errors import UserError
from saulyq.tagging.inputs import Columns, find_sources, read_inputs

pytest.importorskip("pyarrow")


@pytest.fixture
def folder(tmp_path):
    for name in ("b.txt", "a.jsonl", "sub/c.txt", ".hidden.txt", "other.bin"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"text": "нан"}' if name == "a.jsonl" else "кеме\n", "utf-8")
    return tmp_path / "in"


def read(inputs):
    rows = read_inputs(find_sources([inputs]), Columns(), io.BytesIO())
    return [(row.source.name, row.id, row.text) for row in rows]


def test_a_uri_gives_what_its_folder_gives(folder):
    assert read(folder.as_uri()) == read(f"{folder.as_uri()}/") == read(str(folder))
    assert [name for name, _, _ in read(folder.as_uri())] == ["a.jsonl", "b.txt", "sub/c.txt"]


def test_a_uri_gives_a_file(folder):
    assert read(f"{folder.as_uri()}/b.txt") == [("b.txt", "b", "кеме")]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("{folder}/nothing", "no .txt, .*files there"),
        ("{folder}/other.bin", "no .txt, .*files there"),
        ("nowhere://key:secret@bucket/x", "^nowhere://bucket/x: cannot be read"),
    ],
)
def test_a_uri_of_nothing_is_told(uri, message, folder):
    with pytest.raises(UserError, match=message) as told:
        find_sources([uri.format(folder=folder.as_uri())])
    assert "secret" not in str(told.value)


def test_a_uri_is_not_written_over(folder):
    path = folder / "b.txt"
    with pytest.raises(UserError, match="would be written over"):
        find_sources([path.as_uri()], {path.resolve()})


def test_a_uri_passes_over_what_its_folder_does(folder):
    (folder / "o.parquet.partial").mkdir()
    for name in ("o.parquet.partial/0.parquet", "o.csv.rejects.jsonl", "o.jsonl"):
        (folder / name).write_text("x", "utf-8")
    names = ["a.jsonl", "b.txt", "o.jsonl", "sub/c.txt"]
    assert [source.name for source in find_sources([folder.as_uri()])] == names
    names.remove("o.jsonl")
    written = {folder / "o.jsonl"}
    assert [source.name for source in find_sources([folder.as_uri()], written)] == names
    (rejects,) = find_sources([f"{folder.as_uri()}/o.csv.rejects.jsonl"])
    assert rejects.name == "o.csv.rejects.jsonl"


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet"])
def test_a_connection_that_fails_is_not_a_damaged_file(folder, name, monkeypatch):
    class Failing(io.BytesIO):
        def read(self, size=-1):
            raise OSError("AWS Error NETWORK_CONNECTION during GetObject operation")

    class Files:
        def open_input_file(self, path):
            return Failing(b"x" * 100)

    (folder / name).write_bytes(b"x" * 100)
    sources = find_sources([f"{folder.as_uri()}/{name}"])
    monkeypatch.setattr("saulyq.tagging.stored._file_system", lambda uri: (Files(), ""))
    with pytest.raises(UserError, match=r"cannot be read \(AWS Error NETWORK_CONNECTION"):
        list(read_inputs(sources, Columns(), io.BytesIO()))


def test_a_parquet_file_and_an_archive_of_a_uri_are_read(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["нан"] * 1000}), folder / "t.parquet")
    (folder / "t.jsonl.gz").write_bytes(gzip.compress(b'{"text": "1"}\n' * 1000))
    assert len(read(f"{folder.as_uri()}/t.parquet")) == 1000
    assert len(read(f"{folder.as_uri()}/t.jsonl.gz")) == 1000


def test_a_changed_file_of_a_uri_is_noticed_by_resume(tfidf_folder, tmp_path):
    source = write_news(tmp_path / "news.jsonl", 9)
    output = tmp_path / "out" / "o.jsonl"
    output.parent.mkdir()
    words = [source.as_uri(), "--model", str(tfidf_folder), "--output", str(output), "--resume"]
    assert predict.main(words) == 0
    before = files_of(output.parent)
    assert predict.main(words) == 0
    assert files_of(output.parent) == before
    write_news(source, 10)
    with pytest.raises(UserError, match="--resume: inputs is not what"):
        predict.main(words)
