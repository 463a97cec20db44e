"""How much memory tagging a file takes, and whether a file a hundred times as long takes more."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from saulyq.benchmarks.children import peak_memory, predict_words
from saulyq.benchmarks.figures import MEGABYTE, Goal, seconds_of, table
from saulyq.tagging.streams import import_pyarrow

GROWTH = Goal(1.1, "x", at_most=True)
MEGABYTES = Goal(700, " MB", at_most=True)
ROW_GROUP = 1_000_000  # about what pyarrow makes by itself; large ones are the hardest to stream

Rows = Iterator[tuple[str, str]]  # id and text


@dataclass(frozen=True)
class Run:
    """One file tagged by a process of its own; `peak` is in bytes."""

    model: Path
    ending: str
    n_paragraphs: int
    seconds: float
    peak: int


def measure(plan: Sequence[tuple[Path, int]], texts: Sequence[str]) -> list[Run]:
    """Return a run for each model and number of paragraphs of the plan, from each kind of file.

    The files repeat the texts under ids of their own, and are deleted at the end.
    """
    with TemporaryDirectory() as scratch:
        runs = []
        for ending, write in WRITERS.items():
            for n in sorted({n for _, n in plan}):
                path = Path(scratch) / f"{n}{ending}"
                write(path, repeated(texts, n))
                runs += [_run(model, path, ending, n) for model, wanted in plan if wanted == n]
                path.unlink()
    return runs


def _run(model: Path, source: Path, ending: str, n: int) -> Run:
    with TemporaryDirectory(dir=source.parent) as folder:
        output = Path(folder) / "tagged.jsonl"
        words = predict_words(source, "--model", model, "--output", output)
        peaks: list[int] = []
        seconds = seconds_of(lambda: peaks.append(peak_memory(words)))
    return Run(model, ending, n, seconds, peaks[0])


def repeated(texts: Sequence[str], n: int) -> Rows:
    """Yield n rows that go round the texts, each with an id of its own."""
    for number, text in enumerate(islice(cycle(texts), n)):
        yield f"p{number}", text


def write_jsonl(path: Path, rows: Rows) -> None:
    """Write rows as packed JSONL."""
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8") as file:
        for id, text in rows:
            file.write(json.dumps({"id": id, "text": text}, ensure_ascii=False) + "\n")


def write_parquet(path: Path, rows: Rows) -> None:
    """Write rows as Parquet."""
    pa, parquet = import_pyarrow(), import_pyarrow("pyarrow.parquet")
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    with parquet.ParquetWriter(path, schema) as file:
        while group := list(islice(rows, ROW_GROUP)):
            columns = [pa.array(column, pa.string()) for column in zip(*group, strict=True)]
            file.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP)


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    ".jsonl.gz": write_jsonl,
    ".parquet": write_parquet,
}


def markdown(runs: Sequence[Run], main_model: Path) -> str:
    """Return the runs as a table: against the shortest file of their kind, with goals.

    main_model: whose memory has a goal.
    """
    head = ["", "from", "paragraphs", "seconds", "peak MB", "times the short file", "goal"]
    return table(head, [_cells(run, _shortest(run, runs), main_model) for run in runs])


def _shortest(run: Run, runs: Sequence[Run]) -> Run:
    alike = [r for r in runs if (r.model, r.ending) == (run.model, run.ending)]
    return min(alike, key=lambda r: r.n_paragraphs)


def _cells(run: Run, short: Run, main_model: Path) -> list[str]:
    megabytes, growth = run.peak / MEGABYTE, run.peak / short.peak
    goals = [MEGABYTES.judged(megabytes)] if run.model == main_model else []
    goals += [GROWTH.judged(growth)] if run is not short else []
    return [
        str(run.model),
        run.ending,
        f"{run.n_paragraphs:,}",
        f"{run.seconds:,.1f}",
        f"{megabytes:,.0f}",
        f"{growth:.2f}" if run is not short else "",
        "; ".join(goals),
    ]
