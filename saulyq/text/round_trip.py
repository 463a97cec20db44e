"""How many words come back: `python -m saulyq.text.round_trip FILE...` (`.jsonl`, `.txt`, `.gz`).

Cyrillic Kazakh text is spelt in each alphabet and converted back; words are compared as they are
written, for Arabic script, which has no capitals, without case.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from saulyq.scripts import run_script
from saulyq.text.alphabets import ALPHABETS, to_alphabet
from saulyq.text.arabic import to_arabic
from saulyq.text.conversion import convert
from saulyq.text.letters import normalise
from saulyq.text.lexicon import read_lines

_WORD = re.compile(r"\w+")
_CYRILLIC = re.compile("[а-яёәіңғүұқөһ]", re.IGNORECASE)


def words_back(texts: Iterable[str], alphabet: str) -> tuple[int, int]:
    """Return how many words came back the same from an alphabet, and how many there were."""
    same = total = 0
    for text in texts:
        spelt = to_arabic(text) if alphabet == "arabic" else to_alphabet(text, alphabet)
        back = convert(spelt).text
        pair = (text.lower(), back.lower()) if alphabet == "arabic" else (text, back)
        meant, found = (_WORD.findall(t) for t in pair)
        is_counted = [_CYRILLIC.search(word) is not None for word in meant]
        total += sum(is_counted)
        if len(meant) == len(found):  # else no word of the text can be told to be the same
            pairs = zip(meant, found, is_counted, strict=True)
            same += sum(one == other and counted for one, other, counted in pairs)
    return same, total


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    args = parser.parse_args(argv)
    texts = [normalise(line) for path in args.files for line in read_lines(path)]
    for alphabet in [*ALPHABETS, "arabic"]:
        same, total = words_back(texts, alphabet)
        print(f"{alphabet:<18}{same / max(1, total):>8.2%} of {total} words")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
