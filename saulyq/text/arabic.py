"""Kazakh in Arabic letters (töte jazu, as in China) to Cyrillic, and back to measure it.

The letters are those of the 1924 reform of Akhmet Baitursynov. One mark, the hamza, goes before
a word to say that its vowels are front; a word with ك, گ or ە shows it without the mark, and one
with ق or ع never takes it. The web writes the mark as U+0621 and books as U+0674.
"""

import re
import unicodedata
from functools import cache

from saulyq.text import lexicon
from saulyq.text.spellings import MIN_BEGINNING

HAMZA = "\u0674"
LONGEST_BEGINNING = 40  # letters without a space may go on for a page
_LETTERS = {
    **dict(zip("абвгғджзийкқлмнңоп", "ابۆگعدجزييكقلمنڭوپ", strict=True)),
    **dict(zip("рстуұфхһчшыеэ", "رستۋۇفحھچشىەە", strict=True)),
    # Front vowels look like back ones: the hamza tells them apart.
    **{"ә": "ا", "ө": "و", "ү": "ۇ", "і": "ى"},
    **{"ё": "يو", "ю": "يۋ", "я": "يا", "ц": "تس", "щ": "شش", "ъ": "", "ь": ""},
}
_TO_MARKS = str.maketrans(",;?", "،؛؟")
_FROM_MARKS = str.maketrans("،؛؟", ",;?")
_SHOWS_FRONT = re.compile("[كگە]")
_TAKES_NO_HAMZA = re.compile("[كگەقع]")
_FRONT_VOWEL = re.compile("[әөүі]")
_WITH = re.compile("[مبپ]ەن$")  # the ending "with" has one form, whatever the harmony
_CYRILLIC_WORD = re.compile("[а-яёәіңғүұқөһ]+", re.IGNORECASE)

# Forms of one letter, and what keyboards of other languages put for a Kazakh one.
_SHAPED = re.compile("[\u0675-\u0677\ufb50-\ufdff\ufe70-\ufefc]+")
_VARIANTS = str.maketrans("ءکہهخۈ", "ٴكەەحۇ") | {0x0678: "ٴى", 0x0640: ""}
_FARSI_YEH = "\u06cc"
_ARABIC_WORD = r"[\u0621-\u064A\u066E-\u0678\u067A-\u06D3\u06D5]+"
# The dot of a one-letter abbreviation ends no sentence.
_SENTENCE_END = r"(?<![\W_]\w)[.!?؟…][»”\")]*\s"
_WORD = re.compile(rf"(?P<start>(?:\A|{_SENTENCE_END})[\s«“\"(–—-]*)?(?P<word>{_ARABIC_WORD})")

# Letter by letter, where the lexicon does not help: vowels and glides by what is around them.
_GLIDES = [
    ("تس(?=ي)", "ц"),
    (r"(?<=[^\Wاوۇىەۋي])ي(?=ا|ۋ$)", "и\\g<0>"),
    ("يا", "я"),
    ("يۋ", "ю"),
    ("(?<=[اوۇىەۋ])ي", "й"),
]
_BACK = str.maketrans("ابۆگعدجزيكقلمنڭوپرستۋۇفحھچشىە", "абвгғджзикқлмнңопрстуұфхһчшые")
_FRONT = _BACK | str.maketrans("ۇى", "үі")


def to_arabic(text: str) -> str:
    """Return Cyrillic Kazakh in töte jazu: no capitals, ، ؛ ؟ for , ; ?, the hamza as U+0674."""
    text = unicodedata.normalize("NFC", text)
    return _CYRILLIC_WORD.sub(lambda match: _spell(match.group()), text).translate(_TO_MARKS)


def from_arabic(text: str) -> str:
    """Return Kazakh in Arabic letters in Cyrillic; words in other letters stay as they are.

    A word in Arabic letters that begins the text or a sentence gets a capital, no other does.
    """
    text = _SHAPED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    return _WORD.sub(_convert_match, text).translate(_FROM_MARKS)


