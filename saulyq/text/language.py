"""Language of a paragraph."""

import re
from functools import cache
from typing import Any

# Kazakh, Russian, the neighbours that share its letters, and what turns up in the press.
LANGUAGES = ("kk", "ru", "ky", "tt", "ba", "uz", "mn", "en", "tr", "de", "zh", "ar")
N_CHARACTERS = 300  # enough to tell; more only takes time

_SCRIPTS = {
    "cyrillic": re.compile(r"[\u0400-\u052F]+"),
    "latin": re.compile(r"[A-Za-z\u00C0-\u024F]+"),
    "arabic": re.compile(r"[\u0600-\u06FF]+"),
}


def script_of(text: str) -> str:
    """Return the script of most letters: cyrillic, latin, arabic, or other (also for none)."""
    counts = {name: sum(map(len, runs.findall(text))) for name, runs in _SCRIPTS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "other"


def language_of(text: str) -> str:
    """Return kk, ru, other, or unknown.

    unknown: no letters, or not in Cyrillic; there the identifier (py3langid) knows no Kazakh.
    """
    if script_of(text) != "cyrillic":
        return "unknown"
    language, _ = _identifier().classify(text[:N_CHARACTERS])
    return language if language in ("kk", "ru") else "other"


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    return identifier
