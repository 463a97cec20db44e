"""Columns of the input that go into a CSV or Parquet file, which names its columns beforehand."""

from collections.abc import Iterable, Iterator
from io import BytesIO

from saulyq.tagging.inputs import Columns, Reject, Row, Source, read_inputs


def first_columns(sources: list[Source], columns: Columns) -> tuple[str, ...]:
    """Return the names of the columns kept of the first good row; () without one."""
    rows = read_inputs(sources, columns, BytesIO())
    return next((tuple(row.columns) for row in rows if isinstance(row, Row)), ())


def fitting(rows: Iterable[Row | Reject], kept: tuple[str, ...] | None) -> Iterator[Row | Reject]:
    """Yield the rows, a Reject for one with a column that is not among `kept`; None is all."""
    for row in rows:
        strange = set(row.columns) - set(kept) if kept is not None and isinstance(row, Row) else ()
        if isinstance(row, Row) and strange:
            reason = f"column {min(strange)!r} is not one of the first row's; write .jsonl"
            yield Reject(row.source.name, row.place, reason)
        else:
            yield row
