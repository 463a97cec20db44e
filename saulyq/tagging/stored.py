"""Inputs named by a URI: of object storage (`s3://`, `gs://`) or what else pyarrow can open."""

import errno
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from saulyq.errors import UserError
from saulyq.tagging.streams import import_pyarrow, told_briefly

BUFFER_BYTES = 1 << 20  # asked for at once

_SECRETS = re.compile(r"(?<=://)[^/@\s]*@")  # s3://key:secret@bucket


@dataclass(frozen=True)
class StoredFile:
    """A file in the file system of a URI; it stands for a Path where a source is read.

    uri: the INPUT that named it or its folder. path: in the file system. version: changes when
    the file does; to read all of it for a checksum would take too long.
    """

    uri: str
    path: str
    version: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def as_posix(self) -> str:
        """Return its own URI, without settings and secrets."""
        return f"{self.uri.partition('://')[0]}://{self.path}"

    def __str__(self) -> str:
        return self.as_posix()

    def open(self, mode: str) -> BinaryIO:
        """Return the file, open for reading; mode: "rb"."""
        files, _ = _file_system(self.uri)
        return io.BufferedReader(_Content(files.open_input_file(self.path)), BUFFER_BYTES)

    def is_named(self) -> bool:
        """Return whether the URI names the file itself rather than its folder."""
        _, path = _file_system(self.uri)
        return PurePosixPath(path) == PurePosixPath(self.path)


class _Content(io.RawIOBase):
    """An open file of pyarrow. Its errors have a number: they are not of what is in the file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._file.read(len(buffer))
        except OSError as error:
            raise OSError(error.errno or errno.EIO, told_briefly(error)) from error
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def is_uri(text: str) -> bool:
    return "://" in text


def stored_files(uri: str) -> list[tuple[StoredFile, str]]:
    """Return the file of a URI, or all in its folder in order of name, with their paths in it.

    [] if nothing is there. Raises UserError if the file system is not known or not reached.
    """
    fs = import_pyarrow("pyarrow.fs")
    files, path = _file_system(uri)
    try:
        found = [files.get_file_info(path)]
        if found[0].type != fs.FileType.File:
            found = files.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    except OSError as error:
        raise _not_read(uri, error) from error
    folder = PurePosixPath(path)
    named = [
        (StoredFile(uri, each.path, f"{each.size} bytes of {each.mtime}"), PurePosixPath(each.path))
        for each in found
        if each.type == fs.FileType.File
    ]
    return [
        (file, place.name if place == folder else place.relative_to(folder).as_posix())
        for file, place in sorted(named, key=lambda pair: pair[1])
    ]


@lru_cache
def _file_system(uri: str) -> tuple[Any, str]:
    """Return the file system of a URI, and the path in it."""
    fs = import_pyarrow("pyarrow.fs")
    try:
        files, path = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError) as error:
        raise _not_read(uri, error) from error
    return files, path


def _not_read(uri: str, error: Exception) -> UserError:
    return UserError(_SECRETS.sub("", f"{uri}: cannot be read ({told_briefly(error)})"))
