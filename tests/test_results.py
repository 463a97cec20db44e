import csv
import io
import json
import os

import pytest

from saulyq.errors import UserError
from saulyq.tagging.drafts import PartsDraft, TextDraft
from saulyq.tagging.inputs import Reject
from saulyq.tagging.outputs import header, parquet_file, paths_of
from saulyq.tagging.results import FileResults
from saulyq.tagging.run import Counts, DoneBlock, Shape

RECORD = {
    "id": "a",
    "paragraph": 0,
    "topics": ["ships"],
    "scores": {"ships": 0.75, "bread": 0.125},
    "language": "kk",
    "script": "cyrillic",
    "windows": 1,
}


def block(text, *rejects):
    counts = Counts(rows=1 + len(rejects), tagged=1, rejected=len(rejects))
    return DoneBlock(text.encode(), list(rejects), counts)


@pytest.fixture
def results(tmp_path):
    def open_(**made_from):
        return FileResults(paths_of(tmp_path / "o.jsonl", None), {"inputs": {}} | made_from)

    return open_


def test_blocks_become_files_with_their_names_at_the_end(results, tmp_path):
    files = results()
    files.begin(b"")
    files.write(block("1\n"))
    files.write(block("2\n", Reject("f", 3, "bad")))
    assert sorted(os.listdir(tmp_path)) == [
        *("o.jsonl.begun.json", "o.jsonl.partial", "o.jsonl.progress.json"),
        "o.jsonl.rejects.jsonl.partial",
    ]
    files.finish(files.counts)
    assert sorted(os.listdir(tmp_path)) == [
        *("o.jsonl", "o.jsonl.rejects.jsonl", "o.jsonl.run.json"),
    ]
    assert (tmp_path / "o.jsonl").read_text() == "1\n2\n"
    assert json.loads((tmp_path / "o.jsonl.run.json").read_text())["counts"]["rows"] == 3
    assert results().is_finished()
    with pytest.raises(UserError, match="inputs is not what"):
        results(inputs={"f": "1"}).is_finished()


def test_what_is_not_whole_is_cut_away(results, tmp_path):
    files = results()
    files.begin(b"")
    files.write(block("1\n", Reject("f", 3, "bad")))
    for torn in ("o.jsonl.partial", "o.jsonl.rejects.jsonl.partial"):
        with (tmp_path / torn).open("a") as file:
            file.write("torn")
    again = results()
    again.go_on()
    assert (again.n_blocks, again.counts) == (1, Counts(rows=2, tagged=1, rejected=1))
    again.write(block("2\n"))
    again.finish(again.counts)
    assert (tmp_path / "o.jsonl").read_text() == "1\n2\n"
    assert len((tmp_path / "o.jsonl.rejects.jsonl").read_text().splitlines()) == 1


def test_a_run_goes_on_only_from_the_same(results):
    results().begin(b"")
    with pytest.raises(UserError, match=r"inputs is not what .*begun.json tells \(f: null, now"):
        results(inputs={"f": "1"}).go_on()


def test_a_run_killed_in_its_last_steps_is_finished(results, tmp_path, monkeypatch):
    files = results()
    files.begin(b"")
    files.write(block("1\n"))
    monkeypatch.setattr(type(files.progress_file), "unlink", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        files.finish(files.counts)
    monkeypatch.undo()
    again = results()
    assert again.is_unfinished()
    again.go_on()
    again.finish(again.counts)
    assert (tmp_path / "o.jsonl").read_text() == "1\n"
    assert not again.is_unfinished()


def test_a_draft_that_is_too_short_is_not_filled_up(results, tmp_path, topics):
    files = results()
    files.begin(b"")
    files.write(block("1\n"))
    (tmp_path / "o.jsonl.partial").write_bytes(b"")
    with pytest.raises(UserError, match=r"o\.jsonl\.partial holds less than was written to it"):
        results().go_on()
    parts = PartsDraft(tmp_path / "p.parquet")
    parts.restore(0)
    for _ in range(3):
        parts.append(b"x")
    (parts.draft / "00000000.parquet").unlink()
    with pytest.raises(UserError, match="holds less"):
        parts.restore(3)


def test_rejects_go_on_in_the_same_file(results, tmp_path):
    files = results()
    files.begin(b"")
    files.write(block("1\n", Reject("f", 1, "bad")))
    other = FileResults(paths_of(tmp_path / "o.jsonl", tmp_path / "bad.jsonl"), {"inputs": {}})
    with pytest.raises(UserError, match="rejects is not what"):
        other.go_on()


def test_a_folder_of_parts_half_deleted_is_not_joined_again(topics, tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet")
    draft = PartsDraft(tmp_path / "o.parquet")
    draft.restore(0)
    for _ in range(3):
        draft.append(parquet_file([RECORD], Shape().columns(), topics))

    def killed(folder, **options):
        if os.path.isdir(folder):
            os.unlink(next(os.scandir(folder)).path)
            raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        draft.finish()
    monkeypatch.undo()
    PartsDraft(tmp_path / "o.parquet").finish()
    assert pq.read_table(tmp_path / "o.parquet").num_rows == 3
    assert os.listdir(tmp_path) == ["o.parquet"]


def test_names_of_kept_columns_never_meet():
    names = ["topics", "input_topics", "score_ships", "paragraphs", "site"]
    assert [Shape().name_of(name) for name in names] == [
        *("input_topics", "input_input_topics", "input_score_ships", "input_paragraphs", "site"),
    ]


def test_a_full_disk_is_told_and_what_was_written_stays_whole(results, tmp_path, monkeypatch):
    files = results()
    files.begin(b"")
    files.write(block("1\n"))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"No space left on device; the results of 1 rows"):
        files.write(block("2\n"))
    monkeypatch.undo()
    again = results()
    again.go_on()
    again.write(block("2\n"))
    again.finish(again.counts)
    assert (tmp_path / "o.jsonl").read_text() == "1\n2\n"


def test_parts_are_joined_in_order(topics, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    columns = Shape(top=1, kept=("place", "id")).columns()
    assert columns[-2:] == ["place", "input_id"]
    draft = PartsDraft(tmp_path / "o.parquet")
    draft.restore(0)
    draft.append(header(".parquet", columns, topics))
    skipped = {"topics": [], "scores": {}, "windows": 0}
    draft.append(parquet_file([RECORD | {"suggested": ["ships"]}], columns, topics))
    draft.append(parquet_file([RECORD], columns, topics))
    again = PartsDraft(tmp_path / "o.parquet")
    again.restore(2)  # the last part is taken back
    again.append(parquet_file([RECORD | skipped | {"place": {"x": 1}}], columns, topics))
    again.finish()
    again.finish()
    assert os.listdir(tmp_path) == ["o.parquet"]
    one, two = pq.read_table(tmp_path / "o.parquet").to_pylist()
    assert one == RECORD | {"suggested": ["ships"], "place": None, "input_id": None}
    assert (two["scores"], two["place"], two["windows"]) == (None, '{"x": 1}', 0)


def test_a_csv_header_is_there_also_without_rows(topics):
    told = header(".csv", Shape().columns(), topics).decode()
    (names,) = csv.reader(io.StringIO(told))
    assert names[2:5] == ["topics", "score_ships", "score_bread"]


def test_an_empty_draft_is_begun_anew(tmp_path):
    draft = TextDraft(tmp_path / "o")
    draft.restore(0)
    assert draft.append(b"ab") == 2
    draft.restore(0)
    assert draft.append(b"c") == 1
    draft.finish()
    assert (tmp_path / "o").read_bytes() == b"c"
