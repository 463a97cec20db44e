"""Script of a text and language of a paragraph, its neighbours told apart."""

import re
from functools import cache
from typing import Any

from saulyq.text import lexicon
from saulyq.text.letters import KAZAKH_LETTER

N_CHARACTERS = 300  # enough to tell; more only takes time
KAZAKH_OR_RUSSIAN = ("kk", "ru")

_SCRIPTS = {
    "cyrillic": re.compile(r"[\u0400-\u052F]+"),
    "latin": re.compile(r"[A-Za-z\u00C0-\u024F]+"),
    "arabic": re.compile(r"[\u0600-\u06FF]+"),
}
# Letters that Kazakh does not have, and whose they are. The identifier knows neither Karakalpak nor
# Uzbek in Cyrillic; Karakalpak has the letters of both, so it comes first.
_FOREIGN = (
    ("ba", re.compile("[ҡҙҫ]")),
    ("tt", re.compile("җ")),
    ("tg", re.compile("[ӣӯҷ]")),
    ("kaa", re.compile("ҳ.*[әңөү]|[әңөү].*ҳ|ў.*[әңөү]|[әңөү].*ў", re.DOTALL)),
    ("uz", re.compile("ҳ|ў.*[қғ]|[қғ].*ў", re.DOTALL)),
)
_KAZAKH_ALONE = re.compile("[ұ]|і.*[қғңәөү]|[қғңәөү].*і", re.DOTALL)
MIN_KAZAKH = 0.35  # of the words of a Kazakh text so many and more have a letter of its own
_WORD = re.compile(r"[\u0400-\u052F]+")
_IDENTIFIED = ("kk", "ru", "ky", "tt", "ba", "mn", "uk", "be", "bg", "mk", "sr")


def script_of(text: str) -> str:
    """Return the script of most letters: cyrillic, latin, arabic, or other (also for none)."""
    counts = {name: sum(map(len, runs.findall(text))) for name, runs in _SCRIPTS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "other"


def language_of(text: str) -> str:
    """Return the language of a text that `saulyq.text.convert` has been through.

    kk, ru, a neighbour by its ISO 639 code (ky, tt, ba, uz, kaa, tg, mn), other, or unknown: no
    letters at all.
    """
    script = script_of(text)
    if script != "cyrillic":
        return "unknown" if script == "other" else "other"
    start = text[:N_CHARACTERS].lower()
    for language, letters in _FOREIGN:
        if letters.search(start):
            return language
    words = _WORD.findall(start)
    kazakh_words = sum(KAZAKH_LETTER.search(word) is not None for word in words)
    # Not a Kazakh name or two in a Russian text.
    if _KAZAKH_ALONE.search(start) and kazakh_words >= MIN_KAZAKH * len(words):
        return "kk"
    if len(words) <= 3 and all(word in lexicon.frequencies() for word in words):
        return "kk"  # too short for the identifier
    language = str(_identifier().classify(start)[0])
    return language if language in ("kk", "ru", "ky", "tt", "ba", "mn") else "other"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(_IDENTIFIED))
    return identifier
