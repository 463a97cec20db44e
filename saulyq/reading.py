"""One line of a JSONL, CSV or text file, read strictly, whoever asks for it."""

import json
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from saulyq.errors import UserError
from saulyq.text.letters import normalise

# Of a line, in bytes. Longer ones are no text but a file without line ends, and would fill memory.
MAX_LINE = 8_000_000

_SURROGATE = re.compile("[\ud800-\udfff]")
_LETTER = re.compile("[0-9A-Za-zА-Яа-яЁёӘәІіҢңҒғҮүҰұҚқӨөҺһ]")


class LineError(Exception):
    """What is wrong with a line; the reader adds where it stands."""


class EmptyTextError(LineError):
    """A text without anything to read, which some readers pass over."""


class BrokenOffError(UserError):
    """Why the file `name` is read no further, and the line (or row of a table) where that is."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.line = line
        self.reason = reason


def decode_line(raw: bytes, number: int) -> str:
    """Return a line of UTF-8; raise LineError with the place of the first wrong byte.

    number: counts from 1; only the first line of a file may begin with a byte-order mark.
    """
    if len(raw) > MAX_LINE:
        raise LineError(f"line of more than {MAX_LINE} bytes")
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
    if _SURROGATE.search(text):
        raise LineError(f"{name!r} holds half of a surrogate pair")
    # The mark of a file that is no text, or of UTF-16 taken for UTF-8.
    if "\0" in text:
        raise LineError(f"{name!r} holds a NUL byte")
    # Clean-up takes no letter and no digit away: most texts need not be cleaned to see that.
    # strip() knows separators (U+001C to U+001F) that the normalizer does not take for blanks.
    if not _LETTER.search(text) and not normalise(text).strip():
        raise EmptyTextError(f"{name!r} is empty")


def check_writable(values: Mapping[str, Any]) -> None:
    """Raise LineError unless each value, under its name, can be written as JSON in UTF-8.

    Values that JSON does not know (dates, decimals, bytes) count as their str().
    """
    for name, value in values.items():
        try:
            json.dumps({name: value}, ensure_ascii=False, allow_nan=False, default=str).encode()
        except UnicodeEncodeError as error:
            raise LineError(f"{name!r} holds half of a surrogate pair") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise LineError(f"{name!r} cannot be written as JSON ({error})") from error


def without_nan(value: Any) -> Any:
    """Return a value with None for NaN, the missing number of data frames, inside it as well.

    Raises LineError if it is nested too deep.
    """
    try:
        if isinstance(value, dict):
            return {key: without_nan(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [without_nan(inner) for inner in value]
    except RecursionError as error:
        raise LineError("a value is nested too deep") from error
    return None if isinstance(value, float) and math.isnan(value) else value


def check_header(names: Sequence[str], text: str, hint: str = "") -> None:
    """Raise LineError unless a table has a column `text`, and no column twice.

    hint: what else may be wrong where the column is missing. Columns may be without a name.
    """
    if text not in names:
        shown = ", ".join(name if name.isprintable() else repr(name) for name in names)
        found = textwrap.shorten(shown, 300) or "nothing"
        raise LineError(f"no column {text!r}; found {found}; {hint}name yours with --text-column")
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            raise LineError(f"column {name!r} stands twice; rename one")
        seen.add(name)
