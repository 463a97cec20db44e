"""How varied the writing is: measures that a template with words swapped fails."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from saulyq.text import normalise

WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return WORD.findall(normalise(text).lower())


def n_types(texts: Sequence[str], n_words: int, rng: np.random.Generator) -> int:
    """Return how many different words stand in the first `n_words` of the texts, shuffled.

    A point of the type-token curve. Raises ValueError if the texts are shorter than that.
    """
    words: list[str] = []
    for i in rng.permutation(len(texts)):
        words += words_of(texts[i])
        if len(words) >= n_words:
            return len(set(words[:n_words]))
    raise ValueError(f"{len(words)} words; expected at least {n_words}")


def close_pairs(texts: Sequence[str], minimum: float) -> Iterator[tuple[int, int]]:
    """Yield the pairs of texts (i < j) whose cosine is at least `minimum`.

    The cosine is that of TF-IDF weighed character 5-grams inside words.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(5, 5), dtype=np.float32)
    features = vectoriser.fit_transform([normalise(text).lower() for text in texts])
    for start in range(0, len(texts), 500):  # in blocks: the matrix of all cosines grows too large
        cosines = (features[start : start + 500] @ features.T).tocoo()
        close = cosines.data >= minimum
        for i, j in zip(cosines.row[close] + start, cosines.col[close], strict=True):
            if i < j:
                yield int(i), int(j)


def share_with_near_neighbour(
    texts: Sequence[str], article_ids: Sequence[str], minimum: float = 0.6
) -> float:
    """Return the share of texts with a text of another article at a cosine of `minimum`."""
    near = {
        k
        for i, j in close_pairs(texts, minimum)
        if article_ids[i] != article_ids[j]
        for k in (i, j)
    }
    return len(near) / len(texts)


def repeated_phrases(
    texts: Sequence[str], article_ids: Sequence[str], n_words: int
) -> Iterator[tuple[int, int, str]]:
    """Yield (i, j, phrase) for each pair of articles that share a run of `n_words` words.

    i and j are the texts in which it stands; a pair of articles is named once.
    """
    first_place: dict[tuple[str, ...], int] = {}
    told: set[tuple[str, str]] = set()
    for j, text in enumerate(texts):
        words = words_of(text)
        for start in range(len(words) - n_words + 1):
            phrase = tuple(words[start : start + n_words])
            i = first_place.setdefault(phrase, j)
            pair = (article_ids[i], article_ids[j])
            if pair[0] != pair[1] and pair not in told:
                told.add(pair)
                yield i, j, " ".join(phrase)
