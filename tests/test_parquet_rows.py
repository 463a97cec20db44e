import datetime
import io
from itertools import islice

import pytest

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

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SOURCE = Source(None, "news.parquet", "news")


def read_bytes(content, **columns):
    return list(READERS[".parquet"](io.BytesIO(content), SOURCE, Columns(**columns)))


def written(table, **options):
    file = io.BytesIO()
    pq.write_table(pa.table(table), file, **options)
    return file.getvalue()


def read(table, **columns):
    return read_bytes(written(table), **columns)


def test_row_of_the_table_is_one_paragraph():
    rows = read({"nr": [1, 2], "text": ["бір", "екі"], "article_id": ["m", None]})
    assert rows == [
        Row(SOURCE, "news.parquet:1", "m", 0, "бір", place=1),
        Row(SOURCE, "news.parquet:2", "news.parquet:2", 0, "екі", place=2),
    ]


def test_columns_can_be_named_even_with_dots():
    (row,) = read({"a.b": ["бір"], "a": [{"b": "екі"}], "nr": [7]}, text="a.b", id="nr")
    assert (row.id, row.text) == ("7", "бір")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"text": [None]}, "no 'text'"),
        ({"text": [5]}, "'text' is int; expected text"),
        ({"text": [["а"]]}, "'text' is list; expected text"),
        ({"text": [b"a"]}, "'text' is bytes; expected text"),
        ({"text": ["  "]}, "'text' is empty"),
        ({"text": ["а\0"]}, "'text' holds a NUL byte"),
        ({"text": ["а"], "id": [1.5]}, "'id' is float"),
        ({"text": ["а"], "article_id": [True]}, "'article_id' is bool"),
    ],
)
def test_bad_row_is_a_reject_by_the_rules_of_jsonl(columns, reason):
    good = {name: values * 2 for name, values in columns.items()}
    rejects = read(good)
    assert [(r.file, r.line) for r in rejects] == [("news.parquet", 1), ("news.parquet", 2)]
    assert all(reason in r.reason for r in rejects)


def test_text_that_is_not_utf8_rejects_its_row_alone():
    wrong = pa.array([b"a", b"\xff\xfe", b"b"]).cast(pa.binary()).view(pa.string())
    rows = read({"text": wrong})
    assert [type(r) for r in rows] == [Row, Reject, Row]
    assert "'text' cannot be read ('utf-8' codec can't decode byte 0xff" in rows[1].reason


@pytest.mark.parametrize("kind", ["large_string", "string_view", "dictionary"])
def test_every_kind_of_text_is_text(kind):
    kinds = {"dictionary": pa.dictionary(pa.int32(), pa.string()), "string_view": pa.string_view()}
    texts = pa.array(["бір", "екі", "бір"], kinds.get(kind, pa.large_string()))
    assert [r.text for r in read({"text": texts})] == ["бір", "екі", "бір"]


def test_other_columns_are_kept_as_python_values_if_asked_for():
    day = datetime.date(2025, 9, 21)
    table = {"text": ["а"], "id": ["x"], "article_id": ["m"], "day": [day], "tags": [["т", None]]}
    (row,) = read(table, keep=True)
    assert row.columns == {"article_id": "m", "day": day, "tags": ["т", None]}
    assert read(table)[0].columns == {}


def test_kept_number_that_is_missing_is_null():
    missing = float("nan")
    table = {"text": ["а", "б"], "x": [missing, 0.5], "y": [[missing], [1.0]]}
    rows = read(table | {"z": [{"v": missing}, {"v": None}]}, keep=True)
    assert [row.columns for row in rows] == [
        {"x": None, "y": [None], "z": {"v": None}},
        {"x": 0.5, "y": [1.0], "z": {"v": None}},
    ]


def test_ids_of_which_one_is_missing_are_whole_numbers():
    rows = read({"text": ["а", "б"], "id": [7.0, float("nan")], "article_id": [None, 3.0]})
    assert [(row.id, row.article_id) for row in rows] == [("7", "7"), ("news.parquet:2", "3")]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"id": [1], "body": ["а"]}, "news.parquet: no column 'text'; found id, body; name yours"),
        ({}, "news.parquet: no column 'text'; found nothing"),
    ],
)
def test_table_without_texts_names_what_was_found(table, message):
    with pytest.raises(UserError, match=message):
        read(table)


def test_column_that_stands_twice_is_an_error():
    table = pa.table([pa.array(["а"]), pa.array(["б"])], names=["text", "text"])
    with pytest.raises(UserError, match="column 'text' stands twice"):
        read(table)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text\na\n", b"PAR1" + b"\xff" * 50 + b"PAR1"])
def test_file_that_is_not_parquet_is_one_line(content):
    with pytest.raises(UserError, match=r"^news\.parquet: not a Parquet file \(.+\)$"):
        read_bytes(content)


MANY = [f"Дәрігер {n} кеңес берді" for n in range(4000)]


def damaged():
    """A file of which 256 rows at a time, over the ends of row groups, 7 * 256 = 1792 are whole:
    those before the third group.
    """
    options = {"row_group_size": 1000, "use_dictionary": False, "compression": "zstd"}
    content = bytearray(written({"text": MANY}, **options))
    start = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(2).column(0).data_page_offset
    content[start : start + 200] = bytes(200)
    return bytes(content)


def test_rows_before_the_damage_are_read_and_the_place_is_told():
    rows = READERS[".parquet"](io.BytesIO(damaged()), SOURCE, Columns())
    assert [row.text for row in islice(rows, 1792)] == MANY[:1792]
    with pytest.raises(UserError, match=r"news\.parquet: damaged after row 1792 \("):
        next(rows)


@pytest.mark.parametrize(
    ("content", "line", "n_rows"),
    [(b"PAR1", 1, 0), (written({"body": ["а"]}), 1, 0), ("damaged", 1793, 1792)],
)
def test_table_of_no_use_is_one_reject_and_the_next_is_read(tmp_path, content, line, n_rows):
    path = tmp_path / "a.parquet"
    path.write_bytes(damaged() if content == "damaged" else content)
    (tmp_path / "b.txt").write_text("нан", "utf-8")
    *rows, reject, last = read_inputs(find_sources([str(tmp_path)]), Columns(), io.BytesIO())
    assert (reject.file, reject.line, len(rows)) == ("a.parquet", line, n_rows)
    assert last.text == "нан"


def test_disk_that_fails_is_not_a_damaged_table():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.failing and self.tell() < 50_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    for failing in (False, True):
        file = Failing(written({"text": [str(n) * 20 for n in range(9000)]}, compression="none"))
        file.failing = failing
        rows = READERS[".parquet"](file, SOURCE, Columns())
        if failing:
            with pytest.raises(OSError, match="Input/output") as error:
                list(rows)
            assert error.value.errno == 5
        else:
            assert len(list(rows)) == 9000


def test_only_the_columns_asked_for_are_read():
    class Counting(io.BytesIO):
        n_read = 0

        def read(self, size=-1):
            data = super().read(size)
            self.n_read += len(data)
            return data

    numbers = [str(n) * 20 for n in range(20_000)]
    content = written({"text": ["а"] * 20_000, "other": numbers}, compression="none")
    file = Counting(content)
    assert len(list(READERS[".parquet"](file, SOURCE, Columns()))) == 20_000
    assert file.n_read < len(content) // 4
