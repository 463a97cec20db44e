import os

import pytest

from saulyq.errors import UserError
from saulyq.tagging.sources import find_sources, split_name, versions_of


def make_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("нан", "utf-8")


def names(*inputs, written=()):
    return [source.name for source in find_sources([str(text) for text in inputs], written)]


def test_folder_gives_its_files_in_order_with_relative_names(tmp_path):
    for name in ("b.txt", "a.jsonl", "sub/c.md", ".hidden/d.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [s.name for s in find_sources([str(tmp_path)])] == ["a.jsonl", "b.txt", "sub/c.md"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "not found"),
        ("x.doc", "unknown ending"),
        ("x.parquet.gz", r"all but \.parquet also with \.gz or \.zst"),
        ("x.gz", "unknown ending"),
        ("n" * 5000, "cannot be read"),
        ("*.doc", "files match this pattern"),
        ("none[1].txt", "files match this pattern"),
    ],
)
def test_input_that_cannot_be_read_is_one_line(tmp_path, name, message):
    make_files(tmp_path, "x.doc", "x.gz", "x.parquet.gz")
    with pytest.raises(UserError, match=message):
        find_sources([str(tmp_path / name)])


def test_folder_without_readable_files_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"no \.txt, \.md, \.jsonl, \.csv, \.parquet files"):
        find_sources([str(tmp_path)])


def test_files_of_the_same_name_keep_apart(tmp_path):
    for name in ("a/x.txt", "b/x.txt", "b/x.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("нан")
    named = [str(tmp_path / "a/x.txt"), str(tmp_path / "b/x.txt")]
    assert len({s.article for s in find_sources(named)}) == 2
    assert len({s.article for s in find_sources([str(tmp_path / "b")])}) == 2
    alone = find_sources([str(tmp_path / "a/x.txt")])
    assert [s.article for s in alone] == ["x"]


def test_what_a_run_writes_is_not_its_input(tmp_path):
    (tmp_path / "in.jsonl").write_text("{}")
    (tmp_path / "out.jsonl").write_text("{}")
    written = {(tmp_path / "out.jsonl").resolve()}
    assert [s.name for s in find_sources([str(tmp_path)], written)] == ["in.jsonl"]
    with pytest.raises(UserError, match="is an input and would be written over"):
        find_sources([str(tmp_path / "out.jsonl")], written)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("news.jsonl.gz", ("news", ".jsonl", ".gz")),
        ("sub/v1.2.TXT.ZST", ("sub/v1.2", ".txt", ".zst")),
        ("v1.2.txt", ("v1.2", ".txt", "")),
        ("t.parquet", ("t", ".parquet", "")),
        ("x.gz", ("x", "", ".gz")),
        (".gz", (".gz", "", "")),
        ("<stdin>", ("<stdin>", "", "")),
    ],
)
def test_name_is_stem_ending_and_packing(name, parts):
    assert split_name(name) == parts


def test_packed_text_file_is_an_article_called_without_both_endings(tmp_path):
    make_files(tmp_path, "a.txt.gz", "b.MD.zst", "c.csv.gz", "d.parquet")
    found = find_sources([str(tmp_path)])
    assert [source.article for source in found] == ["a", "b", "c", "d"]
    assert [source.is_text() for source in found] == [True, True, False, False]
    assert [source.ending for source in found] == [".txt", ".md", ".csv", ".parquet"]


def test_packed_twin_of_an_article_is_another_article(tmp_path):
    make_files(tmp_path, "a.txt", "a.txt.gz", "a.md.zst")
    assert len({source.article for source in find_sources([str(tmp_path)])}) == 3


def test_pattern_gives_its_files_as_its_folder_would(tmp_path):
    make_files(tmp_path, "in/b.txt", "in/a.jsonl.gz", "in/sub/c.md", "in/x.png", "in/.hidden.txt")
    assert names(tmp_path / "in/*") == ["a.jsonl.gz", "b.txt", "sub/c.md"]
    assert names(tmp_path / "in/**/*.md") == ["sub/c.md"]
    assert names(tmp_path / "in/**") == ["a.jsonl.gz", "b.txt", "sub/c.md"]
    assert names(tmp_path / "i?/*.txt") == ["in/b.txt"]
    assert names(tmp_path / "in/[b]*") == ["b.txt"]


def test_pattern_may_stand_alone(tmp_path, monkeypatch):
    make_files(tmp_path, "b.txt", "a.txt")
    monkeypatch.chdir(tmp_path)
    assert names("*.txt") == ["a.txt", "b.txt"]
    assert names("./[ab].txt") == ["a.txt", "b.txt"]


def test_file_whose_name_looks_like_a_pattern_is_itself(tmp_path):
    make_files(tmp_path, "a[1].txt", "a1.txt")
    assert names(tmp_path / "a[1].txt") == ["a[1].txt"]


def test_pattern_passes_over_what_the_run_writes(tmp_path):
    make_files(tmp_path, "in.jsonl", "out.jsonl")
    assert names(tmp_path / "*.jsonl", written={(tmp_path / "out.jsonl").resolve()}) == ["in.jsonl"]


LEFT = (
    *("o.parquet.partial/00000000.parquet", "sub/o.parquet.gone/00000001.parquet"),
    *("o.jsonl.rejects.jsonl", "sub/old.csv.rejects.jsonl"),
)


def test_what_other_runs_left_is_passed_over(tmp_path):
    make_files(tmp_path, "in/a.jsonl", "in/rejects.jsonl", *(f"in/{name}" for name in LEFT))
    assert names(tmp_path / "in") == ["a.jsonl", "rejects.jsonl"]
    for pattern in ("*", "**", "**/*"):
        assert names(tmp_path / "in" / pattern) == ["a.jsonl", "rejects.jsonl"]
    with pytest.raises(UserError, match="files match this pattern"):
        names(tmp_path / "in" / "*.parquet.partial" / "*")


def test_what_another_run_left_is_an_input_if_it_is_named(tmp_path):
    make_files(tmp_path, *LEFT)
    assert names(tmp_path / LEFT[0], tmp_path / LEFT[2]) == ["00000000.parquet", LEFT[2]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_no_input(tmp_path):
    make_files(tmp_path, "a.jsonl")
    os.mkfifo(tmp_path / "b.jsonl")
    with pytest.raises(UserError, match=r"b\.jsonl: neither a file nor a folder"):
        find_sources([str(tmp_path / "b.jsonl")])
    assert names(tmp_path) == names(tmp_path / "*") == ["a.jsonl"]


def test_version_of_a_file_that_is_gone_is_one_line(tmp_path):
    make_files(tmp_path, "a.jsonl")
    sources = find_sources([str(tmp_path)])
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(UserError, match=r"a\.jsonl: cannot be read \(No such file or directory\)$"):
        versions_of(sources)
