"""Comparing taggers on the same rows: intervals and a paired test, by article."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saulyq.artifacts import ModelFolder
from saulyq.data import Split
from saulyq.errors import UserError
from saulyq.evaluation import Report, existing, number
from saulyq.metrics import macro_f1, micro_f1, ratio

SLICES = ("language", "script", "genre")
LENGTHS = (("up to 15 words", 0, 15), ("16 to 60 words", 16, 60), ("over 60 words", 61, 10**9))


@dataclass(frozen=True)
class Result:
    """One tagger on one split: its tags, shape (n_paragraphs, n_topics), and its report."""

    name: str
    tags: NDArray[np.bool_]
    report: Report
    seconds: float  # to score the split, loading not counted


def check_same_topics(models: Sequence[ModelFolder]) -> None:
    """Raise UserError unless all models tag the same topics in the same order."""
    for model in models[1:]:
        if (model.topics.ids, model.topics.mode) != (models[0].topics.ids, models[0].topics.mode):
            raise UserError(f"{model.folder} and {models[0].folder} have different topics")


def names_of(models: Sequence[ModelFolder]) -> list[str]:
    """Return the name of each model's folder, its whole path where two are called alike."""
    names = [model.folder.resolve().name for model in models]
    return [
        name if names.count(name) == 1 else str(model.folder)
        for name, model in zip(names, models, strict=True)
    ]


def article_counts(
    gold: NDArray[np.bool_], tags: NDArray[np.bool_], article_ids: Sequence[str]
) -> NDArray[np.float64]:
    """Return hits, and tags plus gold topics, per article: shape (2, n_articles, n_topics)."""
    articles, index = np.unique(np.array(article_ids), return_inverse=True)
    counts = np.zeros((2, len(articles), gold.shape[1]))
    np.add.at(counts[0], index, gold & tags)
    np.add.at(counts[1], index, gold.astype(float) + tags)
    return counts


