import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.errors import UserError
from saulyq.tagging.inputs import READERS, Columns, Reject, Row, find_files, read_inputs


def read(ending, content, **columns):
    data = content if isinstance(content, bytes) else content.encode()
    return list(READERS[ending](io.BytesIO(data), f"dir/news{ending}", Columns(**columns)))


def test_text_file_is_an_article_with_a_paragraph_a_line():
    rows = read(".txt", "Бірінші\r\n\n  Екінші \n")
    assert rows == [
        Row("dir/news", "dir/news", 0, "Бірінші"),
        Row("dir/news", "dir/news", 1, "Екінші"),
    ]


def test_jsonl_row_is_one_paragraph_with_its_line_breaks():
    rows = read(".jsonl", '{"id": 7, "text": "бір\\nекі", "article_id": "m"}\n\n{"text": "үш"}\n')
    assert rows == [
        Row("7", "m", 0, "бір\nекі"),
        Row("dir/news.jsonl:3", "dir/news.jsonl:3", 0, "үш"),
    ]


def test_csv_row_is_one_paragraph_and_columns_can_be_named():
    rows = read(".csv", 'nr,body\n1,"бір, ""екі"""\n2,"үш\nтөрт"\n', text="body", id="nr")
    assert rows == [Row("1", "1", 0, 'бір, "екі"'), Row("2", "2", 0, "үш\nтөрт")]


def test_byte_order_mark_is_not_part_of_the_text():
    (row,) = read(".csv", b"\xef\xbb\xbftext\n\xd0\xb1\n")
    assert row.text == "б"


@pytest.mark.parametrize(
    ("ending", "content", "line", "reason"),
    [
        (".jsonl", "{oops", 1, "not valid JSON"),
        (".jsonl", "[1]", 1, "list; expected an object"),
        (".jsonl", '{"id": "a"}', 1, "no 'text'"),
        (".jsonl", '{"text": null}', 1, "no 'text'"),
        (".jsonl", '{"text": 5}', 1, "'text' is int; expected text"),
        (".jsonl", '{"text": "  "}', 1, "'text' is empty"),
        (".jsonl", '{"text": "а", "id": [1]}', 1, "'id' is list"),
        (".jsonl", "[" * 100_000, 1, "not valid JSON"),
        (".jsonl", '{"text": "a\\ud83d"}', 1, "'text' holds half of a surrogate pair"),
        (".jsonl", '{"text": "a", "id": "\\udc00"}', 1, "'id' holds half of a surrogate pair"),
        (".jsonl", b'{"text": "\xff"}', 1, "byte 0xff at position 11 is not UTF-8"),
        (".txt", b"\xe0\xe1", 1, "is not UTF-8"),
        (".csv", "text,b\n,x\n", 2, "'text' is empty"),
        (".csv", "text\na,b\n", 2, "more fields than the 1 columns"),
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
    assert [type(row) for row in rows] == [Row, Reject, Row]
    rows = read(".csv", b"text\nx\n\xff\ny\n")
    assert [type(row) for row in rows] == [Row, Reject, Row]
    assert rows[2].id == "dir/news.csv:4"


def test_csv_without_the_text_column_names_what_was_found():
    with pytest.raises(UserError, match="no column 'text'; found id, body; name yours"):
        read(".csv", "id,body\n1,a\n")


def test_folder_gives_its_files_in_order_with_relative_names(tmp_path):
    for name in ("b.txt", "a.jsonl", "sub/c.md", ".hidden/d.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [name for _, name in find_files([str(tmp_path)])] == ["a.jsonl", "b.txt", "sub/c.md"]


def test_text_file_id_is_its_path_in_the_folder_without_the_ending(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "v1.2.txt").write_text("нан")
    (row,) = read_inputs([str(tmp_path)], Columns(), io.BytesIO())
    assert row.id == "sub/v1.2"


def test_dash_reads_jsonl_from_standard_input():
    (row,) = read_inputs(["-"], Columns(), io.BytesIO('{"text": "нан"}'.encode()))
    assert (row.id, row.text) == ("<stdin>:1", "нан")


@pytest.mark.parametrize(
    ("name", "message"), [("none.txt", "not found"), ("x.doc", "unknown ending")]
)
def test_input_that_cannot_be_read_is_one_line(tmp_path, name, message):
    (tmp_path / "x.doc").touch()
    with pytest.raises(UserError, match=message):
        find_files([str(tmp_path / name)])


def test_folder_without_readable_files_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"no \.txt, \.md, \.jsonl, \.csv files"):
        find_files([str(tmp_path)])


@given(st.sampled_from([".txt", ".jsonl", ".csv"]), st.binary(max_size=300))
def test_random_bytes_end_in_rows_rejects_or_one_clear_line(ending, content):
    rows, message = [], ""
    try:
        rows = read(ending, content)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert all(isinstance(row, Row | Reject) for row in rows)
    assert all(row.text.strip() for row in rows if isinstance(row, Row))
