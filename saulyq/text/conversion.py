"""Kazakh in Latin letters, or typed with Russian ones, back to the Cyrillic that models read.

A word is looked up among the words of the lexicon as that alphabet would spell them; the most
frequent one wins. A word that is not there is spelt letter by letter.
"""

import re
from dataclasses import dataclass
from functools import cache, partial

from saulyq.text import lexicon
from saulyq.text.alphabets import ALPHABETS, to_alphabet

LATIN_ALPHABETS = ("latin_2018", "latin_2021", "latin_digraph", "latin_adhoc")
_LATIN_WORD = re.compile(r"[A-Za-z\u00C0-\u024F]+(?:['’][A-Za-z]+)?")
_CYRILLIC_WORD = re.compile(r"[А-Яа-яЁё]+")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00C0-\u024F]")
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u052F]")
_KAZAKH_LETTER = re.compile(r"[әіңғүұқөһӘІҢҒҮҰҚӨҺ]")
# Of the words of a paragraph, so many must be Kazakh words for it to be converted.
MIN_KNOWN = 0.35
MIN_WORDS = 3
# A reading of a word typed with Russian letters must be so many times likelier than any other.
LIKELIER = 4
# Shorter beginnings than so many letters say too little of how a word goes on.
MIN_BEGINNING = 4
# Letters and pairs of letters that Kazakh words do not have.
_ENGLISH = re.compile(r"w|x|th|ck|ph|oo|ee|ea|tion")
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
_SIGNS = {
    # Capitals are written out: to re.IGNORECASE, ı is i.
    "latin_2018": re.compile(r"[áǵńóúýÁǴŃÓÚÝ]"),
    "latin_2021": re.compile(r"[äöüğūşñŋŭÄÖÜĞŪŞÑŊŬ]"),
}


@dataclass(frozen=True)
class Converted:
    """A text in Cyrillic, and the script it was in: a mark of `data/README.md`, or another name."""

    text: str
    script: str


def to_cyrillic(text: str) -> str:
    """Return Kazakh text in Cyrillic; other text, and foreign words inside, stay as they are."""
    return convert(text).text


def convert(text: str) -> Converted:
    """Return a text in Cyrillic with the script that it was found to be in.

    script: cyrillic, cyrillic_russian, one of LATIN_ALPHABETS, latin (not Kazakh), or other.
    """
    n_latin = len(_LATIN_LETTER.findall(text))
    n_cyrillic = len(_CYRILLIC_LETTER.findall(text))
    if n_latin > n_cyrillic:
        return _from_latin(text)
    if n_cyrillic == 0:
        return Converted(text, "other")
    return _from_russian_letters(text)


def _from_latin(text: str) -> Converted:
    words = _LATIN_WORD.findall(text)
    signed = [alphabet for alphabet in _SIGNS if _SIGNS[alphabet].search(text)]
    candidates = signed or LATIN_ALPHABETS  # of equally good ones, the first
    known = {alphabet: _share_known(words, alphabet) for alphabet in candidates}
    best = max(candidates, key=lambda alphabet: known[alphabet])
    too_few = len(words) < MIN_WORDS and not signed  # "PET/CT" would be a word and a half
    if too_few or known[best] < MIN_KNOWN:
        return Converted(text, "latin")
    return Converted(_LATIN_WORD.sub(partial(_replace_latin, best), text), best)


def _share_known(words: list[str], alphabet: str) -> float:
    known = sum(len(word) for word in words if _look_up(word, alphabet))
    return known / max(1, sum(map(len, words)))


def _look_up(word: str, alphabet: str) -> str | None:
    index = spelled(alphabet)
    # The capital of i and of ı is often the same: I.
    found = [index[w] for w in (word.lower(), word.replace("I", "ı").lower()) if w in index]
    return max(found, key=lambda w: lexicon.frequencies()[w], default=None)


def _replace_latin(alphabet: str, match: re.Match[str]) -> str:
    word = match.group()
    found = _look_up(word, alphabet)
    if found is None:
        # Capitals alone are an abbreviation (COVID, PET); letter pairs of English a name.
        english = alphabet != "latin_digraph" and _ENGLISH.search(word.lower())
        if word.isupper() or english:
            return word
        # Of the two readings of a capital I, the one that goes further as a known word.
        spellings = {word.lower(), word.replace("I", "ı").lower()}
        found = max((_unknown(s, alphabet) for s in sorted(spellings)), key=_known_length)
    return _like(word, found, alphabet)


def _known_length(word: str) -> int:
    beginnings = _beginnings("cyrillic")
    return max((n for n in range(len(word) + 1) if word[:n] in beginnings), default=0)


def _unknown(word: str, alphabet: str) -> str:
    """Return a word that the lexicon lacks: its beginning as in known words, the rest by letter."""
    beginnings = _beginnings(alphabet)
    _, letters = _reverse(alphabet)
    for end in range(len(word), MIN_BEGINNING - 1, -1):
        splits_a_pair = end < len(word) and word[end - 1 : end + 1] in letters  # as in "sh"
        if word[:end] in beginnings and not splits_a_pair:
            return by_letter(word[end:], alphabet, before=beginnings[word[:end]])
    return by_letter(word, alphabet)


def _like(word: str, found: str, alphabet: str) -> str:
    """Return the word found with the capitals of the word given."""
    if len(word) > 1 and (word.isupper() or word == to_alphabet(found.upper(), alphabet)):
        return found.upper()
    return found[:1].upper() + found[1:] if word[:1].isupper() else found


@cache
def spelled(alphabet: str) -> dict[str, str]:
    """Return the most frequent Kazakh word behind each spelling in an alphabet."""
    index: dict[str, str] = {}
    for word in lexicon.frequencies():  # most frequent first
        index.setdefault(to_alphabet(word, alphabet), word)
    return index


@cache
def _beginnings(alphabet: str) -> dict[str, str]:
    """Return what the beginnings of known words, spelt in an alphabet, stand for."""
    table = ALPHABETS[alphabet]
    found: dict[str, str] = {}
    for word in lexicon.frequencies():
        key = ""
        for number, letter in enumerate(word, start=1):
            key += table.get(letter, letter)
            if len(key) >= MIN_BEGINNING:
                found.setdefault(key, word[:number])
    return found


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


def _from_russian_letters(text: str) -> Converted:
    """Restore Kazakh letters in a text that has none but whose words are Kazakh."""
    words = [word.lower() for word in _CYRILLIC_WORD.findall(text)]
    if _KAZAKH_LETTER.search(text) or not words:
        return Converted(text, "cyrillic")
    index = readings()
    kazakh = sum(word in index for word in words)
    russian = sum(_RUSSIAN_WORD.fullmatch(word) is not None for word in words)
    if kazakh < MIN_RESTORED * len(words) or russian > MAX_RUSSIAN * len(words):
        return Converted(text, "cyrillic")
    return Converted(_CYRILLIC_WORD.sub(_replace_russian, text), "cyrillic_russian")


def _replace_russian(match: re.Match[str]) -> str:
    word = match.group()
    lower = word.lower()
    if lower in lexicon.frequencies() and lower not in readings():
        return word
    return _like(word, readings().get(lower) or _restored_ending(lower), "cyrillic_russian")


def _restored_ending(word: str) -> str:
    """Return a word that the lexicon lacks with its beginning restored, and what follows it."""
    beginnings = _beginnings("cyrillic_russian")
    for end in range(len(word), MIN_BEGINNING - 1, -1):
        if word[:end] in beginnings:
            before, after = beginnings[word[:end]], word[end:]
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
