"""How many paragraphs a second are tagged: our paths beside a Hugging Face pipeline."""

import io
import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from saulyq import artifacts
from saulyq.artifacts import ModelFolder
from saulyq.benchmarks.figures import Figures, Goal, in_turn, ratios, seconds_of, spread, table
from saulyq.errors import UserError
from saulyq.tagging.blocks import Block, cut, without_repeats
from saulyq.tagging.engines import Job, tag_here, tag_in_workers
from saulyq.tagging.inputs import Columns, find_sources, read_inputs
from saulyq.tagging.run import DoneBlock, Options, Shape

BATCH_SIZE, N_WORKERS = 32, 2
PLAIN, BATCHED = "pipeline", f"pipeline, batch_size={BATCH_SIZE}"
TIMES_PLAIN, TIMES_BATCHED = Goal(8, "x pipeline"), Goal(4, "x batched")
TFIDF_A_SECOND = Goal(3000, "/s")


@dataclass(frozen=True)
class Contender:
    """Something that tags paragraphs, warmed up, and how many it tags in a run."""

    run: Callable[[], object]
    n_paragraphs: int

    def rate(self) -> float:
        """Return how many paragraphs a second are tagged, in a run made now."""
        return self.n_paragraphs / seconds_of(self.run)


def load_onnx(folder: Path) -> ModelFolder:
    """Return a transformer read from its ONNX file; raise UserError if it is none."""
    loaded = artifacts.load(folder, backend="onnx")
    if loaded.manifest["tagger"] != "transformer":
        kind = loaded.manifest["tagger"]
        raise UserError(f"{folder}: a {kind} tagger; name a transformer with an ONNX file first")
    return loaded


def mean_tokens(loaded: ModelFolder, texts: Sequence[str]) -> float:
    """Return how many tokens of a transformer a text has on average, special ones counted."""
    windows = loaded.model.windows(texts)
    return statistics.mean(sum(map(len, of_text)) for of_text in windows)


def contenders(
    models: Sequence[Path], texts: Sequence[str], few: Sequence[str]
) -> dict[str, Contender]:
    """Return what is compared, by name; the first model is a transformer with an ONNX file.

    few: in place of the texts for what is slow; their rate can be compared all the same.
    """
    first, *others = models
    found = _pipelines(first, few)
    found[f"{first}, torch"] = _here(first, few, "torch")
    found[f"{first}"] = _here(first, texts)
    found[f"{first}, --workers {N_WORKERS}"] = _in_workers(first, texts)
    return found | {f"{other}": _here(other, texts) for other in others}


def _pipelines(folder: Path, texts: Sequence[str]) -> dict[str, Contender]:
    from transformers import pipeline

    tag = pipeline("text-classification", model=str(folder), top_k=None)
    tag(list(texts[:8]))
    return {
        PLAIN: Contender(lambda: tag(list(texts)), len(texts)),
        BATCHED: Contender(lambda: tag(list(texts), batch_size=BATCH_SIZE), len(texts)),
    }


def _here(folder: Path, texts: Sequence[str], backend: str = "auto") -> Contender:
    tagger = _job(folder, backend).block_tagger()

    def run(lines: bytes) -> int:
        return n_bytes(tag_here(blocks_of(lines), tagger))

    run(lines_of(texts[:8]))
    return Contender(partial(run, lines_of(texts)), len(texts))


def _in_workers(folder: Path, texts: Sequence[str]) -> Contender:
    job, lines = _job(folder), lines_of(texts)
    return Contender(lambda: n_bytes(tag_in_workers(blocks_of(lines), job, N_WORKERS)), len(texts))


def _job(folder: Path, backend: str = "auto") -> Job:
    return Job(folder, None, Options(Shape()), backend)


def lines_of(texts: Sequence[str]) -> bytes:
    """Return the texts as JSONL."""
    rows = ({"id": number, "text": text} for number, text in enumerate(texts))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def blocks_of(lines: bytes) -> Iterator[Block]:
    """Yield JSONL in the blocks in which `predict.py` reads it from a file."""
    rows = read_inputs(find_sources(["-"]), Columns(), io.BytesIO(lines))
    return cut(without_repeats(rows), by_article=False)


def n_bytes(done: Iterable[DoneBlock]) -> int:
    """Return how long the output is; it is not written."""
    return sum(len(block.content) for block in done)


def measure(found: dict[str, Contender], rounds: int) -> Figures:
    """Return the paragraphs a second of each contender."""
    return in_turn({name: contender.rate for name, contender in found.items()}, rounds)


def markdown(rates: Figures, n_paragraphs: dict[str, int], goals: dict[str, list[str]]) -> str:
    """Return the rates as a table; goals: what is to be said of each, as `judged` gives it."""
    rows = []
    for name, values in rates.items():
        times = [spread(ratios(values, rates[other])) for other in (PLAIN, BATCHED)]
        told = "; ".join(goals.get(name, []))
        rows.append([name, f"{n_paragraphs[name]:,}", spread(values), *times, told])
    head = ["", "paragraphs", "paragraphs a second", f"times {PLAIN}", f"times {BATCHED}", "goal"]
    return table(head, rows)


def judged(rates: Figures, model: str, tfidf: Sequence[str]) -> dict[str, list[str]]:
    """Return the goals of the model and of TF-IDF models, with whether their medians meet them."""
    times = [statistics.median(ratios(rates[model], rates[other])) for other in (PLAIN, BATCHED)]
    goals = zip((TIMES_PLAIN, TIMES_BATCHED), times, strict=True)
    return {model: [goal.judged(value) for goal, value in goals]} | {
        name: [TFIDF_A_SECOND.judged(statistics.median(rates[name]))] for name in tfidf
    }


def million(rates: Figures, names: Sequence[str], n_tokens: float) -> str:
    """Return the hours that a million paragraphs take, worked out from measured rates."""
    machines = (1, 4, 16)
    rows = []
    for name in names:
        rate = statistics.median(rates[name])
        hours = [f"{1_000_000 / rate / 3600 / n:,.2f}" for n in machines]
        rows.append([name, f"{rate * n_tokens:,.0f}", *hours])
    head = ["", "tokens a second", *(f"hours on {n} machine{'s' * (n > 1)}" for n in machines)]
    note = (
        f"Extrapolated, not measured: a million paragraphs of {n_tokens:.0f} tokens, from the "
        "medians above, as if nothing were lost between machines."
    )
    return f"{note}\n\n{table(head, rows)}"
