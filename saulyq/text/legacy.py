"""Kazakh of legacy fonts: Serbian, Macedonian and Ukrainian letters that stand for Kazakh ones.

Such a font drew Kazakh letters in the places where Windows-1251 has letters of other languages.
Two tables of places became standards, and Python knows both: KZ-1048 (STRK1048-2002, also that
of many fonts: Ќазаќстан, жјне, їшін) and PT154 (ParaType: Ќазаќстан, жєне, аталѓан).
"""

import re
from functools import cache

from saulyq.text import lexicon
from saulyq.text.letters import normalise

_KAZAKH = "әғқңөұүһӘҒҚҢӨҰҮҺ"
# Fonts that chose by look. No table was found: a guess, that only the words of a text confirm.
_BY_LOOK = dict(zip("єѓќњґўїћЄЃЌЊҐЎЇЋ", _KAZAKH, strict=True))
_FOREIGN_LETTER = re.compile("[ѓєѕїјњћќўґЃЄЅЇЈЊЋЌЎҐ¤µ¦±‡‰]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# Latin letters too: such texts often have a Latin i for і.
_WORD = re.compile(r"[\w¤µ¦±‡‰]+")
# Of all words, and of those that change, so many must be known; a shorter word proves nothing.
MIN_KNOWN = 0.5
MIN_LETTERS = 3
MIN_COUNT = 5  # rarer words of the lexicon are often slips


def repair_legacy(text: str) -> str | None:
    """Return a text of a legacy Kazakh font with its Kazakh letters, or None if it is not one.

    None also for text that has Kazakh letters already (і aside: every table keeps it).
    Of the known tables the one is taken under which most words are in the lexicon and fewest
    foreign letters are left.
    """
    if not _FOREIGN_LETTER.search(text) or re.search(f"[{_KAZAKH}]", text):
        return None
    words = [word for word in _WORD.findall(text) if _CYRILLIC.search(word)]
    # Of equally good tables, the first.
    table = max(_tables(), key=lambda table: _count_known(words, table) - _count_left(words, table))
    changed = [word for word in words if _repair(word, table) != word]
    long_words = [word for word in words if len(word) >= MIN_LETTERS]
    enough_changed = _count_known(changed, table) >= max(1, MIN_KNOWN * len(changed))
    if not enough_changed or _count_known(words, table) < MIN_KNOWN * len(long_words):
        return None
    return _WORD.sub(lambda match: _repair(match.group(), table), text)


def _count_known(words: list[str], table: dict[str, str]) -> int:
    """Return how many words, repaired, are long enough and frequent enough in the lexicon."""
    repaired = (normalise(_repair(word, table)).lower() for word in words)
    frequencies = lexicon.frequencies()
    return sum(len(w) >= MIN_LETTERS and frequencies.get(w, 0) >= MIN_COUNT for w in repaired)


def _count_left(words: list[str], table: dict[str, str]) -> int:
    """Return how many foreign letters a table does not explain."""
    letters = _FOREIGN_LETTER.findall(" ".join(words))
    return sum(letter not in table for letter in letters)


def _repair(word: str, table: dict[str, str]) -> str:
    if not _CYRILLIC.search(word):  # "5±3" is no word
        return word
    return "".join(table.get(letter, letter) for letter in word)


@cache
def _tables() -> tuple[dict[str, str], ...]:
    return _misread("kz1048"), _misread("ptcp154"), _BY_LOOK


def _misread(encoding: str) -> dict[str, str]:
    """Return the Kazakh letter behind each character of Windows-1251 that shows in its place."""
    meant = {letter: letter.encode(encoding) for letter in _KAZAKH}
    return {place.decode("cp1251"): letter for letter, place in meant.items()}
