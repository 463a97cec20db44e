"""The baseline: word and character n-grams, weighed by TF-IDF, one linear classifier a topic."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from saulyq.calibration import Margins, Scaling
from saulyq.config import RunConfig, TfidfConfig
from saulyq.data import Split
from saulyq.errors import UserError
from saulyq.taggers.base import Checkpoints, TaggerModel
from saulyq.text import normalise
from saulyq.text.noise import spoil_some
from saulyq.topics import TopicSet

logger = logging.getLogger(__name__)

N_WORDS = 50_000  # remembered at a time
_NONE = np.zeros(0, dtype=np.int32)


class TfidfModel(TaggerModel):
    """Linear in its n-grams: margin = features @ weights.T + bias."""

    def __init__(self, topics: TopicSet) -> None:
        super().__init__(topics)
        self.vectorisers: list[TfidfVectorizer] = []
        self.weights: NDArray[np.float64] = np.zeros((len(topics), 0))
        self.bias: NDArray[np.float64] = np.zeros(len(topics))

    def fit(
        self,
        config: RunConfig,
        train: Split,
        valid: Split,
        *,
        checkpoints: Checkpoints,
    ) -> None:
        if not isinstance(config, TfidfConfig):
            raise TypeError(f"expected TfidfConfig, got {type(config).__name__}")
        common = {"min_df": config.min_paragraphs, "max_features": config.max_features}
        self.vectorisers = [
            _vectoriser("word", (1, config.word_ngrams), **common),
            _vectoriser("char_wb", (2, config.char_ngrams), **common),
        ]
        train = _with_noise(train, config)
        texts = [normalise(text) for text in train.texts]
        try:
            features = hstack([v.fit_transform(texts) for v in self.vectorisers]).tocsr()
        except ValueError as error:  # "no terms remain" and the like, on a handful of texts
            raise UserError(f"train: {error}; give more text or a lower min_paragraphs") from error
        self._fit_linear(features, train, config)

    def _fit_linear(self, features: csr_matrix, train: Split, config: TfidfConfig) -> None:
        if self.topics.mode == "single":
            targets = [train.gold.argmax(axis=1)]
        else:
            targets = list(train.gold.T)
        if not train.gold.any(axis=0).all():
            absent = self.topics.ids[int((~train.gold.any(axis=0)).argmax())]
            logger.warning("train: no paragraph has the topic %s; it will not be tagged", absent)
        for number, target in enumerate(targets):
            if len(np.unique(target)) < 2:
                name = "topics" if self.topics.mode == "single" else self.topics.ids[number]
                raise UserError(f"train: {name} has no contrast; every paragraph is alike in it")
        weight = "balanced" if config.balanced else None
        models = [
            LogisticRegression(C=config.regularisation, class_weight=weight, max_iter=1000).fit(
                features, target
            )
            for target in targets
        ]
        weights = np.vstack([model.coef_ for model in models])
        bias = np.concatenate([model.intercept_ for model in models])
        if self.topics.mode == "single":
            weights, bias = _all_rows(weights, bias, models[0].classes_, len(self.topics))
        self.weights, self.bias = weights, bias

    def window_margins(self, windows: Sequence[str]) -> Margins:
        texts = [normalise(text) for text in windows]
        features = hstack([features.of(texts) for features in self._features]).tocsr()
        return np.asarray(features @ self.weights.T + self.bias)

    @cached_property
    def _features(self) -> list["_Features"]:
        return [_Features(vectoriser) for vectoriser in self.vectorisers]

    def rescale(self, scaling: Scaling) -> None:
        self.weights = self.weights * scaling.slope[:, None]
        self.bias = self.bias * scaling.slope + scaling.intercept

    def save(self, folder: Path) -> None:
        # The vocabulary as JSON: through skops, 30,000 n-grams take 23 s to write and 3 s to read.
        vocabularies = [
            {
                "analyzer": vectoriser.analyzer,
                "ngram_range": list(vectoriser.ngram_range),
                "terms": vectoriser.get_feature_names_out().tolist(),
            }
            for vectoriser in self.vectorisers
        ]
        content = {"kind": "tfidf", "vocabularies": vocabularies}
        (folder / "tagger.json").write_text(
            json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8"
        )
        arrays = {"weights": self.weights, "bias": self.bias}
        arrays |= {f"idf_{i}": v.idf_ for i, v in enumerate(self.vectorisers)}
        save_file(
            {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()},
            folder / "weights.safetensors",
        )

    @classmethod
    def load(
        cls, folder: Path, topics: TopicSet, *, device: str = "cpu", n_threads: int | None = None
    ) -> Self:
        content = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
        arrays = load_file(folder / "weights.safetensors")
        model = cls(topics)
        for number, vocabulary in enumerate(content["vocabularies"]):
            ngrams = tuple(vocabulary["ngram_range"])
            vectoriser = _vectoriser(vocabulary["analyzer"], ngrams, vocabulary=vocabulary["terms"])
            vectoriser.idf_ = arrays[f"idf_{number}"].astype(float)
            model.vectorisers.append(vectoriser)
        model.weights = arrays["weights"].astype(float)
        model.bias = arrays["bias"].astype(float)
        return model


class _Features:
    """What `vectoriser.transform` gives, for characters five times as fast.

    The n-grams of "char_wb" do not go beyond a word, so that those of a word that came before need
    not be made again.
    """

    def __init__(self, vectoriser: TfidfVectorizer) -> None:
        self.vectoriser = vectoriser
        self.analyse = vectoriser.build_analyzer()
        self.of_word = lru_cache(N_WORDS)(self._of_word)

    def of(self, texts: list[str]) -> csr_matrix:
        """Return the features of texts, shape (n_texts, n_features)."""
        if self.vectoriser.analyzer != "char_wb":
            return self.vectoriser.transform(texts)
        found = [[self.of_word(word) for word in text.split()] for text in texts]
        columns = [np.concatenate([_NONE, *of_words]) for of_words in found]
        ends = np.cumsum([0, *map(len, columns)])
        flat = np.concatenate([_NONE, *columns])
        shape = (len(texts), len(self.vectoriser.vocabulary_))
        counts = csr_matrix((np.ones(len(flat)), flat, ends), shape=shape)
        counts.sum_duplicates()
        counts.data = (np.log(counts.data) + 1) * self.vectoriser.idf_[counts.indices]
        return normalize(counts, copy=False)

    def _of_word(self, word: str) -> NDArray[np.int32]:
        """Return the columns of the n-grams of one word that are in the vocabulary."""
        column = self.vectoriser.vocabulary_
        return np.array([column[n] for n in self.analyse(word) if n in column], dtype=np.int32)


def _with_noise(train: Split, config: TfidfConfig) -> Split:
    """Return the split with a spoilt copy of some paragraphs put after its own."""
    if not config.noise:
        return train
    rng = np.random.default_rng(config.seed)
    rows = np.flatnonzero(rng.random(len(train)) < config.noise)
    spoilt = spoil_some([train.texts[row] for row in rows], 1.0, rng)
    copies = [
        replace(train.paragraphs[row], text=text) for row, text in zip(rows, spoilt, strict=True)
    ]
    gold = np.concatenate([train.gold, train.gold[rows]])
    return replace(train, paragraphs=(*train.paragraphs, *copies), gold=gold)


def _vectoriser(analyzer: str, ngrams: tuple[int, int], **options: Any) -> TfidfVectorizer:
    # \w\w+, scikit-learn's own pattern, drops one-letter words; they say little here too.
    return TfidfVectorizer(analyzer=analyzer, ngram_range=ngrams, sublinear_tf=True, **options)


def _all_rows(
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    columns: NDArray[np.int64],
    n_topics: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return one row for each topic of a single-label schema.

    Two topics come as one row, the margin of the second over the first; a topic that train
    does not hold gets a margin that is never the best.
    """
    if len(columns) == 2:
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    full_weights = np.zeros((n_topics, weights.shape[1]))
    full_bias = np.full(n_topics, bias.min() - 10.0)
    full_weights[columns], full_bias[columns] = weights, bias
    return full_weights, full_bias
