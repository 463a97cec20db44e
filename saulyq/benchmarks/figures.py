"""Figures measured in turn, round after round: a machine that is busy for a while slows all alike.

The ratio of two figures is taken round by round; what counts is the median of the rounds.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MEGABYTE = 1_000_000

Figures = dict[str, list[float]]  # one of each round, by what was measured


def in_turn(measures: Mapping[str, Callable[[], float]], rounds: int) -> Figures:
    """Return what each measure gives in each round; in a round each is taken once."""
    figures: Figures = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            figures[name].append(measure())
    return figures


def seconds_of(run: Callable[[], object]) -> float:
    """Return how many seconds a run takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratios(figures: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return how many times the other figure of its round each figure is."""
    return [figure / other for figure, other in zip(figures, others, strict=True)]


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return the median with the lowest and the highest value."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


@dataclass(frozen=True)
class Goal:
    """What a figure is to reach, at least or at most."""

    limit: float
    unit: str
    at_most: bool = False

    def judged(self, value: float) -> str:
        """Return the goal as text, with whether the value meets it."""
        is_met = value <= self.limit if self.at_most else value >= self.limit
        side = "at most" if self.at_most else "at least"
        return f"{side} {self.limit:,g}{self.unit}: {'met' if is_met else 'missed'}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are numbers, set right."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---|" + "--:|" * (len(head) - 1), *lines[1:]])
