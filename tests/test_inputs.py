import dataclasses
import errno
import io

import pytest

from saulyq.errors import UserError
from saulyq.reading import MAX_LINE
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


def row(ending, *values, place, **columns):
    return Row(source(ending), *values, place, columns)


def test_text_file_is_an_article_with_a_paragraph_a_line():
    rows = read(".txt", "Бірінші\r\n\n  Екінші \n")
    assert rows == [
        row(".txt", "dir/news", "dir/news", 0, "Бірінші", place=1),
        row(".txt", "dir/news", "dir/news", 1, "Екінші", place=3),
    ]
    assert [r.text for r in read(".txt", "бір\rекі\r")] == ["бір", "екі"]  # an old Mac's file


def test_jsonl_row_is_one_paragraph_with_its_line_breaks():
    rows = read(".jsonl", '{"id": 7, "text": "бір\\nекі", "article_id": "m"}\n\n{"text": "үш"}\n')
    assert rows == [
        row(".jsonl", "7", "m", 0, "бір\nекі", place=1),
        row(".jsonl", "dir/news.jsonl:3", "dir/news.jsonl:3", 0, "үш", place=3),
    ]


def test_csv_row_is_one_paragraph_and_columns_can_be_named():
    rows = read(".csv", 'nr,body\n1,"бір, ""екі"""\n2,"үш\nтөрт"\n', text="body", id="nr")
    assert rows == [
        row(".csv", "1", "1", 0, 'бір, "екі"', place=2),
        row(".csv", "2", "2", 0, "үш\nтөрт", place=4),
    ]


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
        (".jsonl", '{"text": "\\u001c"}', 1, "'text' is empty"),
        (".jsonl", '{"text": "а\\u0000б"}', 1, "'text' holds a NUL byte"),
        (".jsonl", '{"text": "а", "id": "\\u0000"}', 1, "'id' holds a NUL byte"),
        (".csv", "text\nа\0б\n", 2, "'text' holds a NUL byte"),
        (".txt", "\0\n", 1, "'line' holds a NUL byte"),
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


def test_text_file_id_is_its_path_in_the_folder_without_the_ending(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "v1.2.txt").write_text("нан")
    (found,) = read_inputs(find_sources([str(tmp_path)]), Columns(), io.BytesIO())
    assert found.id == "sub/v1.2"


def test_dash_reads_jsonl_from_standard_input():
    (found,) = read_inputs(find_sources(["-"]), Columns(), io.BytesIO('{"text": "нан"}'.encode()))
    assert (found.id, found.text) == ("<stdin>:1", "нан")


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


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".jsonl", '{"nr": 1, "text": "а", "id": "x", "article_id": "m", "": 0, "tags": ["т"]}'),
        (".csv", "nr,text,id,,article_id,tags\n1,а,x,0,m,т\n"),
    ],
)
def test_other_columns_are_kept_only_if_asked_for(ending, content):
    (kept,) = read(ending, content, keep=True)
    expected = {".jsonl": {"nr": 1, "tags": ["т"]}, ".csv": {"nr": "1", "tags": "т"}}
    assert kept.columns == {"article_id": "m"} | expected[ending]
    (bare,) = read(ending, content)
    assert bare == dataclasses.replace(kept, columns={})


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ('"a": [1e999]', "'a' cannot be written as JSON"),
        ('"a": {"b": "\\ud83d"}', "'a' holds half of a surrogate pair"),
        ('"\\ud83d": 1', "holds half of a surrogate pair"),
    ],
)
def test_kept_column_that_cannot_be_written_is_a_reject(other, reason):
    content = f'{{"text": "а", {other}}}'
    (reject,) = read(".jsonl", content, keep=True)
    assert isinstance(reject, Reject)
    assert reason in reject.reason
    assert reject.reason.isprintable()
    assert [type(r) for r in read(".jsonl", content)] == [Row]


def test_missing_number_of_a_data_frame_is_kept_as_null():
    (kept,) = read(".jsonl", '{"text": "а", "a": NaN, "b": {"c": [NaN, 1.5]}}', keep=True)
    assert kept.columns == {"a": None, "b": {"c": [None, 1.5]}}


