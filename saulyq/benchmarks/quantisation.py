"""What fewer bits a weight cost in F1 and gain in speed and size."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from saulyq import artifacts, thresholds
from saulyq.artifacts import ModelFolder
from saulyq.benchmarks.figures import MEGABYTE, Goal, in_turn, seconds_of, spread, table
from saulyq.data import Split
from saulyq.evaluation import cutoffs_of
from saulyq.metrics import macro_f1
from saulyq.taggers import ONNX_FILE, ScoringModel

TORCH, STORED = "torch", "the ONNX file as it is"
POINTS_LOST = Goal(0.3, "", at_most=True)
N_ALONE = 100  # paragraphs that are scored without neighbours as well


@dataclass(frozen=True)
class Variant:
    """A model whose weights are kept in some way, and the size of its file in bytes."""

    model: ScoringModel
    size: int


@dataclass(frozen=True)
class Measured:
    """A variant on a split; moved: how far a score gets from that of the paragraph alone."""

    size: int
    milliseconds: list[float]  # a paragraph, of each round
    macro_f1: float
    moved: float


def stored(folder: Path) -> dict[str, Variant]:
    """Return the two models that a transformer's folder holds."""
    files = {"torch": folder / "model.safetensors", "onnx": folder / ONNX_FILE}
    torch, onnx = (
        Variant(artifacts.load(folder, backend=backend).model, path.stat().st_size)
        for backend, path in files.items()
    )
    return {TORCH: torch, STORED: onnx}


def made(loaded: ModelFolder) -> dict[str, Variant]:
    """Return a transformer exported anew, its weights kept in several ways."""
    from saulyq.benchmarks import rounding

    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        rounding.export(loaded.folder, whole)
        variants = {}
        for name, write in rounding.VARIANTS.items():
            path = Path(scratch) / name / ONNX_FILE
            path.parent.mkdir(parents=True)
            write(whole, path)
            variants[name] = _variant(path, loaded)
    return variants


def _variant(path: Path, loaded: ModelFolder) -> Variant:
    from saulyq.taggers.onnx import OnnxModel

    folder = path.parents[len(ONNX_FILE.parts) - 1]
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(loaded.folder / name, folder)
    return Variant(OnnxModel.load(folder, loaded.topics), path.stat().st_size)


def measure(
    variants: Mapping[str, Variant], loaded: ModelFolder, split: Split, rounds: int
) -> dict[str, Measured]:
    """Return figures of each variant on a split, at the thresholds of the loaded folder."""
    qualities = {name: quality(of.model, loaded, split) for name, of in variants.items()}
    times = in_turn(
        {name: partial(_milliseconds, of.model, split.texts) for name, of in variants.items()},
        rounds,
    )
    return {name: Measured(of.size, times[name], *qualities[name]) for name, of in variants.items()}


def quality(model: ScoringModel, loaded: ModelFolder, split: Split) -> tuple[float, float]:
    """Return macro-F1, and the most that neighbours in a batch move the score of a paragraph."""
    scores, _ = model.score(split.texts)
    tags = thresholds.apply(scores, cutoffs_of(loaded.thresholds, loaded.topics))
    alone = np.vstack([model.score([text])[0] for text in split.texts[:N_ALONE]])
    return macro_f1(split.gold, tags), float(np.abs(scores[:N_ALONE] - alone).max())


def _milliseconds(model: ScoringModel, texts: Sequence[str]) -> float:
    return 1000 * seconds_of(partial(model.score, texts)) / len(texts)


def markdown(found: Mapping[str, Measured]) -> str:
    """Return the figures as a table; points of macro-F1 are lost against torch."""
    rows = []
    for name, one in found.items():
        lost = 100 * (found[TORCH].macro_f1 - one.macro_f1)
        told = ["", ""] if name == TORCH else [f"{lost:.1f}", POINTS_LOST.judged(lost)]
        cells = [f"{one.size / MEGABYTE:.1f}", spread(one.milliseconds, 2), f"{one.macro_f1:.4f}"]
        rows.append([name, *cells, *told, f"{one.moved:.5f}"])
    head = ["weights", "MB", "ms a paragraph", "macro-F1", "points lost", "goal"]
    return table([*head, "most that neighbours move a score"], rows)
