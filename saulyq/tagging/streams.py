"""The content of an input file: unpacked, in UTF-8, read as its lines are asked for."""

import gzip
import io
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from saulyq.errors import UserError
from saulyq.reading import MAX_LINE, BrokenOffError
from saulyq.text.encodings import SAMPLE_BYTES, detect_encoding, encoded_again

PACKED = (".gz", ".zst")
STEP = 8192  # bytes unpacked at a time; of the last step before damage nothing may be left


class DamageError(Exception):
    """What is wrong with a packed file; `read_lines` adds the line."""


def read_lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the lines of a file; of one longer than MAX_LINE the beginning, longer than it too.

    name: of the file, for the BrokenOffError that comes at the line where a packed one is damaged.
    """
    n_lines = 0
    try:
        while line := file.readline(MAX_LINE + 1):
            n_lines += 1
            yield line
            if len(line) > MAX_LINE:
                _pass_over_rest(file, line)
    except DamageError as error:
        reason = f"damaged or cut off after line {n_lines} ({error}); copy or pack it again"
        raise BrokenOffError(name, n_lines + 1, reason) from error


def _pass_over_rest(file: BinaryIO, begun: bytes) -> None:
    while begun and not begun.endswith(b"\n"):
        begun = file.readline(SAMPLE_BYTES)


def unpacked(file: BinaryIO, packing: str) -> io.BufferedReader:
    """Return the content of a file; packing: one of PACKED, or "" for a file that is not.

    Where a packed file is damaged, DamageError comes after what could be unpacked.
    """
    return _as_file(_unpack(file, packing) if packing else _chunks(file))


def in_utf8(file: io.BufferedReader, name: str) -> tuple[io.BufferedReader, str]:
    """Return an unpacked text or CSV file in UTF-8, and the encoding that it had.

    name: of the file, for the BrokenOffError that comes at the line with a wrong byte.
    """
    encoding = detect_encoding(_sample(file))
    if encoding == "utf-8":
        return file, encoding
    return _as_file(_recode(file, encoding, name)), encoding


def import_pyarrow(module: str = "pyarrow") -> Any:
    """Return a module of pyarrow, which only some inputs need; raise UserError without it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise UserError(
            "reading .parquet (or .zst) needs pyarrow; install it: pip install 'saulyq[parquet]'"
        ) from error


def told_briefly(error: BaseException) -> str:
    """Return the first line of what an error of a library says."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


class _Chunks(io.RawIOBase):
    """A file made of chunks. What stands before an error is read before the error is raised."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n_read = 0
        while n_read < len(buffer) and self._fill():
            part = self._rest[: len(buffer) - n_read]
            buffer[n_read : n_read + len(part)] = part
            self._rest = self._rest[len(part) :]
            n_read += len(part)
        if self._error and not n_read:
            raise self._error
        return n_read

    def _fill(self) -> bool:
        while not self._rest and not self._error:
            try:
                self._rest = memoryview(next(self._chunks))
            except StopIteration:
                return False
            except Exception as error:  # whichever it is: raised once the bytes before are read
                self._error = error
        return bool(self._rest)


def _as_file(chunks: Iterator[bytes]) -> io.BufferedReader:
    # The whole sample for detect_encoding comes with one peek().
    return io.BufferedReader(_Chunks(chunks), SAMPLE_BYTES)


def _chunks(file: Any) -> Iterator[bytes]:
    # read() would lose what it has when it meets an error; read1() asks only once.
    while chunk := file.read1(SAMPLE_BYTES):
        yield chunk


def _sample(file: io.BufferedReader) -> bytes:
    try:
        return file.peek()
    except DamageError:  # met again by read_lines, which can tell the line
        return b""


def _unpack(file: BinaryIO, packing: str) -> Iterator[bytes]:
    packed = _as_file(_chunks(file))
    if not packed.peek():  # for both libraries this is an archive of nothing
        raise DamageError("empty file")
    try:
        content = _unzstd(packed) if packing == ".zst" else gzip.GzipFile(fileobj=packed)
        while chunk := content.read1(STEP):
            yield chunk
    except (EOFError, OSError, ValueError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:  # of the disk, not of what is on it
            raise
        raise DamageError(told_briefly(error)) from error


def _unzstd(file: BinaryIO) -> Any:
    pyarrow = import_pyarrow()
    return pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd")


def _recode(file: io.BufferedReader, encoding: str, name: str) -> Iterator[bytes]:
    # A line at a time, so that a wrong byte takes no line before it along.
    lines = iter(lambda: file.readline(SAMPLE_BYTES), b"")
    n_lines = 0
    try:
        for content in encoded_again(lines, encoding):
            n_lines += content.count(b"\n")
            yield content
    except UserError as error:
        raise BrokenOffError(name, n_lines + 1, f"{error}; the rest is not read") from error
