"""Reading plain text to pre-train on: clean, no line twice, nothing of valid or test."""

import glob
import gzip
import logging
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from saulyq.data import read_split
from saulyq.errors import UserError
from saulyq.reading import LineError, decode_line
from saulyq.taggers.windows import WindowSplitter
from saulyq.text import normalise
from saulyq.topics import TopicSet

logger = logging.getLogger(__name__)

ENDINGS = (".txt", ".txt.gz")
OWN = "train"  # the name of our own paragraphs among the files


@dataclass(frozen=True)
class Corpus:
    """Lines of text and how often each is read in an epoch, shape (n_lines,)."""

    lines: list[str]
    repeats: NDArray[np.float64]
    n_words: dict[str, int] = field(default_factory=dict)  # of the lines kept, by file

    def draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the rows of one epoch in a random order; 1.5 is once or twice."""
        times = np.floor(self.repeats + rng.random(len(self.repeats))).astype(np.int64)
        rows = np.repeat(np.arange(len(self.lines)), times)
        rng.shuffle(rows)
        return rows

    def in_pieces(self, tokenizer: Tokenizer, max_tokens: int) -> "Corpus":
        """Return the corpus with longer lines cut between words, each piece a line of its own."""
        pieces = WindowSplitter.of(tokenizer, max_tokens).split(self.lines)
        repeats = np.repeat(self.repeats, [len(of_line) for of_line in pieces])
        return Corpus([piece for of_line in pieces for piece in of_line], repeats, self.n_words)


def find_files(pattern: str) -> list[Path]:
    """Return the text files that a folder holds or a glob names, in order of name."""
    folder = Path(pattern)
    found = folder.rglob("*") if folder.is_dir() else map(Path, glob.glob(pattern, recursive=True))
    files = sorted(path for path in found if path.name.endswith(ENDINGS) and path.is_file())
    if not files:
        raise UserError(f"--corpus {pattern}: no {' or '.join(ENDINGS)} files")
    repeated = [name for name, n in Counter(map(stem_of, files)).items() if n > 1]
    if repeated:
        raise UserError(f"--corpus {pattern}: two files are called {repeated[0]!r}; rename one")
    return files


def read_corpus(
    files: list[Path],
    repeats: Mapping[str, float],
    own: list[str],
    own_repeats: float,
    held_out: Iterable[str],
) -> Corpus:
    """Return the lines of the files and our own paragraphs, each once, none that is held out.

    repeats: file name without ending to how often it is read, 1 if it is not named.
    Raises UserError for a name without a file: a slip in the settings.
    """
    names = {stem_of(path) for path in files}
    if strange := sorted(set(repeats) - names):
        raise UserError(
            f"repeats: no file is called {strange[0]!r}; files: {', '.join(sorted(names))}; "
            "for a corpus of your own, --repeats {}"
        )
    seen = {key_of(text) for text in held_out}
    lines: list[str] = []
    line_repeats: list[float] = []
    n_words: Counter[str] = Counter()
    n_read = 0
    for name, text in _named(files, own):
        n_read += 1
        line, key = normalise(text), key_of(text)
        times = own_repeats if name == OWN else repeats.get(name, 1.0)
        if key and times > 0 and key not in seen:
            seen.add(key)
            lines.append(line)
            line_repeats.append(times)
            n_words[name] += len(line.split())
    logger.info("corpus: %d lines of %d are kept", len(lines), n_read)
    if not lines:
        raise UserError("the corpus holds no line that is not held out; is it the right folder?")
    return Corpus(lines, np.array(line_repeats), dict(n_words))


def _named(files: list[Path], own: list[str]) -> Iterator[tuple[str, str]]:
    yield from ((OWN, text) for text in own)
    for path in files:
        yield from ((stem_of(path), line) for line in read_lines(path))


def held_out_texts(data: Path, topics: TopicSet) -> list[str]:
    """Return the paragraphs of valid and test as they are written, and in Cyrillic."""
    splits = [read_split(data, name, topics) for name in ("valid", "test")]
    return [
        text
        for s in splits
        for p, c in zip(s.paragraphs, s.texts, strict=True)
        for text in (p.text, c)
    ]


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, packed or not; raise UserError where it is not UTF-8."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield decode_line(raw, number).rstrip("\n")
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    except LineError as error:
        raise UserError(f"{path}:{number}: {error}") from error


def stem_of(path: Path) -> str:
    """Return the name of a corpus file without its ending."""
    return path.name.removesuffix(".gz").removesuffix(".txt")


def key_of(text: str) -> str:
    """Return what two lines that say the same have in common: letters and digits, lower case."""
    return "".join(filter(str.isalnum, normalise(text).lower()))
