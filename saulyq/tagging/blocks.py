"""Blocks: rows that are read, tagged and written together, in the order of the input."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from saulyq.errors import UserError
from saulyq.tagging.inputs import Reject, Row, Source
from saulyq.text.debris import LINES_OF_TITLE, WORDS_IN_TITLE

# Results come after so many rows at first, then after four times as many, up to the full size:
# whoever watches sees them soon.
FIRST_ROWS, FULL_ROWS = 16, 1024
FULL_CHARACTERS = 1_000_000
N_BETWEEN = 16  # times FULL_ROWS

T = TypeVar("T")


class StrictStopError(UserError):
    """A bad row where none is allowed: nothing of the output is to stay."""


@dataclass(frozen=True)
class Repeat:
    """A title said again on a line of its own: read, counted, left out."""


Item = Row | Reject | Repeat
Block = list[Item]


class Tally:
    """Counts rows as they come from the reader."""

    n_rows = 0

    def of(self, rows: Iterable[Row | Reject]) -> Iterator[Row | Reject]:
        """Yield the rows."""
        for row in rows:
            self.n_rows += 1
            yield row


def good_rows(rows: Iterable[Row | Reject]) -> Iterator[Row | Reject]:
    """Yield rows up to the first bad one."""
    for row in rows:
        if isinstance(row, Reject):
            raise StrictStopError(f"{row} (--strict stops at the first bad row)")
        yield row


def without_repeats(rows: Iterable[Row | Reject]) -> Iterator[Item]:
    """Yield the rows with a Repeat for each line at the top of a text file that says again what
    the line before it says.
    """
    before: Item | None = None
    for row in rows:
        if _repeats(row, before):
            yield Repeat()
        else:
            yield row
            before = row


def _repeats(row: Row | Reject, before: Item | None) -> bool:
    return (
        isinstance(row, Row)
        and isinstance(before, Row)
        and row.source is before.source
        and row.source.is_text()
        and row.paragraph < LINES_OF_TITLE
        and row.text == before.text
        and len(row.text.split()) >= WORDS_IN_TITLE
    )


def cut(
    items: Iterable[Item], *, by_article: bool, must_wait: Callable[[], bool] = lambda: False
) -> Iterator[Block]:
    """Yield blocks of items; with `by_article` they end where an article ends.

    The same items give the same blocks, unless `must_wait` says that the next item is not there
    yet: then what has come is not held back for it.
    """
    block: Block = []
    full, n_characters = FIRST_ROWS, 0
    article, n_between = None, 0
    for item in items:
        n_between = 0 if isinstance(item, Row) else n_between + 1
        # An article ends where so many bad rows stand that memory would fill with them.
        before = article if n_between < N_BETWEEN * FULL_ROWS else None
        article = _article(item, before)
        is_full = len(block) >= full or n_characters >= FULL_CHARACTERS
        goes_on = by_article and article is not None and article == before
        if block and is_full and not goes_on:
            yield block
            block, n_characters = [], 0
            full = min(4 * full, FULL_ROWS)
        block.append(item)
        n_characters += len(item.text) if isinstance(item, Row) else 0
        if not by_article and must_wait():
            yield block
            block, n_characters = [], 0
    if block:
        yield block


def _article(item: Item, before: tuple[Source, str] | None) -> tuple[Source, str] | None:
    """Return the article that an item is in; what is between two of its rows does not end it."""
    return (item.source, item.article_id) if isinstance(item, Row) else before


class Ahead(Generic[T]):
    """An iterator read in a thread of its own, a few items ahead of whoever takes them."""

    def __init__(self, items: Iterable[T], size: int) -> None:
        self._queue: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(size)
        self._stopped = threading.Event()
        self._items = items
        threading.Thread(target=self._fill, daemon=True).start()

    def _fill(self) -> None:
        try:
            for item in self._items:
                if not self._put((True, item)):
                    return
            self._put((False, None))
        except BaseException as error:  # raised again where the items are taken
            self._put((False, error))

    def _put(self, entry: tuple[bool, T | BaseException | None]) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def must_wait(self) -> bool:
        """Return whether the next item is not there yet."""
        return self._queue.empty()

    def stop(self) -> None:
        """Read no further."""
        self._stopped.set()

    def __iter__(self) -> Iterator[T]:
        try:
            while True:
                is_item, found = self._queue.get()
                if is_item:
                    yield found  # type: ignore[misc]  # an item, as it is told
                elif isinstance(found, BaseException):
                    raise found
                else:
                    return
        finally:
            self.stop()
