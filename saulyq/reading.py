"""One line of a JSONL, CSV or text file, read strictly, whoever asks for it."""

import json
from typing import Any

from saulyq.text.letters import normalise


class LineError(Exception):
    """What is wrong with a line; the reader adds where it stands."""


def decode_line(raw: bytes, number: int) -> str:
    """Return a line of UTF-8; raise LineError with the place of the first wrong byte.

    number: counts from 1; only the first line of a file may begin with a byte-order mark.
    """
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        place = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        raise LineError(f"{place} is not UTF-8; save the file as UTF-8") from error


def parse_object(line: str) -> dict[str, Any]:
    """Return the JSON object in a line; raise LineError if it holds anything else."""
    try:
        row = json.loads(line)
    # Digits without end and nesting without end are errors of other kinds.
    except (ValueError, RecursionError) as error:
        raise LineError(f"not valid JSON ({error})") from error
    if not isinstance(row, dict):
        raise LineError(f"{type(row).__name__}; expected one JSON object a line")
    return row


def check_readable(text: str, name: str) -> None:
    """Raise LineError unless a text can be written as UTF-8 and has something to read."""
    # JSON can write half of a character ("\ud83d"), which no file in UTF-8 can hold.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise LineError(f"{name!r} holds half of a surrogate pair")
    # strip() knows separators (U+001C to U+001F) that the normalizer does not take for blanks.
    if not normalise(text.replace("\0", "")).strip():
        raise LineError(f"{name!r} is empty")
