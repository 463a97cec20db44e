"""Reading plain text to pre-train on: clean, no line twice, nothing of valid or test."""

import glob
import gzip
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saulyq.errors import UserError
from saulyq.text import normalise

logger = logging.getLogger(__name__)

ENDINGS = (".txt", ".txt.gz")


@dataclass(frozen=True)
class Corpus:
    """Lines of text and how often each is read in an epoch, shape (n_lines,)."""

    lines: list[str]
    weights: NDArray[np.float64]

    def draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the rows of one epoch in a random order; a weight of 1.5 is once or twice."""
        times = np.floor(self.weights + rng.random(len(self.weights))).astype(np.int64)
        rows = np.repeat(np.arange(len(self.lines)), times)
        rng.shuffle(rows)
        return rows


def find_files(pattern: str) -> list[Path]:
    """Return the text files that a folder holds or a glob names, in order of name."""
    folder = Path(pattern)
    found = folder.rglob("*") if folder.is_dir() else map(Path, glob.glob(pattern, recursive=True))
    files = sorted(path for path in found if path.name.endswith(ENDINGS) and path.is_file())
    if not files:
        raise UserError(f"--corpus {pattern}: no {' or '.join(ENDINGS)} files")
    return files


def read_corpus(
    files: list[Path],
    weights: Mapping[str, float],
    own: list[str],
    own_weight: float,
    held_out: list[str],
) -> Corpus:
    """Return the lines of the files and our own paragraphs, each once, none that is held out.

    weights: file name without ending to its weight, 1 for files that it does not name.
    Raises UserError for a weight without a file: a slip in the settings.
    """
    names = {stem_of(path) for path in files}
    if strange := sorted(set(weights) - names):
        raise UserError(
            f"weights: no file is called {strange[0]!r}; files: {', '.join(sorted(names))}"
        )
    seen = {_key(text) for text in held_out}
    lines: list[str] = []
    line_weights: list[float] = []
    n_read = 0
    for text, weight in _weighted(files, weights, own, own_weight):
        n_read += 1
        line = normalise(text)
        key = _key(line)
        if key and weight > 0 and key not in seen:
            seen.add(key)
            lines.append(line)
            line_weights.append(weight)
    logger.info("corpus: %d lines of %d are kept", len(lines), n_read)
    return Corpus(lines, np.array(line_weights))


def _weighted(
    files: list[Path], weights: Mapping[str, float], own: list[str], own_weight: float
) -> Iterator[tuple[str, float]]:
    yield from ((text, own_weight) for text in own)
    for path in files:
        weight = weights.get(stem_of(path), 1.0)
        yield from ((line, weight) for line in read_lines(path))


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, packed or not; raise UserError where it is not UTF-8."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for raw in file:
                yield raw.decode("utf-8")
    except (OSError, EOFError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error.reason}); convert it first") from error


def stem_of(path: Path) -> str:
    """Return the name of a corpus file without its ending."""
    return path.name.removesuffix(".gz").removesuffix(".txt")


def _key(text: str) -> str:
    """Return what two lines that say the same have in common: letters and digits, lower case."""
    return "".join(filter(str.isalnum, text.lower()))
