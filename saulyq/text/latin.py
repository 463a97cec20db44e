"""Kazakh words in Latin letters back to Cyrillic."""

import re
from collections.abc import Sequence
from functools import cache

from saulyq.text import lexicon
from saulyq.text.alphabets import ALPHABETS
from saulyq.text.spellings import MIN_BEGINNING, beginnings, spelled, with_capitals_of

# Letters and pairs of letters that Kazakh words do not have.
_ENGLISH = re.compile(r"w|x|th|ck|ph|oo|ee|ea|tion")


def share_known(words: Sequence[str], alphabet: str) -> float:
    """Return the share of known Kazakh words, weighed by length, if this is their alphabet."""
    known = sum(len(word) for word in words if _look_up(word, alphabet))
    return known / max(1, sum(map(len, words)))


def _look_up(word: str, alphabet: str) -> str | None:
    index = spelled(alphabet)
    # The capital of i and of ı is often the same: I.
    found = [index[w] for w in (word.lower(), word.replace("I", "ı").lower()) if w in index]
    return max(found, key=lambda w: lexicon.frequencies()[w], default=None)


def to_cyrillic_word(word: str, alphabet: str) -> str:
    """Return a word in Cyrillic; a foreign one as it is."""
    found = _look_up(word, alphabet)
    if found is None:
        # Capitals alone are an abbreviation (COVID, PET); letter pairs of English a name.
        english = alphabet != "latin_digraph" and _ENGLISH.search(word.lower())
        if word.isupper() or english:
            return word
        # Of the two readings of a capital I, the one that goes further as a known word.
        spellings = {word.lower(), word.replace("I", "ı").lower()}
        found = max((_unknown(s, alphabet) for s in sorted(spellings)), key=_known_length)
    return with_capitals_of(word, found, alphabet)


def _known_length(word: str) -> int:
    known = beginnings("cyrillic")
    return max((n for n in range(len(word) + 1) if word[:n] in known), default=0)


def _unknown(word: str, alphabet: str) -> str:
    """Return a word that the lexicon lacks: its beginning as in known words, the rest by letter."""
    known = beginnings(alphabet)
    _, letters = _reverse(alphabet)
    for end in range(len(word), MIN_BEGINNING - 1, -1):
        splits_a_pair = end < len(word) and word[end - 1 : end + 1] in letters  # as in "sh"
        if word[:end] in known and not splits_a_pair:
            beginning = known[word[:end]]
            whole = by_letter(word[end:], alphabet, before=beginning)
            return _as_borrowed(whole, alphabet, known=len(beginning))
    return _as_borrowed(by_letter(word, alphabet), alphabet, known=0)


def _as_borrowed(word: str, alphabet: str, *, known: int) -> str:
    """Return a word spelt as Russian has it where a borrowed word is most likely meant.

    Latin i stands for и and і alike; before or right after в, ф, ц, я, ю it is и, but for the
    endings of Kazakh. Latin ae stands for ә, but names end in -баев. The first `known` letters are
    those of a known word and stay.
    """
    if alphabet not in _ONE_I:
        return word
    found = _BORROWED_I.sub(lambda m: "и" if m.start() >= known else m.group(), word)
    return _BAEV.sub("аев", found)


_ONE_I = ("latin_digraph", "latin_adhoc")
_ENDING = r"(?:[нмң]|нің|не|нде|нен|мен|міз|ндегі|ңіз|ні)?$"
_BORROWED_I = re.compile(rf"(?<=[вфц])і(?!{_ENDING})|і(?=\w*[вфцяю])")
_BAEV = re.compile(r"(?<=б)әв(?!\w*[әеіөү]\b)")


@cache
def _reverse(alphabet: str) -> tuple[re.Pattern[str], dict[str, str]]:
    letters: dict[str, str] = {}
    for cyrillic, latin in ALPHABETS[alphabet].items():
        if latin:
            letters.setdefault(latin, cyrillic)
    letters |= _PREFERRED.get(alphabet, {})
    pattern = "|".join(sorted(map(re.escape, letters), key=len, reverse=True))
    return re.compile(pattern), letters


# Where two Cyrillic letters share a Latin one, the commoner; й is told from и by its place.
_PREFERRED = {
    "latin_2018": {"h": "х", "e": "е", "ı": "и"},
    "latin_2021": {"h": "х", "e": "е", "i": "и", "u": "у", "ş": "ш", "ŋ": "ң", "ŭ": "ұ", "w": "у"},
    "latin_digraph": {"h": "х", "e": "е", "i": "і", "u": "ұ"},
    "latin_adhoc": {"h": "х", "e": "е", "i": "і", "u": "у", "a": "а", "o": "о", "g": "г", "n": "н"}
    | {"w": "у", "q": "қ", "c": "ц", "x": "х", "zh": "ж", "gh": "ғ", "k": "к"},
}
_SHORT_I = re.compile(r"(?<=[аәеёиоөуұүыіэюя])и")


def by_letter(word: str, alphabet: str, before: str = "") -> str:
    """Return a Latin word, in lower case, letter by letter in Cyrillic, after what is `before`."""
    pattern, letters = _reverse(alphabet)
    return _SHORT_I.sub("й", before + pattern.sub(lambda match: letters[match.group()], word))