def to_cyrillic_word(word: str) -> str:
    """Return one word in lower-case Cyrillic: the commonest word of the lexicon so spelt, or
    the longest known beginning with the rest letter by letter, or all letters by vowel harmony.
    """
    word = _SHAPED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), word)
    word = word.translate(_VARIANTS)
    # Farsi yeh has dots inside a word and none at its end; some keyboards have no other yeh.
    by_look = re.sub(f"{_FARSI_YEH}$", "ى", word).replace(_FARSI_YEH, "ي")
    keys = [_with_hamza_first(w) for w in (by_look, word.replace(_FARSI_YEH, "ى"))]
    # The mark is often left out, and often written where the letters show it already.
    keys += [HAMZA + key for key in keys if not key.startswith(HAMZA)]
    found = (_spelled().get(key) for key in keys)
    return next((known for known in found if known), None) or _by_letters(keys[0])


def _convert_match(match: re.Match[str]) -> str:
    word = to_cyrillic_word(match["word"])
    if match["start"] is None:
        return word
    return match["start"] + word[:1].upper() + word[1:]


def _spell(word: str) -> str:
    spelt = "".join(_letters(word.lower()))
    front = _FRONT_VOWEL.search(word.lower()) and not _TAKES_NO_HAMZA.search(spelt)
    return HAMZA + spelt if front else spelt


def _spell_as_heard(word: str) -> str:
    """Return what sites also write: س for ц, and يە for е after a vowel (توقايەۆ, Тоқаев)."""
    heard = re.sub("(?<=[аәиоөуұүыі])е", "йе", word.replace("ц", "с"))
    return _spell(heard)


def _letters(word: str) -> list[str]:
    """Return what each letter of a lower-case word becomes; "ия" and "ию" have one ي."""
    pairs = zip(word, word[1:] + " ", strict=True)
    return ["" if a == "и" and b in "яю" else _LETTERS[a] for a, b in pairs]


def _with_hamza_first(word: str) -> str:
    bare = word.replace(HAMZA, "")
    return HAMZA + bare if bare != word and not _TAKES_NO_HAMZA.search(bare) else bare


def _is_front(spelt: str) -> bool:
    return spelt.startswith(HAMZA) or _SHOWS_FRONT.search(spelt) is not None


@cache
def _spelled() -> dict[str, str]:
    index: dict[str, str] = {}
    for spell in (_spell, _spell_as_heard):
        for word in lexicon.frequencies():  # most frequent first
            index.setdefault(spell(word), word)
    return index


@cache
def _beginnings() -> dict[tuple[bool, str], str]:
    found: dict[tuple[bool, str], str] = {}
    for word in lexicon.frequencies():
        front, key = _is_front(_spell(word)), ""
        for number, letters in enumerate(_letters(word), start=1):
            key += letters
            if len(key) >= MIN_BEGINNING:
                found.setdefault((front, key), word[:number])
    return found


def _by_letters(spelt: str) -> str:
    bare, front = spelt.removeprefix(HAMZA), _is_front(spelt)
    for end in range(min(len(bare), LONGEST_BEGINNING), MIN_BEGINNING - 1, -1):
        # A glide is read by the letter before it, and ц is two letters here.
        if bare[end : end + 1] == "ي" or bare[end - 1 : end + 1] == "تس":
            continue
        for harmony in (front, not front):
            if (harmony, bare[:end]) in _beginnings():
                known = _beginnings()[harmony, bare[:end]]
                vowels = re.findall("[аоұыяәөүіеэ]", known)
                ending_is_front = bool(vowels) and vowels[-1] in "әөүіеэ"
                return known + _vowels(bare[end:], ending_is_front)
    if spelt.startswith(HAMZA):  # ә and ө stand in the first syllable
        first = re.sub("[او]", lambda match: {"ا": "ә", "و": "ө"}[match.group()], bare, count=1)
        return _vowels(first, True)
    return _vowels(bare, front)


def _vowels(bare: str, front: bool) -> str:
    """Return letters in Cyrillic; a letter that only one harmony has overrules `front`."""
    if re.search("[قع]", bare):
        front = False
    elif _SHOWS_FRONT.search(_WITH.sub("", bare)):
        front = True
    for pattern, letter in _GLIDES:
        bare = re.sub(pattern, letter, bare)
    return bare.translate(_FRONT if front else _BACK)
