"""How often words stand in licensed Kazakh text; see LEXICON.md for the sources.

Made by `python -m saulyq.text.lexicon FILE...` (`.txt`, `.txt.gz` and `.jsonl` with `text`).
"""

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from saulyq.scripts import run_script
from saulyq.text.alphabets import to_alphabet
from saulyq.text.letters import normalise

PATH = Path(__file__).with_name("lexicon.txt.gz")
WORD = re.compile(r"[а-яёәіңғүұқөһ]+")
MAX_WORDS = 120_000
MIN_COUNT = 2
RATHER = 2  # a spelling with Kazakh letters that is so many times commoner is the right one


def count_words(lines: Iterable[str]) -> Counter[str]:
    """Return how often each word in Cyrillic letters stands in the lines, in lower case."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(WORD.findall(normalise(line).lower()))
    return counts


def without_lost_letters(counts: Counter[str]) -> Counter[str]:
    """Return the counts without Kazakh words typed in Russian letters ("жаксы" for "жақсы")."""
    best: dict[str, int] = {}
    for word, n in counts.items():
        typed = to_alphabet(word, "cyrillic_russian")
        if typed != word:
            best[typed] = max(n, best.get(typed, 0))
    return Counter({w: n for w, n in counts.items() if n * RATHER > best.get(w, 0)})


def save(counts: Counter[str], path: Path) -> None:
    """Write the words that are frequent enough, most frequent first."""
    clean = without_lost_letters(counts)
    kept = [(word, n) for word, n in clean.most_common(MAX_WORDS) if n >= MIN_COUNT]
    text = "".join(
        f"{word} {n}\n" for word, n in sorted(kept, key=lambda pair: (-pair[1], pair[0]))
    )
    # mtime 0: the same words give the same file.
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


@cache
def frequencies(path: Path = PATH) -> dict[str, int]:
    """Return the count of each word of the lexicon."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return {word: int(n) for word, n in (line.split() for line in lines)}


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, or the texts of a JSONL file."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    for line in content.decode().splitlines():
        yield json.loads(line)["text"] if path.suffix == ".jsonl" else line


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, default=PATH)
    args = parser.parse_args(argv)
    counts: Counter[str] = Counter()
    for path in args.files:
        counts.update(count_words(read_lines(path)))
    save(counts, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
