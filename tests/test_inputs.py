import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.errors import UserError
from saulyq.tagging.inputs import (
    READERS,
    Columns,
    Reject,
    Row,
    Source,
    find_sources,
    read_inputs,
)


def source(ending):
    return Source(None, f"dir/news{ending}", "dir/news")


def read(ending, content, **columns):
    data = content if isinstance(content, bytes) else content.encode()
    return list(READERS[ending](io.BytesIO(data), source(ending), Columns(**columns)))


def row(ending, *values):
    return Row(source(ending), *values)


def test_text_file_is_an_article_with_a_paragraph_a_line():
    rows = read(".txt", "Бірінші\r\n\n  Екінші \n")
    assert rows == [
        row(".txt", "dir/news", "dir/news", 0, "Бірінші"),
        row(".txt", "dir/news", "dir/news", 1, "Екінші"),
    ]
    assert [r.text for r in read(".txt", "бір\rекі\r")] == ["бір", "екі"]  # an old Mac's file


def test_jsonl_row_is_one_paragraph_with_its_line_breaks():
    rows = read(".jsonl", '{"id": 7, "text": "бір\\nекі", "article_id": "m"}\n\n{"text": "үш"}\n')
    assert rows == [
        row(".jsonl", "7", "m", 0, "бір\nекі"),
        row(".jsonl", "dir/news.jsonl:3", "dir/news.jsonl:3", 0, "үш"),
    ]


def test_csv_row_is_one_paragraph_and_columns_can_be_named():
    rows = read(".csv", 'nr,body\n1,"бір, ""екі"""\n2,"үш\nтөрт"\n', text="body", id="nr")
    assert rows == [row(".csv", "1", "1", 0, 'бір, "екі"'), row(".csv", "2", "2", 0, "үш\nтөрт")]


def test_byte_order_mark_is_not_part_of_the_text():
    (found,) = read(".csv", b"\xef\xbb\xbftext\n\xd0\xb1\n")
    assert found.text == "б"


@pytest.mark.parametrize(
    ("ending", "content", "line", "reason"),
    [
        (".jsonl", "{oops", 1, "not valid JSON"),
        (".jsonl", "[1]", 1, "list; expected one JSON object a line"),
        (".jsonl", '{"id": "a"}', 1, "no 'text'"),
        (".jsonl", '{"text": null}', 1, "no 'text'"),
        (".jsonl", '{"text": 5}', 1, "'text' is int; expected text"),
        (".jsonl", '{"text": "  "}', 1, "'text' is empty"),
        (".jsonl", '{"text": "\u200b"}', 1, "'text' is empty"),
        (".jsonl", '{"text": "\\u001c\\u0000"}', 1, "'text' is empty"),
        (".jsonl", '{"text": "а", "article_id": {"z": 1}}', 1, "'article_id' is dict"),
        (".csv", "id,text\nа\n", 2, "1 fields; expected 2"),
        (".jsonl", '{"text": "а", "id": [1]}', 1, "'id' is list"),
        (".jsonl", "[" * 100_000, 1, "not valid JSON"),
        (".jsonl", '{"text": "a\\ud83d"}', 1, "'text' holds half of a surrogate pair"),
        (".jsonl", '{"text": "a", "id": "\\udc00"}', 1, "'id' holds half of a surrogate pair"),
        (".jsonl", b'{"text": "\xff"}', 1, "byte 0xff at position 11 is not UTF-8"),
        (".txt", b"\xe0\xe1", 1, "is not UTF-8"),
        (".csv", "text,b\n,x\n", 2, "'text' is empty"),
        (".csv", "text\na,b\n", 2, "2 fields; expected 1"),
        (".csv", b"text\n\xff\n", 2, "is not UTF-8"),
        (".csv", 'text\n"a"b\n', 2, "not valid CSV"),
    ],
)
def test_bad_row_is_a_reject_with_its_place(ending, content, line, reason):
    (reject,) = read(ending, content)
    assert isinstance(reject, Reject)
    assert (reject.file, reject.line) == (f"dir/news{ending}", line)
    assert reason in reject.reason


