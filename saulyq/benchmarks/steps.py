"""How long each step of tagging takes, and the scores of each model."""

import statistics
from collections.abc import Callable, Sequence
from functools import partial

from saulyq.artifacts import ModelFolder
from saulyq.benchmarks.figures import Figures, in_turn, ratios, seconds_of, spread, table
from saulyq.comparison import names_of
from saulyq.text import convert, normalise, to_cyrillic
from saulyq.text.debris import clean_text
from saulyq.text.language import language_of

Step = Callable[[Sequence[str]], object]


def measure(models: Sequence[ModelFolder], texts: Sequence[str], rounds: int) -> Figures:
    """Return the milliseconds a paragraph of each step; those of the models come last."""
    steps: dict[str, Step] = {
        "clean-up of letters": lambda texts: [normalise(text) for text in texts],
        "page debris": lambda texts: [clean_text(text) for text in texts],
        "script conversion": lambda texts: [convert(text) for text in texts],
        "language": lambda texts: [language_of(text) for text in texts],
    }
    cyrillic = [to_cyrillic(text) for text in texts]  # conversion is a step of its own
    measures = {name: _milliseconds(step, texts) for name, step in steps.items()}
    for name, loaded in zip(names_of(models), models, strict=True):
        measures[f"scores of {name}"] = _milliseconds(loaded.model.score, cyrillic)
    return in_turn(measures, rounds)


def _milliseconds(step: Step, texts: Sequence[str]) -> Callable[[], float]:
    step(texts)  # what is loaded when it is first needed is not counted
    return lambda: 1000 * seconds_of(partial(step, texts)) / len(texts)


def markdown(figures: Figures, n_models: int) -> str:
    """Return the steps as a table, each as a share of the first model's scores."""
    first = list(figures.values())[-n_models]
    rows = [
        [name, spread(values, 3), f"{statistics.median(ratios(values, first)):.1%}"]
        for name, values in figures.items()
    ]
    return table(["step", "ms a paragraph", "of the first model"], rows)
