"""Kazakh in other letters: from Cyrillic to each spelling that is met on the web."""

import unicodedata

# What all Latin spellings share.
_LATIN = {
    **dict(zip("абвгдезклмнопрстфыэ", "abvgdezklmnoprstfye", strict=True)),
    **{"ц": "ts", "ч": "ch", "ъ": "", "ь": "", "һ": "h", "х": "h", "қ": "q"},
}
ALPHABETS: dict[str, dict[str, str]] = {
    # Decree of 19 February 2018.
    "latin_2018": _LATIN
    | {"ә": "á", "ғ": "ǵ", "ж": "j", "и": "ı", "й": "ı", "і": "i", "ң": "ń", "ө": "ó", "у": "ý"}
    | {"ұ": "u", "ү": "ú", "ш": "sh", "щ": "shch", "ё": "ıo", "ю": "ıý", "я": "ıa"},
    # Draft of January 2021.
    "latin_2021": _LATIN
    | {"ә": "ä", "ғ": "ğ", "ж": "j", "и": "i", "й": "i", "і": "ı", "ң": "ñ", "ө": "ö", "у": "u"}
    | {"ұ": "ū", "ү": "ü", "ш": "ş", "щ": "ştş", "ё": "io", "ю": "iu", "я": "ia", "ч": "tş"},
    # Draft of September 2017.
    "latin_digraph": _LATIN
    | {"ә": "ae", "ғ": "gh", "ж": "zh", "и": "i", "й": "j", "і": "i", "ң": "ng", "ө": "oe"}
    | {"у": "w", "ұ": "u", "ү": "ue", "ш": "sh", "щ": "shch", "ё": "jo", "ю": "ju", "я": "ja"},
    # Without any sign, as in chats.
    "latin_adhoc": _LATIN
    | {"ә": "a", "ғ": "g", "ж": "j", "и": "i", "й": "i", "і": "i", "ң": "n", "ө": "o", "у": "u"}
    | {"ұ": "u", "ү": "u", "ш": "sh", "щ": "sh", "ё": "yo", "ю": "yu", "я": "ya", "қ": "k"},
    "cyrillic": {},
    # Kazakh typed on a Russian keyboard.
    "cyrillic_russian": dict(zip("әғқңөұүһі", "агкноуухи", strict=True)),
}


def to_alphabet(text: str, alphabet: str) -> str:
    """Return Cyrillic text in another spelling; what the alphabet does not name stays as it is."""
    table = ALPHABETS[alphabet]
    return "".join(_letter(character, table) for character in unicodedata.normalize("NFC", text))


def _letter(character: str, table: dict[str, str]) -> str:
    lower = character.lower()
    if lower not in table:
        return character
    letters = table[lower]
    return letters if lower == character else letters[:1].upper() + letters[1:]
