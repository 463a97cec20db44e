"""The rows of a Parquet file, a few at a time, each with its number."""

import errno
from collections.abc import Iterator
from typing import Any, BinaryIO

from saulyq.reading import BrokenOffError, LineError, check_header
from saulyq.tagging.csv_rows import BadRecord, Record
from saulyq.tagging.streams import import_pyarrow, told_briefly

ROWS_AT_A_TIME = 256
# Without it a whole column of a row group is read at once, and one group may be the whole file.
BUFFER_BYTES = 1 << 20


def read_table(
    file: BinaryIO, name: str, text_column: str, others: tuple[str, ...] | None
) -> Iterator[Record | BadRecord]:
    """Yield the rows of a table; `line` is the number of the row, from 1.

    others: columns to read beside the texts, those that are there; None for all.
    Raises BrokenOffError if the file is not Parquet, lacks the texts, or is damaged further on.
    """
    wrong = (import_pyarrow().ArrowException, OSError, ValueError)  # a damaged file gives any
    try:
        table = import_pyarrow("pyarrow.parquet").ParquetFile(file, buffer_size=BUFFER_BYTES)
        names = table.schema_arrow.names
    except wrong as error:
        _check_disk(error)
        raise BrokenOffError(name, 1, f"not a Parquet file ({told_briefly(error)})") from error
    try:
        check_header(names, text_column)
    except LineError as error:
        raise BrokenOffError(name, 1, str(error)) from error
    wanted = names if others is None else [n for n in names if n in (text_column, *others)]
    number = 0
    try:
        for batch in table.iter_batches(ROWS_AT_A_TIME, columns=wanted, use_threads=False):
            for row in range(batch.num_rows):
                number += 1
                yield _record(batch, wanted, row, number)
    except wrong as error:
        _check_disk(error)
        reason = f"damaged after row {number} ({told_briefly(error)}); copy or write it again"
        raise BrokenOffError(name, number + 1, reason) from error


def _check_disk(error: Exception) -> None:
    """Raise an error of the disk or the network again: it tells nothing of what is in the file."""
    # EINVAL: a damaged file names places before its beginning.
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        raise error


def _record(batch: Any, wanted: list[str], row: int, number: int) -> Record | BadRecord:
    fields = {}
    for column in wanted:
        try:
            fields[column] = batch.column(column)[row].as_py()
        # Arrow holds bytes that are not UTF-8 as text, and dates that Python does not know.
        except (ValueError, OverflowError, LookupError, NotImplementedError) as error:
            return BadRecord(number, f"{column!r} cannot be read ({told_briefly(error)})")
    return Record(number, fields)
