"""Joining words that were split by a blank at a Kazakh letter, or by a hyphen at a line end."""

import re
from itertools import pairwise
from operator import add

from saulyq.text import lexicon

_KAZAKH = frozenset("әіңғүұқөһӘІҢҒҮҰҚӨҺ")
_LONE = frozenset("іңғүұқөһ")  # no words, unlike "ә"
_LETTER = "[А-Яа-яЁёӘІҢҒҮҰҚӨҺәіңғүұқөһ]"
# A lone letter before a bracket or a name is no piece: "ә) ...; қ) ...", "деді қ. серіков".
_RUN = re.compile(rf"{_LETTER}+(?: (?![іңғүұқөһ](?:\)|\. ?[а-яёәіңғүұқөһ])){_LETTER}+)+")
_HYPHEN = re.compile(rf"(?<![\w-])({_LETTER}{{2,}})-\s+({_LETTER}+)(?![\w-])")

_MOST_PIECES = 5
_FAR_RARER = 50  # times, for a piece that the lexicon has: it holds split words itself
_MIN_JOINED = 4  # a word seen so seldom may be a slip


def join_split_words(text: str) -> tuple[str, int, int]:
    """Return the text with split words joined, the number of hyphens and of words with blanks.

    Joined are only pieces that make a word of the lexicon and of which one is no word.
    """
    n_hyphens = n_words = 0

    def without_hyphen(match: re.Match[str]) -> str:
        nonlocal n_hyphens
        if not _is_split([match[1], match[2]]):
            return match[0]
        n_hyphens += 1
        return match[1] + match[2]

    def without_blanks(match: re.Match[str]) -> str:
        nonlocal n_words
        run, n = _without_blanks(match[0])
        n_words += n
        return run

    if "- " in text or "-\n" in text:
        text = _HYPHEN.sub(without_hyphen, text)
    return _RUN.sub(without_blanks, text), n_hyphens, n_words


def _without_blanks(run: str) -> tuple[str, int]:
    """Return a run of words with split ones joined, and how many; the longest join wins."""
    known = lexicon.frequencies()
    lowered = run.lower().split(" ")
    # More than two pieces are tried only where a lone letter shows that something is amiss.
    most = _MOST_PIECES if 1 in map(len, lowered) else 2
    if most == 2 and known.keys().isdisjoint(map(add, lowered, lowered[1:])):
        return run, 0
    pieces = run.split(" ")
    words = []
    n = start = 0
    while start < len(pieces):
        size = _n_pieces(pieces[start : start + most])
        words.append("".join(pieces[start : start + size]))
        n += size > 1
        start += size
    return " ".join(words), n


def _n_pieces(pieces: list[str]) -> int:
    """Return how many of the pieces are one word; they must meet at a Kazakh letter somewhere."""
    for size in range(len(pieces), 1, -1):
        part = pieces[:size]
        likely = size == 2 or 1 in map(len, part)
        if likely and _is_split(part) and _meet_at_kazakh_letter(part):
            return size
    return 1


def _meet_at_kazakh_letter(pieces: list[str]) -> bool:
    return any(left[-1] in _KAZAKH or right[0] in _KAZAKH for left, right in pairwise(pieces))


def _is_split(pieces: list[str]) -> bool:
    """Return whether pieces make a known word, and one of them is none or is far rarer.

    Lone letters say nothing ("министрі н." is a name), but for Kazakh ones that are no words.
    """
    known = lexicon.frequencies()
    joined = "".join(pieces)
    n_joined: int = known.get(joined.lower(), 0)
    if n_joined < _MIN_JOINED or not (joined[1:].islower() or joined.isupper()):
        return False
    if not _LONE.isdisjoint(pieces):
        return True
    rarest = min((known.get(p.lower(), 0) for p in pieces if len(p) > 1), default=0)
    return bool(n_joined >= rarest * _FAR_RARER)
