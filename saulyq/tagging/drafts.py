"""The files of an unfinished run: grown piece by piece, and cut back to the last whole one."""

import os
import shutil
from abc import ABC, abstractmethod
from io import BufferedWriter
from pathlib import Path

from saulyq.errors import UserError

GROUP_ROWS = 65_536  # rows of a row group of the Parquet file that parts are joined to


class Draft(ABC):
    """What will be a file: `append` makes a piece durable, `finish` gives the file its name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.draft = path.with_name(path.name + ".partial")

    @abstractmethod
    def restore(self, size: int) -> None:
        """Go back to when `append` gave `size`; 0 is an empty draft.

        Raises UserError if less than that is there.
        """

    @abstractmethod
    def append(self, piece: bytes) -> int:
        """Add a piece, and return how much there is now."""

    @abstractmethod
    def finish(self) -> None:
        """Give the file its name; again is no harm."""

    @abstractmethod
    def discard(self) -> None:
        """Leave nothing."""

    def _too_short(self) -> UserError:
        return UserError(f"{self.draft} holds less than was written to it; --force starts anew")


class TextDraft(Draft):
    """A file that grows at its end."""

    def restore(self, size: int) -> None:
        with self.draft.open("ab") as file:
            if file.tell() < size:  # to truncate would fill it up with NUL bytes
                raise self._too_short()
            file.truncate(size)

    def append(self, piece: bytes) -> int:
        with self.draft.open("ab") as file:
            file.write(piece)
            return _synced(file)

    def finish(self) -> None:
        if self.draft.exists():
            self.draft.replace(self.path)
            sync_folder(self.path.parent)

    def discard(self) -> None:
        self.draft.unlink(missing_ok=True)


class PartsDraft(Draft):
    """A folder of Parquet files, one a piece, joined at the end."""

    n_parts = 0

    def restore(self, size: int) -> None:
        self.draft.mkdir(exist_ok=True)
        kept = [self._part(number) for number in range(size)]
        if not all(part.exists() for part in kept):
            raise self._too_short()
        for file in set(self.draft.iterdir()) - set(kept):
            file.unlink()
        self.n_parts = size

    def append(self, piece: bytes) -> int:
        part = self._part(self.n_parts)
        torn = part.with_suffix(".torn")
        with torn.open("wb") as file:
            file.write(piece)
            _synced(file)
        torn.replace(part)
        sync_folder(self.draft)
        self.n_parts += 1
        return self.n_parts

    def finish(self) -> None:
        if not self.draft.exists():
            self.discard()  # of what a kill has left of it
            return
        joined = self.path.with_name(self.path.name + ".joined")
        _join(sorted(self.draft.glob("*.parquet")), joined)
        joined.replace(self.path)
        sync_folder(self.path.parent)
        self.discard()

    def discard(self) -> None:
        # In one step: of a folder half deleted, what is left must never be joined again.
        gone = self.draft.with_name(self.draft.name + ".gone")
        shutil.rmtree(gone, ignore_errors=True)
        if self.draft.exists():
            self.draft.rename(gone)
            sync_folder(self.path.parent)
            shutil.rmtree(gone, ignore_errors=True)

    def _part(self, number: int) -> Path:
        return self.draft / f"{number:08d}.parquet"


def _join(parts: list[Path], path: Path) -> None:
    """Write the rows of all parts to one file, in row groups of full size."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    waiting: list[pa.Table] = []
    with path.open("wb") as file:
        with pq.ParquetWriter(file, pq.read_schema(parts[0])) as writer:
            for part in parts:
                waiting.append(pq.read_table(part))
                if sum(table.num_rows for table in waiting) >= GROUP_ROWS:
                    writer.write_table(pa.concat_tables(waiting), GROUP_ROWS)
                    waiting = []
            if waiting:
                writer.write_table(pa.concat_tables(waiting), GROUP_ROWS)
        _synced(file)


def _synced(file: BufferedWriter) -> int:
    file.flush()
    os.fsync(file.fileno())
    return file.tell()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows cannot and need not."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
