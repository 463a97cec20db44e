"""Letter-level clean-up, the same in training, tagging and `pipeline` import.

It is a `tokenizers` normalizer, so that a transformer's `tokenizer.json` carries it along.
"""

import re

from tokenizers import Regex, normalizers

# The letters that Kazakh has and Russian has not.
KAZAKH_LETTER = re.compile("[әіңғүұқөһӘІҢҒҮҰҚӨҺ]")

# Latin letters that look like Cyrillic ones and turn up inside Kazakh words typed in haste.
LOOKALIKES = dict(zip("aceiopxyəɵhABCEHIKMOPTXYƏƟ", "асеіорхуәөһАВСЕНІКМОРТХУӘӨ", strict=True))
# Soft hyphen, zero-width blanks and joiners, direction marks, byte-order mark.
INVISIBLE = r"[\u00AD\u200B-\u200F\u202A-\u202E\u2060\uFEFF]"

APOSTROPHE = "[‘’ʻʼ`´′]"

# How far a Cyrillic letter may be. Without a bound a long run of letters takes quadratic time,
# and the regular-expression engine wants look-behinds of fixed length, one for each distance.
_LONGEST_WORD = 30
_AFTER_CYRILLIC = "|".join(rf"\p{{Cyrillic}}\w{{{n}}}" for n in range(_LONGEST_WORD))


def _repair(lookalike: str, letter: str) -> normalizers.Normalizer:
    """Replace a look-alike, in words that hold a Cyrillic letter: "COVID" must stay Latin."""
    ahead = rf"(?=\w{{0,{_LONGEST_WORD}}}\p{{Cyrillic}})"
    pattern = rf"{lookalike}{ahead}|(?<={_AFTER_CYRILLIC}){lookalike}"
    return normalizers.Replace(Regex(pattern), letter)


NORMALIZER = normalizers.Sequence(
    [
        normalizers.Replace(Regex(INVISIBLE), ""),
        normalizers.NFC(),
        *(_repair(lookalike, letter) for lookalike, letter in LOOKALIKES.items()),
        # One sign for all apostrophes; quotation marks stand at the edge of a word.
        normalizers.Replace(Regex(rf"(?<=\w){APOSTROPHE}(?=\w)"), "'"),
        # Again: a repaired letter may now join with the mark after it (Latin y + breve -> ў).
        normalizers.NFC(),
        normalizers.Replace(Regex(r"\s+"), " "),
        normalizers.Strip(),
    ]
)


# Words of letters of one script and of signs that none of the steps above changes.
_PLAIN_SIGN = r"[0-9А-Яа-яЁёӘәІіҢңҒғҮүҰұҚқӨөҺһ.,!?:;()«»“”„%№/–—…\"+-]"
_PLAIN = re.compile(rf"(?:{_PLAIN_SIGN}+(?: {_PLAIN_SIGN}+)*)?")


def normalise(text: str) -> str:
    """Return `text` in NFC, without invisible marks, look-alikes repaired, spaces made one.

    Applying it twice changes nothing. Case, digits and punctuation are kept.
    """
    # Most text is as it should be, and to see that takes a tenth of the time.
    return text if _PLAIN.fullmatch(text) else NORMALIZER.normalize_str(text)