def test_ids_that_a_data_frame_made_floats_are_whole_numbers_again():
    rows = read(".jsonl", '{"text": "а", "id": 7.0, "article_id": NaN}\n{"text": "б", "id": NaN}\n')
    assert [(row.id, row.article_id) for row in rows] == [
        ("7", "7"),
        ("dir/news.jsonl:2", "dir/news.jsonl:2"),
    ]
    (reject,) = read(".jsonl", '{"text": "а", "id": 1.5}')
    assert reject.reason == "'id' is float; expected text or a whole number"


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("b.csv", b"id,body\n1,a\n", 1, "no column 'text'; found id, body"),
        ("b.csv", b"", 1, "no column 'text'; found nothing"),
        ("b.csv", b"\n\xff,text\n1,a\n", 2, "is not UTF-8"),
        ("b.csv", b'"a"b,text\n', 1, "not valid CSV"),
        ("b.jsonl.gz", b"no archive", 1, "damaged or cut off after line 0"),
    ],
)
def test_file_of_no_use_is_one_reject_and_the_next_is_read(tmp_path, name, content, line, reason):
    (tmp_path / "a.txt").write_text("нан", "utf-8")
    (tmp_path / name).write_bytes(content)
    (tmp_path / "c.txt").write_text("кеме", "utf-8")
    first, reject, last = read_inputs(find_sources([str(tmp_path)]), Columns(), io.BytesIO())
    assert (first.text, last.text) == ("нан", "кеме")
    assert (reject.file, reject.line) == (name, line)
    assert reason in reject.reason
    assert name not in reject.reason


@pytest.mark.parametrize(
    "error",
    [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file or directory")],
)
def test_file_that_cannot_be_opened_stops_the_run(tmp_path, monkeypatch, error):
    (tmp_path / "a.txt").write_text("нан", "utf-8")
    sources = find_sources([str(tmp_path)])

    def refused(path, mode):
        raise error

    monkeypatch.setattr("pathlib.Path.open", refused)
    with pytest.raises(UserError, match=rf"a\.txt: cannot be read \({error.strerror}\)$"):
        list(read_inputs(sources, Columns(), io.BytesIO()))


def test_nul_bytes_reject_their_line_and_the_count_of_paragraphs_goes_on():
    rows = read(".txt", "бір\n\0екі\nүш\n")
    assert [type(r) for r in rows] == [Row, Reject, Row]
    assert (rows[2].paragraph, rows[2].place) == (2, 3)


@pytest.mark.parametrize("ending", [".txt", ".jsonl"])
def test_line_without_end_is_a_reject_and_the_count_of_lines_goes_on(ending):
    first, last = {".txt": ("а", "б"), ".jsonl": ('{"text": "а"}', '{"text": "б"}')}[ending]
    rows = read(ending, f"{first}\n{'x' * (3 * MAX_LINE)}\n{last}\n")
    assert [type(r) for r in rows] == [Row, Reject, Row]
    assert (rows[1].line, rows[1].reason) == (2, "line of more than 8000000 bytes")
    assert (rows[2].text, rows[2].place) == ("б", 3)


def test_csv_line_without_end_is_a_reject():
    rows = read(".csv", f'text\nа\n"{"x" * MAX_LINE}"\nб\n')
    assert [type(r) for r in rows] == [Row, Reject, Row]
    assert (rows[1].line, rows[1].reason) == (3, "line of more than 8000000 bytes")
    assert rows[2].place == 4


def test_quote_that_is_never_closed_does_not_eat_the_rest_of_a_huge_file():
    # 7 characters and 9 a line further on: with 888,888 of them 7,999,999, with one more over
    # 8,000,000. That one is line 2 + 888,889.
    line = "абвгдежз\n"
    rows = read(".csv", 'text\n"абвгд\n' + line * 900_000)
    assert isinstance(rows[0], Reject)
    assert rows[0].line == 2
    assert rows[0].reason == (
        "record of more than 8000000 characters; the record takes in all lines from 2 to 888891"
    )
    # 900,002 lines in all.
    assert [r.place for r in rows[1:]] == list(range(888_892, 900_003))


def test_header_without_end_is_one_line():
    with pytest.raises(UserError, match=r"news\.csv: line of more than 8000000 bytes; expected a"):
        read(".csv", "x" * (MAX_LINE + 1))


def test_header_of_odd_names_is_shown_in_one_short_line():
    with pytest.raises(UserError) as error:
        read(".csv", '"a\nb",' + ",".join(f"column{n}" for n in range(1000)))
    assert "'a\\nb', column0, " in str(error.value)
    assert len(str(error.value)) < 500
    assert str(error.value).isprintable()


def test_folder_given_as_standard_input_is_one_line(tmp_path):
    class Folder(io.BytesIO):
        def readline(self, size=-1):
            raise IsADirectoryError(errno.EISDIR, "Is a directory")

    with pytest.raises(UserError, match=r"<stdin>: cannot be read \(Is a directory\)"):
        list(read_inputs(find_sources(["-"]), Columns(), Folder()))
