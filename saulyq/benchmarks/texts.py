"""Texts to measure on: our own train paragraphs, cut to the lengths of real ones."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from saulyq.data import Paragraph
from saulyq.errors import UserError


def real_lengths(
    paragraphs: Sequence[Paragraph], n: int, *, mean_words: float, rng: np.random.Generator
) -> list[str]:
    """Return n Kazakh texts with so many words on average, in random order.

    Ours are shorter than those of news. Each becomes longer by the same factor: it reads on in
    its article, from the end of which it goes round to the beginning.
    """
    kazakh = [p for p in paragraphs if p.details.get("language", "kk") == "kk" and p.text.split()]
    if not kazakh:
        raise UserError("no Kazakh paragraphs in train; nothing to measure on")
    article_words: dict[str, list[str]] = defaultdict(list)
    places = []  # of each paragraph: where it starts in its article, and its words
    for p in kazakh:
        words = p.text.split()
        places.append((len(article_words[p.article_id]), len(words)))
        article_words[p.article_id] += words
    factor = mean_words * len(kazakh) / sum(length for _, length in places)
    texts = [
        _words_from(article_words[p.article_id], start, max(1, round(factor * length)))
        for p, (start, length) in zip(kazakh, places, strict=True)
    ]
    return [texts[i] for i in islice(cycle(rng.permutation(len(texts)).tolist()), n)]


def _words_from(words: list[str], start: int, length: int) -> str:
    return " ".join(words[(start + i) % len(words)] for i in range(length))


def evenly(texts: Sequence[str], n: int) -> list[str]:
    """Return n of the texts, in their order, short and long ones in the same proportion."""
    if n >= len(texts):
        return list(texts)
    by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    middles = ((np.arange(n) + 0.5) * len(texts) / n).astype(int)
    return [texts[i] for i in sorted(by_length[middle] for middle in middles)]
