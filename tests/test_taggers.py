import numpy as np
import pytest
from conftest import write_data
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from saulyq.calibration import Scaling
from saulyq.config import PriorConfig, TfidfConfig
from saulyq.data import Split, read_split
from saulyq.errors import UserError
from saulyq.taggers import tagger_class
from saulyq.taggers.base import Checkpoints, TaggerModel
from saulyq.taggers.tfidf import _Features
from saulyq.topics import load_topics

CONFIGS = {
    "prior": PriorConfig(tagger="prior", output="x"),
    "tfidf": TfidfConfig(tagger="tfidf", output="x", min_paragraphs=1),
}


def fitted(kind, data_dir, **settings):
    topics = load_topics(data_dir / "topics.yaml")
    train, valid = (read_split(data_dir, split, topics) for split in ("train", "valid"))
    model = tagger_class(kind)(topics)
    config = CONFIGS[kind].model_copy(update=settings)
    model.fit(config, train, valid, checkpoints=Checkpoints(data_dir / "unused"))
    return model, valid


@pytest.fixture(params=list(CONFIGS))
def kind(request):
    return request.param


def test_scores_have_a_row_a_text_and_a_column_a_topic(kind, tmp_path, mode):
    model, valid = fitted(kind, write_data(tmp_path / "d", mode=mode))
    scores, n_windows = model.score(valid.texts)
    assert scores.shape == valid.gold.shape
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (n_windows == 1).all()
    if mode == "single":
        np.testing.assert_allclose(scores.sum(axis=1), 1)


def test_no_texts_give_no_scores(kind, data_dir):
    model, _ = fitted(kind, data_dir)
    scores, n_windows = model.score([])
    assert scores.shape == (0, 2)
    assert n_windows.shape == (0,)


def test_save_then_load_gives_the_same_scores_without_pickle(kind, tmp_path, mode):
    data = write_data(tmp_path / "d", mode=mode)
    model, valid = fitted(kind, data)
    (tmp_path / "m").mkdir()
    model.save(tmp_path / "m")
    loaded = type(model).load(tmp_path / "m", model.topics)
    np.testing.assert_allclose(loaded.score(valid.texts)[0], model.score(valid.texts)[0], atol=1e-6)
    assert {p.suffix for p in (tmp_path / "m").iterdir()} <= {".json", ".safetensors"}


def test_scaling_is_folded_in(kind, data_dir):
    model, valid = fitted(kind, data_dir)
    before, _ = model.margins(valid.texts)
    model.rescale(Scaling(np.array([2.0, 0.5]), np.array([1.0, -1.0])))
    after, _ = model.margins(valid.texts)
    np.testing.assert_allclose(after, before * [2.0, 0.5] + [1.0, -1.0])


def test_batch_size_does_not_change_a_score(kind, data_dir):
    model, valid = fitted(kind, data_dir)
    one_by_one = np.vstack([model.score([text])[0] for text in valid.texts])
    np.testing.assert_allclose(model.score(valid.texts)[0], one_by_one)


def test_prior_gives_the_frequency_of_each_topic(data_dir):
    model, _ = fitted("prior", data_dir)
    # 12 articles of 4 paragraphs: each topic in 24 of 48, so even with one more on either side
    np.testing.assert_allclose(model.score(["кеме"])[0], [[0.5, 0.5]])


def test_tfidf_learns_what_the_words_say(tmp_path, mode):
    model, valid = fitted("tfidf", write_data(tmp_path / "d", mode=mode))
    scores, _ = model.score(valid.texts)
    tags = scores > 0.5 if mode == "multi" else scores == scores.max(axis=1, keepdims=True)
    assert (tags == valid.gold).mean() > 0.9


def test_tfidf_reads_lookalikes_as_what_is_meant(data_dir):
    model, _ = fitted("tfidf", data_dir)
    clean, _ = model.score(["кеме теңізде жүзіп барады"])
    latin, _ = model.score(["кeмe  теңізде жүзiп бaрaды"])
    np.testing.assert_allclose(latin, clean)


def test_tfidf_single_mode_survives_a_topic_that_train_lacks(tmp_path, caplog):
    data = write_data(tmp_path / "d", mode="single")
    topics = load_topics(data / "topics.yaml")
    more = type(topics)((*topics.topics, type(topics.topics[0])("wool")), "single")
    train, valid = (read_split(data, split, more) for split in ("train", "valid"))
    model = tagger_class("tfidf")(more)
    model.fit(CONFIGS["tfidf"], train, valid, checkpoints=Checkpoints(tmp_path))
    assert "no paragraph has the topic wool" in caplog.text
    scores, _ = model.score(valid.texts)
    assert scores.shape == (len(valid), 3)
    assert (scores.argmax(axis=1) == valid.gold.argmax(axis=1)).mean() > 0.9


def test_topic_without_contrast_is_an_error_that_names_it(data_dir, topics):
    train = read_split(data_dir, "train", topics)
    only = np.flatnonzero(~train.gold[:, 1])
    part = Split("train", tuple(train.paragraphs[i] for i in only), train.gold[only])
    with pytest.raises(UserError, match="bread has no contrast"):
        tagger_class("tfidf")(topics).fit(
            CONFIGS["tfidf"], part, part, checkpoints=Checkpoints(data_dir)
        )


def test_unknown_kind_lists_the_known_ones():
    with pytest.raises(UserError, match="choose one of prior, tfidf, transformer"):
        tagger_class("svm")


class TwoWindows(TaggerModel):
    """Reads a text word by word; the margin of a word is its length."""

    def fit(self, *args, **options): ...
    def rescale(self, scaling): ...
    def save(self, folder): ...
    @classmethod
    def load(cls, folder, topics, *, device="cpu"): ...

    def windows(self, texts):
        return [text.split() for text in texts]

    def window_margins(self, windows):
        return np.array([[len(w), -len(w)] for w in windows], dtype=float)


def test_windows_are_combined_by_maximum_and_in_single_mode_by_mean(topics):
    margins, n_windows = TwoWindows(topics).margins(["a bbb", "cc"])
    np.testing.assert_array_equal(margins, [[3, -1], [2, -2]])
    np.testing.assert_array_equal(n_windows, [2, 1])
    single = type(topics)(topics.topics, "single")
    np.testing.assert_array_equal(TwoWindows(single).margins(["a bbb"])[0], [[2, -2]])


def test_noise_adds_spoilt_copies_to_training_only(data_dir):
    clean, _ = fitted("tfidf", data_dir)
    noisy, _ = fitted("tfidf", data_dir, noise=0.5)
    again, _ = fitted("tfidf", data_dir, noise=0.5)
    np.testing.assert_array_equal(noisy.weights, again.weights)
    assert noisy.weights.shape[1] > clean.weights.shape[1]


@given(st.lists(st.text("аб бв.-1\u2028 \n", max_size=30), min_size=1, max_size=5))
def test_remembered_words_give_the_features_of_the_vectoriser(texts):
    vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    vectoriser.fit(["абба вба", "б-а бвб. 1", "аабб"])
    features = _Features(vectoriser)
    for _ in range(2):
        assert abs(features.of(texts) - vectoriser.transform(texts)).max() < 1e-12