def test_rows_after_a_bad_one_are_still_read():
    rows = read(".jsonl", '{"text": "а"}\n{oops\n{"text": "б"}\n')
    assert [type(r) for r in rows] == [Row, Reject, Row]
    rows = read(".csv", b"text\nx\n\xff\ny\n")
    assert [type(r) for r in rows] == [Row, Reject, Row]
    assert rows[2].id == "dir/news.csv:4"


def test_csv_without_the_text_column_names_what_was_found():
    with pytest.raises(UserError, match="no column 'text'; found id, body; columns are separated"):
        read(".csv", "id,body\n1,a\n")


def test_folder_gives_its_files_in_order_with_relative_names(tmp_path):
    for name in ("b.txt", "a.jsonl", "sub/c.md", ".hidden/d.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [s.name for s in find_sources([str(tmp_path)])] == ["a.jsonl", "b.txt", "sub/c.md"]


def test_text_file_id_is_its_path_in_the_folder_without_the_ending(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "v1.2.txt").write_text("нан")
    (found,) = read_inputs(find_sources([str(tmp_path)]), Columns(), io.BytesIO())
    assert found.id == "sub/v1.2"


def test_dash_reads_jsonl_from_standard_input():
    (found,) = read_inputs(find_sources(["-"]), Columns(), io.BytesIO('{"text": "нан"}'.encode()))
    assert (found.id, found.text) == ("<stdin>:1", "нан")


@pytest.mark.parametrize(
    ("name", "message"), [("none.txt", "not found"), ("x.doc", "unknown ending")]
)
def test_input_that_cannot_be_read_is_one_line(tmp_path, name, message):
    (tmp_path / "x.doc").touch()
    with pytest.raises(UserError, match=message):
        find_sources([str(tmp_path / name)])


def test_folder_without_readable_files_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"no \.txt, \.md, \.jsonl, \.csv files"):
        find_sources([str(tmp_path)])


@given(st.sampled_from([".txt", ".jsonl", ".csv"]), st.binary(max_size=300))
def test_random_bytes_end_in_rows_rejects_or_one_clear_line(ending, content):
    rows, message = [], ""
    try:
        rows = read(ending, content)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert all(isinstance(r, Row | Reject) for r in rows)
    assert all(r.text.strip() for r in rows if isinstance(r, Row))


def test_nameless_column_of_a_data_frame_is_read_over():
    (found,) = read(".csv", ",text\n0,емхана\n")
    assert (found.id, found.text) == ("dir/news.csv:2", "емхана")


def test_quote_that_is_never_closed_tells_which_lines_it_took_in():
    (reject,) = read(".csv", 'id,text\n0,"ашық\n1,бір\n2,екі\n')
    assert reject.line == 2
    assert "takes in all lines from 2 to 4" in reject.reason


def test_wrong_byte_inside_a_quoted_field_rejects_its_record_once():
    rows = read(".csv", b'text\n"a\n\xff\nb"\nc\n')
    assert [type(r) for r in rows] == [Reject, Row]
    assert rows[0].line == 3
    assert rows[1].text == "c"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id;text\n1;а\n".encode("utf-16"), "is not UTF-8"),
        (b"id,text\r1,a\r", "not valid CSV"),
        (b"text,text\na,b\n", "column 'text' stands twice"),
        (b"id;text\n1;a\n", "found id;text; columns are separated by commas"),
        (b"", "found nothing"),
    ],
)
def test_header_that_cannot_be_used_says_why(content, message):
    with pytest.raises(UserError, match=message):
        read(".csv", content)


def test_empty_lines_before_the_header_and_after_it_are_passed_over():
    assert [r.text for r in read(".csv", "\n\ntext\n\nа\n")] == ["а"]


def test_article_zero_is_an_article():
    rows = read(".jsonl", '{"text": "а", "article_id": 0}\n{"text": "б", "article_id": 0}\n')
    assert {r.article_id for r in rows} == {"0"}


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
