"""How much of its F1 a tagger keeps on the same paragraphs spelt or typed in other ways."""

from dataclasses import replace
from typing import Any

import numpy as np

from saulyq import thresholds
from saulyq.artifacts import ModelFolder
from saulyq.data import Split
from saulyq.evaluation import cutoffs_of, existing
from saulyq.metrics import macro_f1, micro_f1
from saulyq.text.noise import VARIANTS


def clean_kazakh(split: Split) -> Split:
    """Return the paragraphs of a split that are Kazakh in Cyrillic, or not marked at all."""
    rows = [
        i
        for i, p in enumerate(split.paragraphs)
        if p.details.get("language", "kk") == "kk"
        and p.details.get("script", "cyrillic") == "cyrillic"
    ]
    return split.take(rows)


def robustness(loaded: ModelFolder, split: Split, *, seed: int) -> dict[str, dict[str, Any]]:
    """Return macro- and micro-F1 on clean Kazakh paragraphs and on each way of spoiling them."""
    clean = clean_kazakh(split)
    cutoffs = cutoffs_of(loaded.thresholds, loaded.topics)
    figures: dict[str, dict[str, Any]] = {}
    for name in ("clean", *VARIANTS):
        rng = np.random.default_rng(seed)  # the same slips for every tagger
        spoilt = tuple(
            p if name == "clean" else replace(p, text=VARIANTS[name](p.text, rng))
            for p in clean.paragraphs
        )
        scores, _ = loaded.model.score(replace(clean, paragraphs=spoilt).texts)
        tags = thresholds.apply(scores, cutoffs)
        figures[name] = {
            "macro_f1": existing(macro_f1(clean.gold, tags)),
            "micro_f1": existing(micro_f1(clean.gold, tags)),
        }
    return figures


def markdown(figures: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return macro-F1 by way of typing (rows) and tagger (columns) as a Markdown table."""
    names = list(figures)
    lines = ["| paragraphs typed as | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    for variant in next(iter(figures.values())):
        cells = []
        for name in names:
            f1, clean = (figures[name][v]["macro_f1"] for v in (variant, "clean"))
            drop = "" if variant == "clean" else f" ({100 * (f1 - clean):+.1f})"
            cells.append(f"{f1:.3f}{drop}")
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)
