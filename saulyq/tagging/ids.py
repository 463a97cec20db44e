"""Counting the ids that come more than once, in eight bytes an id."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from saulyq.tagging.blocks import Block
from saulyq.tagging.inputs import Row


class RepeatedIds:
    """Counts paragraphs whose id has been seen: ids as 64-bit checksums in sorted arrays.

    Arrays of like length are merged, so that there are few of them: a million ids take 8 MB, where
    a set of them would take 150. Two different ids have the same checksum once in 10**7 runs of
    a million.
    """

    def __init__(self) -> None:
        self.n_repeated = 0
        self._sorted: list[NDArray[np.uint64]] = []

    def counted(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Yield the blocks, the ids of their rows counted."""
        for block in blocks:
            self.add(item for item in block if isinstance(item, Row))
            yield block

    def add(self, rows: Iterable[Row]) -> None:
        keys = np.array([_key(row) for row in rows], dtype=np.uint64)
        fresh = np.unique(keys)
        for seen in self._sorted:
            fresh = fresh[~_holds(seen, fresh)]
        self.n_repeated += len(keys) - len(fresh)
        self._keep(fresh)

    def _keep(self, fresh: NDArray[np.uint64]) -> None:
        while self._sorted and len(self._sorted[-1]) <= 2 * len(fresh):
            fresh = np.sort(np.concatenate([self._sorted.pop(), fresh]))
        if len(fresh):
            self._sorted.append(fresh)


def _key(row: Row) -> int:
    told = f"{row.id}\0{row.paragraph}".encode()
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "little")


def _holds(seen: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    places = np.searchsorted(seen, keys)
    return np.asarray(seen[np.minimum(places, len(seen) - 1)] == keys)