def f1_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return macro- and micro-F1 of counts of shape (2, ..., n_topics), shape (2, ...)."""
    hits, marks = counts
    f1 = ratio(2 * hits, marks)
    # A resample may hold no topic at all: it has no F1.
    macro = ratio(np.nansum(f1, axis=-1), (marks > 0).sum(axis=-1).astype(float))
    return np.array([macro, ratio(2 * hits.sum(axis=-1), marks.sum(axis=-1))])


def bootstrap(
    counts: NDArray[np.float64], *, rng: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """Return macro- and micro-F1 of articles drawn with replacement, shape (2, resamples).

    Articles, not paragraphs: those of one article are alike. With the same generator state,
    two taggers get the same draws, so that their difference is a paired one.
    """
    n_articles = counts.shape[1]
    drawn = rng.multinomial(n_articles, np.full(n_articles, 1 / n_articles), size=resamples)
    return f1_of(np.einsum("ra,cat->crt", drawn.astype(float), counts))


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the 2.5 and 97.5 percentiles, nan left out; None if there is nothing else."""
    if np.isnan(values).all():
        return None
    low, high = np.nanquantile(values, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def paired_p(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    *,
    rng: np.random.Generator,
    resamples: int,
) -> NDArray[np.float64]:
    """Return the p-values of the differences in macro- and micro-F1, shape (2,).

    Approximate randomisation: the two taggers' answers are swapped article by article, and the
    p-value is the share of such swaps that differ at least as much (Noreen 1989; Yeh 2000). It is
    nan where a tagger has no F1.
    """
    observed = np.abs(f1_of(second.sum(axis=1)) - f1_of(first.sum(axis=1)))
    swap = rng.random((resamples, first.shape[1])) < 0.5
    moved = np.einsum("ra,cat->crt", swap.astype(float), second - first)
    one = f1_of(first.sum(axis=1)[:, None] + moved)
    other = f1_of(second.sum(axis=1)[:, None] - moved)
    larger = np.abs(other - one) >= observed[:, None] - 1e-12
    p = (1 + larger.sum(axis=1)) / (1 + resamples)
    return np.where(np.isnan(observed), np.nan, p)


def compare(
    split: Split, results: Sequence[Result], *, seed: int, resamples: int
) -> dict[str, Any]:
    """Return figures, intervals and paired tests against the first tagger, ready for JSON."""
    ids = split.article_ids
    counts = [article_counts(split.gold, result.tags, ids) for result in results]
    draws = [bootstrap(c, rng=np.random.default_rng(seed), resamples=resamples) for c in counts]
    models = []
    for i, result in enumerate(results):
        entry = {"name": result.name, "seconds": round(result.seconds, 2)}
        entry["macro_f1_interval"] = interval(draws[i][0])
        entry["micro_f1_interval"] = interval(draws[i][1])
        if i > 0:
            entry["against_first"] = _paired(counts, draws, i, seed, resamples)
        entry["slices"] = slices(split, result.tags)
        models.append(entry | {"report": result.report.to_dict()})
    return {"split": split.name, "seed": seed, "resamples": resamples, "models": models}


def _paired(
    counts: list[NDArray[np.float64]],
    draws: list[NDArray[np.float64]],
    i: int,
    seed: int,
    resamples: int,
) -> dict[str, Any]:
    p = paired_p(counts[0], counts[i], rng=np.random.default_rng(seed), resamples=resamples)
    difference = f1_of(counts[i].sum(axis=1)) - f1_of(counts[0].sum(axis=1))
    return {
        name: {
            "difference": existing(difference[row]),
            "interval": interval(draws[i][row] - draws[0][row]),
            "p": existing(p[row]),
        }
        for row, name in enumerate(("macro_f1", "micro_f1"))
    }


def slices(split: Split, tags: NDArray[np.bool_]) -> dict[str, dict[str, Any]]:
    """Return macro- and micro-F1 of parts of the split: by language, script, genre, length."""
    parts: dict[str, NDArray[np.bool_]] = {}
    for name in SLICES:
        values = np.array([str(p.details.get(name, "")) for p in split.paragraphs])
        parts |= {f"{name}={value}": values == value for value in sorted(set(values)) if value}
    lengths = np.array([len(p.text.split()) for p in split.paragraphs])
    parts |= {name: (lengths >= low) & (lengths <= high) for name, low, high in LENGTHS}
    return {
        name: {
            "n_paragraphs": int(rows.sum()),
            "macro_f1": existing(macro_f1(split.gold[rows], tags[rows])),
            "micro_f1": existing(micro_f1(split.gold[rows], tags[rows])),
        }
        for name, rows in parts.items()
        if rows.any()
    }


def markdown(report: dict[str, Any]) -> str:
    """Return a comparison as Markdown tables: one line a model, F1 and calibration error per
    topic, macro-F1 of slices.
    """
    models = report["models"]
    first = models[0]["report"]
    is_comparison = len(models) > 1
    lines = [
        f"{report['split']}: {first['n_paragraphs']} paragraphs of {first['n_articles']} articles; "
        f"95% intervals from {report['resamples']} resamples of articles",
        "",
        "| model | macro-F1 | micro-F1 |" + " p against the first (macro, micro) |" * is_comparison,
        "|---|--:|--:|" + "--:|" * is_comparison,
    ]
    for model in models:
        cells = [
            f"{number(model['report'][name])}{_range(model[f'{name}_interval'])}"
            for name in ("macro_f1", "micro_f1")
        ]
        paired = model.get("against_first")
        p = ", ".join(number(test["p"], 4) for test in paired.values()) if paired else ""
        lines.append(f"| {model['name']} | {' | '.join(cells)} |" + f" {p} |" * is_comparison)
    names = [model["name"] for model in models]
    rows = [
        (topic["topic"], topic["support"], [model["report"]["topics"][i]["f1"] for model in models])
        for i, topic in enumerate(first["topics"])
    ]
    lines += ["", *_table(["topic, F1", "support", *names], rows)]
    errors = [
        [model["report"]["topics"][i]["calibration_error"] for model in models]
        for i in range(len(first["topics"]))
    ]
    rows = [(topic, n, error) for (topic, n, _), error in zip(rows, errors, strict=True)]
    lines += ["", *_table(["topic, calibration error", "support", *names], rows)]
    rows = [
        (part, told["n_paragraphs"], [model["slices"][part]["macro_f1"] for model in models])
        for part, told in models[0]["slices"].items()
        if not part.startswith("genre=")  # twenty of them: report.json has those
    ]
    lines += ["", *_table(["slice, macro-F1", "paragraphs", *names], rows)]
    return "\n".join(lines)


def _table(head: list[str], rows: list[tuple[str, int, list[float | None]]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for name, n, values in rows:
        lines.append(f"| {name} | {n} | {' | '.join(map(number, values))} |")
    return lines


def _range(ends: tuple[float, float] | None) -> str:
    return f" [{ends[0]:.3f}, {ends[1]:.3f}]" if ends else ""
