"""Batches of windows of like length: little padding, and about the same work in each."""

from collections.abc import Iterator, Sequence

import numpy as np


def token_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield rows, shortest first, in batches that take at most `budget` tokens when padded.

    A window that alone is longer is a batch of its own.
    """
    batch: list[int] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if batch and lengths[row] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
