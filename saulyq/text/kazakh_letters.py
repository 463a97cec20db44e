"""Kazakh words typed without Kazakh letters: with Russian ones, or with "?" in their place."""

import re
from collections.abc import Sequence
from functools import cache

from saulyq.text import lexicon
from saulyq.text.alphabets import to_alphabet
from saulyq.text.letters import KAZAKH_LETTER
from saulyq.text.spellings import MIN_BEGINNING, beginnings, with_capitals_of

# A reading of a word must be so many times likelier than all others together.
LIKELIER = 4
# Kazakh typed in Russian letters: so many words of a text have to have such a reading, and so many
# may be of the commonest Russian ones, a quarter of which make up any Russian text.
MIN_RESTORED = 0.25
MAX_RUSSIAN = 0.1
_RUSSIAN_WORD = re.compile(
    r"и|в|на|не|что|по|с|для|от|из|к|это|как|но|при|или|его|их|все|они|мы|вы|она|был|была|были|быть"
    r"|также|который|которые|чтобы|если|уже|только|есть|нет|этого|этом"
)
_BACK = str.maketrans("гк", "ғқ")
_FRONT = str.maketrans("и", "і")


# Kyrgyz shares many words with Kazakh typed so, but not its long vowels.
_KYRGYZ = re.compile("оо|ээ|уу|өө|үү|аа")
MIN_KYRGYZ = 0.08


def is_kazakh_in_russian_letters(words: Sequence[str]) -> bool:
    """Return whether lower-case words without a Kazakh letter are Kazakh all the same."""
    if sum(_KYRGYZ.search(word) is not None for word in words) >= MIN_KYRGYZ * len(words):
        return False
    kazakh = sum(word in readings() for word in words)
    russian = sum(_RUSSIAN_WORD.fullmatch(word) is not None for word in words)
    return kazakh >= MIN_RESTORED * len(words) and russian <= MAX_RUSSIAN * len(words)


def restore(word: str) -> str:
    """Return a word typed with Russian letters with its Kazakh ones, if one reading is clear."""
    lower = word.lower()
    if lower in lexicon.frequencies() and lower not in readings():
        return word
    return with_capitals_of(
        word, readings().get(lower) or _restored_ending(lower), "cyrillic_russian"
    )


def _restored_ending(word: str) -> str:
    """Return a word that the lexicon lacks with its beginning restored, and what follows it."""
    known = beginnings("cyrillic_russian")
    for end in range(len(word), MIN_BEGINNING - 1, -1):
        if word[:end] in known:
            before, after = known[word[:end]], word[end:]
            vowels = [letter for letter in before if letter in "аоұыуәөүіеэ"]
            if before == word[:end] or not vowels:
                return word
            # Endings follow the last vowel: back ones have қ and ғ, front ones і.
            harmony = _BACK if vowels[-1] in "аоұыу" else _FRONT
            return before + after.translate(harmony)
    return word


@cache
def readings() -> dict[str, str]:
    """Return the word meant by each spelling in Russian letters, where one is clearly likelier."""
    best: dict[str, tuple[str, int]] = {}
    total: dict[str, int] = {}
    for word, n in lexicon.frequencies().items():  # most frequent first
        key = to_alphabet(word, "cyrillic_russian")
        best.setdefault(key, (word, n))
        total[key] = total.get(key, 0) + n
    return {
        key: word
        for key, (word, n) in best.items()
        if key != word and n >= LIKELIER * (total[key] - n)
    }


def fill_gaps(word: str) -> str:
    """Return a word whose Kazakh letters were lost to "?" with them back, if one word is clear.

    A letter that was not lost must stand in the word found.
    """
    lower = word.lower()
    fitting = [w for w in _by_gaps().get(KAZAKH_LETTER.sub("?", lower), []) if _fits(lower, w)]
    counts = [lexicon.frequencies()[w] for w in fitting]
    if not fitting or counts[0] < LIKELIER * sum(counts[1:]):
        return word
    found = fitting[0]
    # A gap hides its capital: the letters that are left tell.
    if word.replace("?", "").isupper() and len(word) > 1:
        return found.upper()
    return found[:1].upper() + found[1:] if word[:1].isupper() else found


def _fits(gapped: str, word: str) -> bool:
    return all(g in ("?", letter) for g, letter in zip(gapped, word, strict=True))


@cache
def _by_gaps() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in lexicon.frequencies():  # most frequent first
        if KAZAKH_LETTER.search(word):
            found.setdefault(KAZAKH_LETTER.sub("?", word), []).append(word)
    return found
