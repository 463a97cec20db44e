"""Records as bytes of JSONL, CSV or Parquet, and the paths that a run writes to."""

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saulyq.errors import UserError
from saulyq.topics import TopicSet

Record = dict[str, Any]
Encode = Callable[[list[Record]], bytes]
ENDINGS = (".jsonl", ".csv", ".parquet")
NUMBERS = ("paragraph", "paragraphs", "windows")
TOPIC_LISTS = ("topics", "suggested")


def encoder(ending: str, columns: Sequence[str], topics: TopicSet) -> Encode:
    """Return the function that turns records into a piece of a file with this ending.

    columns: of a CSV or Parquet file, as `Shape.columns` names them. A piece of a CSV file has no
    header; a piece of a Parquet file is a file of its own.
    """
    if ending == ".csv":
        return lambda records: csv_rows(records, columns, topics)
    if ending == ".parquet":
        return lambda records: parquet_file(records, columns, topics)
    return jsonl_lines


def header(ending: str, columns: Sequence[str], topics: TopicSet) -> bytes:
    """Return the first piece of a file: that of one without records."""
    if ending == ".csv":
        return _csv(lambda writer: writer.writeheader(), columns, topics)
    return encoder(ending, columns, topics)([])


def jsonl_lines(records: list[Record]) -> bytes:
    """Return one line of JSON a record."""
    return "".join(as_json(record) + "\n" for record in records).encode()


def csv_rows(records: list[Record], columns: Sequence[str], topics: TopicSet) -> bytes:
    """Return one row a record.

    Lists of topics are joined by `;`, each score stands in a column `score_<topic>`.
    """
    rows = []
    for record in records:
        flat = {name: _cell(record.get(name)) for name in columns if name != "scores"}
        flat |= {f"score_{topic}": score for topic, score in record["scores"].items()}  # or none
        rows.append(flat)
    return _csv(lambda writer: writer.writerows(rows), columns, topics)


def _csv(
    write: Callable[["csv.DictWriter[str]"], object], columns: Sequence[str], topics: TopicSet
) -> bytes:
    position = columns.index("scores")
    score_columns = [f"score_{topic}" for topic in topics.ids]
    file = io.StringIO(newline="")
    # It ends lines with \r\n, so that a lone \r is quoted.
    write(csv.DictWriter(file, [*columns[:position], *score_columns, *columns[position + 1 :]]))
    return file.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ";".join(value)
    return value if value is None or isinstance(value, str | int | float) else as_json(value)


def parquet_file(records: list[Record], columns: Sequence[str], topics: TopicSet) -> bytes:
    """Return a Parquet file of records: lists of topics, scores as a struct, kept columns as text
    (JSON where they are not text).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    scores = pa.struct([(topic, pa.float64()) for topic in topics.ids])
    kinds = {"scores": scores} | dict.fromkeys(NUMBERS, pa.int64())
    kinds |= dict.fromkeys(TOPIC_LISTS, pa.list_(pa.string()))
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    arrays = [
        pa.array([_value(record.get(name), name) for record in records], schema.field(name).type)
        for name in columns
    ]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file)
    return file.getvalue()


def _value(value: Any, name: str) -> Any:
    if name == "scores":
        return value or None  # a text that was skipped has none
    if value is None or isinstance(value, str) or name in NUMBERS or name in TOPIC_LISTS:
        return value
    return as_json(value)


def as_json(value: Any) -> str:
    """Return JSON; dates, decimals and bytes of a Parquet column become their str()."""
    return json.dumps(value, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Paths:
    """What a run writes: the results, the bad rows, and how the results came about."""

    output: Path | None
    rejects: Path | None
    run: Path | None

    def written(self) -> set[Path]:
        return {path.resolve() for path in (self.output, self.rejects, self.run) if path}

    def check(self, *, force: bool, resume: bool = False) -> None:
        """Raise UserError if one cannot be written, before any time is spent.

        resume: the run goes on with what is there.
        """
        if self.output and self.output.suffix.lower() not in ENDINGS:
            raise UserError(f"{self.output}: unknown ending; expected one of {', '.join(ENDINGS)}")
        ours = [self.output, self.run, self.progress, self.begun]
        if self.rejects and self.rejects.resolve() in [path.resolve() for path in ours if path]:
            raise UserError(f"{self.rejects}: named for --rejects, and written otherwise as well")
        try:
            self._check_each(force=force, resume=resume)
        except OSError as error:  # a folder that may not be entered, a name too long
            raise UserError(
                f"{error.filename}: cannot be written ({error.strerror}); name another"
            ) from error

    def _check_each(self, *, force: bool, resume: bool) -> None:
        unfinished = self.progress is not None and self.progress.exists()
        # Nothing is ours to replace if there was no run.
        taken_up = resume and (unfinished or (self.run is not None and self.run.exists()))
        for path in (self.output, self.rejects, self.run):
            if path is not None:
                _check_writable(path, replace=force or taken_up)
        if unfinished and not (force or resume):
            raise UserError(
                f"{self.output}: a run to it was broken off; --resume goes on, --force starts anew"
            )

    @property
    def progress(self) -> Path | None:
        """How far an unfinished run has come."""
        return self.output and _beside(self.output, ".progress.json")

    @property
    def begun(self) -> Path | None:
        """What an unfinished run is made from.

        Apart from its progress, which is written after each block: it may name a million files.
        """
        return self.output and _beside(self.output, ".begun.json")


def paths_of(output: Path | None, rejects: Path | None) -> Paths:
    """Return the paths of a run; rejects and run file stand beside the output."""
    if output is None:
        return Paths(None, rejects, None)
    rejects = rejects or _beside(output, ".rejects.jsonl")
    return Paths(output, rejects, _beside(output, ".run.json"))


def _beside(output: Path, ending: str) -> Path:
    return output.with_name(output.name + ending)


def _check_writable(path: Path, *, replace: bool) -> None:
    if path.exists() and not replace:
        raise UserError(f"{path} exists; name another, or --force to replace it")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent}: no such folder; make it first")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UserError(f"{path}: cannot be written; name another")
