"""Encoding of a text or CSV file, recognised by the words that it gives."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from saulyq.errors import UserError
from saulyq.text import lexicon

SAMPLE_BYTES = 65_536
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WIDE = ("utf-16-le", "utf-16-be")
# The first of those under which a text is equally likely is taken. kz1048 has Kazakh letters where
# cp1251 has Ukrainian and Serbian ones; a file that is Russian so far may have Kazakh further on.
# ptcp154 has other places for all Kazakh letters but іқҺһ, and letters where both have ‰±µ€™‹›.
NARROW = ("kz1048", "cp1251", "ptcp154")

# A sign of another encoding stands inside a word: "к‰ні" is "күні" of ptcp154 read as kz1048.
_WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~«»“”„‘’–—…№]+")
_KAZAKH = re.compile(r"[әңғүұқөһ]")
N_LETTERS = 3  # of a piece of a word, its ends included
MIN_WORDS = 3  # of the lexicon that have a piece
# Of the pieces. Paragraphs of data/ have 0.71 and more; Russian ones of KOI8-R, DOS and ISO 8859-5
# read as one of these have 0.45 at most.
MIN_KNOWN = 0.68


def detect_encoding(sample: bytes) -> str:
    """Return the name of the codec for a file that begins with `sample`.

    sample: SAMPLE_BYTES at most; may end inside a character. ASCII is "utf-8", and so is what is
    not plausible Kazakh or Russian in any encoding: its strict decoding names the wrong byte.
    """
    for mark, name in BOMS.items():
        if sample.startswith(mark):
            return name
    # Each Cyrillic letter has this byte in UTF-16; in other encodings it is not text.
    wide = _likeliest(sample, WIDE) if b"\x04" in sample else None
    if wide or _is_rather_utf8(sample):
        return wide or "utf-8"
    return _likeliest(sample, NARROW) or "utf-8"


def _is_rather_utf8(sample: bytes) -> bool:
    text = _decoded(sample, "utf-8")
    n_wrong = text.count("\ufffd")
    n_right = sum(character > "\x7f" for character in text) - n_wrong
    return n_wrong == 0 or n_right > n_wrong


def _decoded(sample: bytes, name: str) -> str:
    """Return the sample as text, without half a character at its end."""
    return codecs.getincrementaldecoder(name)("replace").decode(sample)


def _likeliest(sample: bytes, names: tuple[str, ...]) -> str | None:
    """Return the encoding of which most is known, None if the text is not plausible in any."""
    known = {name: _known(_decoded(sample, name)) for name in names}
    best = max(names, key=lambda name: known[name])
    return best if known[best] >= MIN_KNOWN else None


def _known(text: str) -> float:
    """Return the share of known pieces, in words outside ASCII, less that of wrong Kazakh ones."""
    pieces: Counter[str] = Counter()
    for word, n in Counter(_WORD.findall(text.lower())).items():
        if not word.isascii():
            pieces.update(dict.fromkeys(_pieces(word), n))
    known = sum(n for piece, n in pieces.items() if piece in _known_pieces())
    wrong = sum(n for p, n in pieces.items() if _KAZAKH.search(p) and p not in _known_pieces())
    return (known - wrong) / max(1, pieces.total())


def _pieces(word: str) -> list[str]:
    bounded = f" {word} "
    return [bounded[i : i + N_LETTERS] for i in range(len(bounded) - N_LETTERS + 1)]


@cache
def _known_pieces() -> frozenset[str]:
    counts = Counter(piece for word in lexicon.frequencies() for piece in _pieces(word))
    return frozenset(piece for piece, n in counts.items() if n >= MIN_WORDS)


def encoded_again(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield chunks of an encoding in UTF-8; raise UserError at a byte that is wrong in it."""
    decoder = codecs.getincrementaldecoder(name)()
    n_read = 0
    try:
        for chunk in chunks:
            n_read += len(chunk)
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        # What the decoder kept of the chunk before stands in front of this one.
        offset = n_read - len(error.object) + error.start
        place = f"byte 0x{error.object[error.start]:02x} at offset {offset}"
        raise UserError(f"{place} is not {name}; save the file as UTF-8") from error
