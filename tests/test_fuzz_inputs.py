import csv
import gzip
import io
import json
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.reading import LineError, check_readable, check_writable
from saulyq.tagging.inputs import Columns, Reject, Row, Source, read_inputs

ENDINGS = (".txt", ".jsonl", ".csv", ".parquet")
TEXTS = ["Дәрігер кеңес берді", 'ол "иә" деді,\nбіз де', "нан", "a\r\nb", "үш;төрт"]


def as_txt(texts):
    return "\n".join(texts).encode()


def as_jsonl(texts):
    rows = ({"id": n, "text": text, "x": [n, {"y": text}]} for n, text in enumerate(texts))
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def as_csv(texts):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["id", "text", "x"], *([n, t, t] for n, t in enumerate(texts))])
    return file.getvalue().encode()


def as_parquet(texts):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    columns = {"id": range(len(texts)), "text": texts, "x": [{"y": [text]} for text in texts]}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=2)
    return file.getvalue()


def zstd(content):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.compress(content, codec="zstd", asbytes=True)


VALID = {".txt": as_txt, ".jsonl": as_jsonl, ".csv": as_csv, ".parquet": as_parquet}
PACK = {".gz": gzip.compress, ".zst": zstd}

mutations = st.lists(
    st.tuples(
        st.sampled_from(["flip", "set", "insert", "delete", "repeat", "truncate"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=8),
    ),
    max_size=6,
)
# What means something to one of the readers stands closer together than in random texts.
scraps = st.lists(
    st.sampled_from(
        ['"', ",", "\n", "\r", "\0", "text", "{", "}", '{"text": "а"}', "\ufeff", "\x1c"]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


def mutated(content, changes):
    data = bytearray(content)
    for kind, where, new in changes:
        at = int(where * len(data))
        if kind == "flip" and data:
            data[at] ^= 1 << new[0] % 8
        elif kind == "set":
            data[at : at + len(new)] = new
        elif kind == "insert":
            data[at:at] = new
        elif kind == "delete":
            del data[at : at + len(new)]
        elif kind == "repeat":
            data[at:at] = data[at : at + new[0]]
        elif kind == "truncate":
            del data[at:]
    return bytes(data)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Read a file of this content as `predict.py` does; the file after it is always reached."""
    folder = tmp_path_factory.mktemp("fuzz")
    after = folder / "after.txt"
    after.write_text("соңы", "utf-8")

    def call(ending, content, *, keep=False):
        path = folder / f"a{ending}"
        path.write_bytes(content)
        sources = [Source(path, path.name, "a"), Source(after, "after.txt", "after")]
        *rows, last = read_inputs(sources, Columns(keep=keep), None)
        assert last.text == "соңы"
        check(rows)
        return rows

    return call


def check(rows):
    """All that must hold whatever was read."""
    for row in rows:
        if isinstance(row, Row):
            for name in ("text", "id", "article_id"):
                check_readable(getattr(row, name), name)
            check_writable(row.columns)
            assert row.place >= 1
        else:
            assert isinstance(row, Reject)
            assert row.line >= 1
            assert len(str(row).splitlines()) == 1
            json.dumps(row.__dict__, ensure_ascii=False).encode()


def is_blank(raw, number):
    try:
        return not raw.decode("utf-8-sig" if number == 0 else "utf-8").strip()
    except UnicodeDecodeError:
        return False


def n_lines(content):
    return sum(not is_blank(raw, number) for number, raw in enumerate(io.BytesIO(content)))


@pytest.mark.parametrize("ending", [*ENDINGS, ".jsonl.gz", ".csv.gz", ".txt.zst", ".jsonl.zst"])
@given(content=st.binary(max_size=300), keep=st.booleans())
def test_random_bytes_end_in_rows_and_rejects(read, ending, content, keep):
    read(ending, content, keep=keep)


@pytest.mark.parametrize("ending", ENDINGS)
@given(content=scraps, keep=st.booleans())
def test_random_texts_end_in_rows_and_rejects(read, ending, content, keep):
    read(ending, content.encode(errors="surrogatepass"), keep=keep)


@pytest.mark.parametrize("ending", ENDINGS)
@given(changes=mutations, keep=st.booleans())
def test_mutated_file_ends_in_rows_and_rejects(read, ending, changes, keep):
    read(ending, mutated(VALID[ending](TEXTS), changes), keep=keep)


@pytest.mark.parametrize("packing", sorted(PACK))
@pytest.mark.parametrize("ending", [".txt", ".jsonl", ".csv"])
@given(changes=mutations)
def test_mutated_packed_file_ends_in_rows_and_rejects(read, packing, ending, changes):
    packed = PACK[packing](VALID[ending](TEXTS * 20))
    read(ending + packing, mutated(packed, changes))


@pytest.mark.parametrize("packing", sorted(PACK))
@given(changes=mutations)
def test_mutated_content_is_read_the_same_packed_or_not(read, packing, changes):
    content = mutated(as_jsonl(TEXTS), changes)
    bare = read(".jsonl", content)
    packed = read(f".jsonl{packing}", PACK[packing](content))
    assert len(packed) == len(bare)
    assert [getattr(r, "text", None) for r in packed] == [getattr(r, "text", None) for r in bare]


@given(content=scraps.map(str.encode) | st.binary(max_size=200), keep=st.booleans())
def test_every_line_of_jsonl_is_a_row_or_a_reject(read, content, keep):
    rows = read(".jsonl", content, keep=keep)
    assert len(rows) == n_lines(content)


@given(changes=mutations, keep=st.booleans())
def test_every_line_of_mutated_jsonl_is_a_row_or_a_reject(read, changes, keep):
    content = mutated(as_jsonl(TEXTS), changes)
    rows = read(".jsonl", content, keep=keep)
    assert len(rows) == n_lines(content)


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=8))
def test_every_text_of_a_table_comes_back_or_is_a_reject(read, ending, texts):
    rows = read(ending, VALID[ending](texts), keep=True)
    assert len(rows) == len(texts)
    for row, text in zip(rows, texts, strict=True):
        if isinstance(row, Row):
            assert row.text == text
        else:
            with pytest.raises(LineError):
                check_readable(text, "text")


LIMIT = 30


@contextmanager
def low_limit():
    """Lines and records of more than LIMIT bytes are too long."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("saulyq.reading", "saulyq.tagging.streams", "saulyq.tagging.csv_rows"):
            patch.setattr(f"{module}.MAX_LINE", LIMIT)
        yield


@given(content=scraps.map(str.encode) | st.binary(max_size=200))
def test_lines_that_are_too_long_are_rejects_and_the_others_as_ever(read, content):
    with low_limit():
        rows = read(".jsonl", content)
    found = {row.place if isinstance(row, Row) else row.line: row for row in rows}
    lines = list(enumerate(io.BytesIO(content), start=1))
    too_long = {number for number, line in lines if len(line) > LIMIT}
    told = {n for n, row in found.items() if "line of more than" in getattr(row, "reason", "")}
    others = {number for number, line in lines if not is_blank(line, number - 1)}
    assert (told, set(found)) == (too_long, others | too_long)


@given(
    lines=st.lists(
        st.sampled_from(["а", '"', '"а', 'а"', '"а"', "", "x" * (LIMIT + 1)]), max_size=25
    )
)
def test_csv_goes_on_after_a_record_that_is_too_long(read, lines):
    with low_limit():
        rows = read(".csv", "\n".join(["text", *lines, "соңы"]).encode())
    assert rows, "the last line is a row, or told of in a reject"
    if '"' not in "".join(lines):
        assert [r.text for r in rows if isinstance(r, Row)] == [*filter("а".__eq__, lines), "соңы"]
        assert sum(isinstance(r, Reject) for r in rows) == lines.count("x" * (LIMIT + 1))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
names = st.sampled_from(["text", "id", "article_id", ""]) | st.text(st.characters(), max_size=5)


@given(row=st.dictionaries(names, json_values, max_size=5))
def test_any_json_object_is_one_row_or_reject(read, row):
    rows = read(".jsonl", json.dumps(row).encode(), keep=True)
    assert len(rows) == 1


@pytest.mark.parametrize("kept", ["[" * n + "]" * n for n in (100, 900, 950, 990, 5000)])
def test_deep_nesting_is_a_row_or_a_reject(read, kept):
    rows = read(".jsonl", f'{{"text": "а", "x": {kept}}}'.encode(), keep=True)
    assert len(rows) == 1
