import gzip
import io
import re
import sys
import tracemalloc
import zlib

import pytest

from saulyq.errors import UserError
from saulyq.reading import MAX_LINE
from saulyq.taggers.tokenizer import train_wordpiece
from saulyq.taggers.windows import WindowSplitter
from saulyq.tagging.inputs import Columns, Reject, Row, Source, read_inputs
from saulyq.tagging.streams import in_utf8, read_lines, unpacked

ROWS = "".join(
    f'{{"text": "Дәрігер науқасқа {n} рет кеңес берді"}}\n' for n in range(5000)
).encode()


def zstd(content):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.compress(content, codec="zstd", asbytes=True)


BROKEN_OFF = re.compile("damaged or cut off|is not kz1048").search
PACK = {".gz": gzip.compress, ".zst": zstd}


@pytest.fixture(params=sorted(PACK))
def packing(request):
    return request.param


@pytest.fixture
def read(tmp_path):
    """Read a file of this name and content: its rows, and why it broke off, if it did."""

    def call(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        rows = list(read_inputs([Source(path, name, "a")], Columns(), io.BytesIO()))
        broken_off = [row for row in rows if isinstance(row, Reject) and BROKEN_OFF(row.reason)]
        assert broken_off in ([], rows[-1:])
        return [row for row in rows if row not in broken_off], "".join(map(str, broken_off))

    return call


@pytest.mark.parametrize(
    ("ending", "content"),
    [(".txt", "нан\n"), (".md", "нан"), (".jsonl", '{"text": "нан"}'), (".csv", "text\nнан\n")],
)
def test_packed_file_is_read_as_what_is_inside(read, ending, content, packing):
    rows, message = read(f"a{ending}{packing}", PACK[packing](content.encode()))
    assert ([r.text for r in rows], message) == (["нан"], "")


def test_packed_file_in_an_old_encoding_is_read(read, packing):
    text = "Дәрігер науқасқа ұзақ өмір сүру үшін көбірек жүріңіз деп кеңес берді"
    (row,), message = read(f"a.txt{packing}", PACK[packing](text.encode("kz1048")))
    assert (row.text, message) == (text, "")


def test_members_one_after_the_other_are_one_file(read, packing):
    pack = PACK[packing]
    rows, message = read(f"a.jsonl{packing}", pack(ROWS[:1000]) + pack(ROWS[1000:]))
    assert (len(rows), message) == (5000, "")
    assert all(isinstance(row, Row) for row in rows)


def test_rows_before_the_cut_are_read_and_the_place_is_told(read, packing):
    packed = PACK[packing](ROWS)
    rows, message = read(f"a.jsonl{packing}", packed[: len(packed) * 3 // 4])
    assert [row.place for row in rows] == list(range(1, len(rows) + 1))
    assert all(isinstance(row, Row) for row in rows)
    assert len(rows) > 1000
    start = f"a.jsonl{packing}:{len(rows) + 1}: damaged or cut off after line {len(rows)} ("
    assert message.startswith(start)
    assert message.endswith("); copy or pack it again")


@pytest.mark.parametrize("ending", [".txt", ".jsonl", ".csv"])
@pytest.mark.parametrize("content", [b"", b"not packed at all", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"])
def test_file_that_is_not_packed_is_one_line(read, ending, content, packing):
    if packing == ".zst":
        pytest.importorskip("pyarrow")
    rows, message = read(f"a{ending}{packing}", content)
    assert rows == []
    assert message.startswith(f"a{ending}{packing}:1: damaged or cut off after line 0 (")


def test_wrong_checksum_shows_after_all_rows(read):
    packed = bytearray(gzip.compress(ROWS))
    packed[-8] ^= 1
    rows, message = read("a.jsonl.gz", bytes(packed))
    assert len(rows) == 5000
    assert "after line 5000 (CRC check failed" in message


def test_without_pyarrow_the_message_says_what_to_install(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in ("a.txt.zst", "a.parquet"):
        with pytest.raises(UserError) as told:
            read(name, b"abc")
        assert str(told.value) == (
            "reading .parquet (or .zst) needs pyarrow; install it: pip install 'saulyq[parquet]'"
        )


def test_disk_that_fails_is_not_a_damaged_file(packing):
    if packing == ".zst":
        pytest.importorskip("pyarrow")

    class Failing(io.BytesIO):
        def read1(self, size=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(read_lines(unpacked(Failing(), packing), "a"))


def test_rows_before_a_byte_of_no_encoding_are_read(read):
    line = "Дәрігер науқасқа ұзақ өмір сүру үшін көбірек жүріңіз деп кеңес берді\n".encode("kz1048")
    rows, message = read("a.txt", line * 3000 + b"abc \x98 def\n" + line)
    assert [row.place for row in rows] == list(range(1, 3001))
    # 69 bytes a line: 3000 * 69 + 4
    assert message.startswith("a.txt:3001: byte 0x98 at offset 207004 is not kz1048")


@pytest.mark.parametrize("n_over", [-1, 0, 1, MAX_LINE])
def test_line_is_given_as_it_is_up_to_the_limit(n_over):
    line = b"x" * (MAX_LINE + n_over - 1) + b"\n"
    first, second = read_lines(io.BytesIO(line + b"y"), "a")
    assert first == line[: MAX_LINE + 1]
    assert second == b"y"


class Endless(io.RawIOBase):
    """So many bytes without a line end, which are nowhere in memory at once."""

    def __init__(self, n_left):
        self.n_left = n_left

    def read1(self, size=-1):
        n = min(self.n_left, 65_536 if size < 0 else size)
        self.n_left -= n
        return b"x" * n


@pytest.mark.parametrize("encoding", ["utf-8", "kz1048"])
def test_line_without_end_is_never_held_whole(encoding, monkeypatch):
    monkeypatch.setattr("saulyq.tagging.streams.detect_encoding", lambda sample: encoding)
    tracemalloc.start()
    file, found = in_utf8(unpacked(Endless(100_000_000), ""), "a")
    (line,) = read_lines(file, "a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(line), found) == (MAX_LINE + 1, encoding)
    assert peak < 4 * MAX_LINE


def test_bomb_is_unpacked_a_little_at_a_time(read):
    packer = zlib.compressobj(wbits=31)
    content = b"".join(packer.compress(b"x" * 1_000_000) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    (reject,), message = read("a.txt.gz", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(reject, Reject)
    assert (reject.reason, message) == ("line of more than 8000000 bytes", "")
    assert peak < 4 * MAX_LINE


def test_words_of_a_long_text_are_measured_a_few_at_a_time(monkeypatch):
    text = " ".join(f"сөз{n} " + "ұзын" * (n % 30) for n in range(101))
    plain = train_wordpiece([text], 60)
    whole = WindowSplitter(plain, 16, 60).split([text])
    sizes = []

    class Watched:
        def __getattr__(self, name):
            return getattr(plain, name)

        def encode_batch(self, texts, **options):
            sizes.append(len(texts))
            return plain.encode_batch(texts, **options)

    monkeypatch.setattr("saulyq.taggers.windows.WORDS_AT_A_TIME", 10)
    assert WindowSplitter(Watched(), 16, 60).split([text]) == whole
    assert 0 < max(sizes) <= 10
