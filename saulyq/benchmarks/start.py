"""How long a new process takes to its first result."""

import json
import statistics
import sys
from functools import partial
from pathlib import Path

from saulyq.benchmarks.children import predict_words, seconds_to_first_line
from saulyq.benchmarks.figures import Figures, Goal, in_turn, ratios, spread, table

OURS, PIPELINE = "predict.py", "pipeline"
SECONDS = Goal(1, " s", at_most=True)
TIMES_FASTER = Goal(6, "x")

_TAGS = """
import sys
from transformers import pipeline
tag = pipeline("text-classification", model=sys.argv[1], top_k=None)
print(tag([sys.stdin.read()]), flush=True)
"""


def measure(model: Path, text: str, rounds: int) -> Figures:
    """Return the seconds in which a new process tags one paragraph: ours, and one that imports
    transformers and loads the model as a pipeline.
    """
    row = json.dumps({"text": text}) + "\n"
    ours = predict_words("-", "--model", model)
    theirs = [sys.executable, "-c", _TAGS, str(model)]
    return in_turn(
        {
            OURS: partial(seconds_to_first_line, ours, row),
            PIPELINE: partial(seconds_to_first_line, theirs, text),
        },
        rounds,
    )


def markdown(seconds: Figures) -> str:
    """Return the seconds as a table, with goals."""
    faster = ratios(seconds[PIPELINE], seconds[OURS])
    goals = [
        SECONDS.judged(statistics.median(seconds[OURS])),
        TIMES_FASTER.judged(statistics.median(faster)),
    ]
    rows = [
        [OURS, spread(seconds[OURS], 2), spread(faster), "; ".join(goals)],
        [PIPELINE, spread(seconds[PIPELINE], 2), "", ""],
    ]
    return table(["a new process of", "seconds to the first result", "times faster", "goal"], rows)
