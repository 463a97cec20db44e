"""Texts with scores that other taggers gave them, to learn from (Hinton et al. 2015)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from saulyq.errors import UserError
from saulyq.reading import LineError, decode_line, parse_object


@dataclass(frozen=True)
class SoftLabels:
    """Texts, and the score of each topic in schema order for each of them."""

    texts: list[str]
    scores: list[list[float]]


def read_soft_labels(path: Path, n_topics: int) -> SoftLabels:
    """Return what `write_soft_labels` wrote; raise UserError at the first bad line."""
    texts, scores = [], []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    for number, raw in enumerate(lines, start=1):
        try:
            row = parse_object(decode_line(raw, number))
        except LineError as error:
            raise UserError(f"{path}:{number}: {error}") from error
        text, values = row.get("text"), row.get("scores")
        if not isinstance(text, str) or not _are_scores(values, n_topics):
            raise UserError(f"{path}:{number}: expected text and {n_topics} scores from 0 to 1")
        texts.append(text)
        scores.append(values)
    return SoftLabels(texts, scores)


def write_soft_labels(path: Path, labels: SoftLabels) -> None:
    """Write one JSON object a line: text and scores."""
    with path.open("w", encoding="utf-8") as file:
        for text, scores in zip(labels.texts, labels.scores, strict=True):
            row = {"text": text, "scores": [round(score, 4) for score in scores]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _are_scores(values: object, n_topics: int) -> TypeGuard[list[float]]:
    return (
        isinstance(values, list)
        and len(values) == n_topics
        and all(isinstance(v, int | float) and 0 <= v <= 1 for v in values)
    )
