"""Kazakh in other letters, or typed without its own, back to the Cyrillic that models read.

A word is looked up among the words of the lexicon as that alphabet would spell them; the most
frequent one wins. A word that is not there is spelt letter by letter.
"""

import re
import unicodedata
from dataclasses import dataclass

from saulyq.text import arabic, kazakh_letters, latin, legacy, lexicon
from saulyq.text.language import script_of
from saulyq.text.letters import KAZAKH_LETTER, LOOKALIKES

LATIN_ALPHABETS = ("latin_2018", "latin_2021", "latin_digraph", "latin_adhoc")
_LATIN_WORD = re.compile(r"[A-Za-z\u00C0-\u024F]+(?:['’][A-Za-z]+)?")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00C0-\u024F]")
_MIXED_WORD = re.compile(r"[A-Za-z\u00C0-\u024F\u0300-\u036F\u0400-\u052F]+")
_TO_LATIN = str.maketrans({cyrillic: latin for latin, cyrillic in LOOKALIKES.items()})
_CYRILLIC_WORD = re.compile(r"[А-Яа-яЁё]+")
_LETTER_OR_GAP = r"[\u0400-\u052F?]"
# A question mark at the end of a word is a gap only where the sentence goes on.
_GAPPED_WORD = re.compile(
    rf"{_LETTER_OR_GAP}*\?(?:{_LETTER_OR_GAP}*[\u0400-\u052F]|(?= [а-яёәіңғүұқөһ]))"
)
_CYRILLIC_RUN = re.compile(r"[\u0400-\u052F]+")
# Of the words of a paragraph, so many must be Kazakh words for it to be converted.
MIN_KNOWN = 0.3
MIN_WORDS = 3
# The commonest English words, of those that are no Kazakh ones in Latin letters, make up a fifth of
# English text.
_ENGLISH_WORD = re.compile(
    r"the|of|and|to|in|for|with|that|this|are|was|from|it|be|not|by|as|or|has|have|we|you|its|but"
)
MAX_ENGLISH = 0.1
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

    script: cyrillic, cyrillic_russian, cyrillic_legacy (an old font), one of LATIN_ALPHABETS, latin
    (not Kazakh), arabic, or other.
    Words whose Kazakh letters were lost to "?" get them back where one word is clearly meant.
    """
    script = script_of(text)
    if script == "latin":
        return _from_latin(text)
    if script == "arabic":
        return _from_arabic(text)
    if script == "other":
        return Converted(text, "other")
    repaired = legacy.repair_legacy(text)
    if repaired is not None:
        return Converted(repaired, "cyrillic_legacy")
    if "?" in text:
        text = _GAPPED_WORD.sub(lambda match: kazakh_letters.fill_gaps(match.group()), text)
    if KAZAKH_LETTER.search(text):
        return Converted(text, "cyrillic")
    words = [word.lower() for word in _CYRILLIC_WORD.findall(text)]
    if not kazakh_letters.is_kazakh_in_russian_letters(words):
        return Converted(text, "cyrillic")
    restored = _CYRILLIC_WORD.sub(lambda match: kazakh_letters.restore(match.group()), text)
    return Converted(restored, "cyrillic_russian")


def _from_arabic(text: str) -> Converted:
    converted = arabic.from_arabic(text)
    words = _CYRILLIC_RUN.findall(converted.lower())
    known = sum(len(word) for word in words if word in lexicon.frequencies())
    is_kazakh = known >= MIN_KNOWN * sum(map(len, words))  # and not Arabic, Persian or Uyghur
    return Converted(converted if is_kazakh else text, "arabic")


def _all_latin(match: re.Match[str]) -> str:
    """Return a Latin word without the Cyrillic letters of the same look that were typed into it."""
    word = match.group()
    is_mixed = _LATIN_LETTER.search(word) and _CYRILLIC_RUN.search(word)
    has_twins = all(ord(letter) in _TO_LATIN for letter in "".join(_CYRILLIC_RUN.findall(word)))
    return word.translate(_TO_LATIN) if is_mixed and has_twins else word


def _from_latin(text: str) -> Converted:
    original = text
    text = unicodedata.normalize("NFC", _MIXED_WORD.sub(_all_latin, text))
    words = _LATIN_WORD.findall(text)
    signed = [alphabet for alphabet in _SIGNS if _SIGNS[alphabet].search(text)]
    candidates = signed or LATIN_ALPHABETS  # of equally good ones, the first
    known = {alphabet: latin.share_known(words, alphabet) for alphabet in candidates}
    best = max(candidates, key=lambda alphabet: known[alphabet])
    # Single letters are no words; "PET/CT" would be a word and a half.
    too_few = sum(len(word) > 1 for word in words) < (1 if signed else MIN_WORDS)
    english = sum(_ENGLISH_WORD.fullmatch(word.lower()) is not None for word in words)
    if too_few or known[best] < MIN_KNOWN or english >= MAX_ENGLISH * len(words):
        return Converted(original, "latin")
    converted = _LATIN_WORD.sub(lambda match: latin.to_cyrillic_word(match.group(), best), text)
    if script_of(converted) == "latin":  # rather a foreign text with Kazakh words in it
        return Converted(original, "latin")
    return Converted(converted, best)
