"""The shipped data and what the project says of it."""

import numpy as np
import pytest
from conftest import ROOT

from saulyq.artifacts import load
from saulyq.corpus import check
from saulyq.corpus.agreement import cohen_kappa
from saulyq.corpus.tour import card_blocks, renewed
from saulyq.data import checksum
from saulyq.tagging.inputs import Columns, Row, read_inputs
from saulyq.topics import load_topics

DATA = ROOT / "data"
TOPICS = load_topics(DATA / "topics.yaml")


@pytest.fixture(scope="module")
def splits():
    return check.read_splits(DATA, TOPICS)


def test_schema_is_the_five_topics():
    assert TOPICS.ids == ("oncology", "phc", "staffing", "pharma", "digital_health")
    assert all({"kk", "ru", "en"} == set(topic.names) for topic in TOPICS.topics)


def test_data_has_no_problems_but_the_known_ones(splits):
    new, stale = check.compare_known(list(check.problems(splits)), DATA / check.KNOWN_ISSUES)
    assert (new, stale) == ([], [])


def test_every_topic_and_no_topic_have_enough_paragraphs(splits):
    paragraphs = [p for rows in splits.values() for p in rows]
    assert len(paragraphs) >= 450
    assert len({p.article_id for p in paragraphs}) >= 80
    for topic in TOPICS.ids:
        assert sum(topic in p.topics for p in paragraphs) >= 60
    assert np.mean([not p.topics for p in paragraphs]) >= 0.35
    assert np.mean([len(p.topics) > 1 for p in paragraphs]) >= 0.12


def test_every_split_holds_every_topic(splits):
    for rows in splits.values():
        assert {topic for p in rows for topic in p.topics} == set(TOPICS.ids)


def test_topics_are_one_of_the_labellings_or_decided_between_them(splits):
    for p in (p for rows in splits.values() for p in rows):
        first, second = (set(p.details["annotations"][name]) for name in ("first", "second"))
        assert first & second <= set(p.topics) <= first | second, p.id


def test_card_speaks_of_this_data(splits):
    card = (DATA / "README.md").read_text("utf-8")
    assert card == renewed(card, card_blocks(splits, TOPICS)), "run python -m saulyq.corpus.tour"


def test_datasets_library_loads_the_folder(splits, tmp_path):
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(DATA), cache_dir=str(tmp_path))
    assert {name: len(rows) for name, rows in loaded.items()} == {
        name: len(rows) for name, rows in splits.items()
    }
    row = loaded["test"][0]
    assert row["topics"] == list(splits["test"][0].topics)
    assert set(row["annotations"]) == {"first", "second"}


def test_examples_are_five_articles():
    rows = list(read_inputs([str(DATA / "examples")], Columns(), None))
    assert all(isinstance(row, Row) for row in rows)
    assert len({row.article_id for row in rows}) == 5


def test_shipped_model_was_trained_on_the_shipped_data():
    manifest = load(ROOT / "models" / "tfidf").manifest
    for split in ("train", "valid"):
        assert manifest["data"][split] == checksum(DATA / f"{split}.jsonl"), "run make train"


def test_kappa_by_hand():
    first = np.array([[1, 1], [1, 1], [0, 1], [0, 1]], dtype=bool)
    second = np.array([[1, 1], [0, 1], [0, 1], [0, 1]], dtype=bool)
    # observed 3/4; by chance 2/4 * 1/4 + 2/4 * 3/4 = 1/2; (3/4 - 1/2) / (1 - 1/2)
    np.testing.assert_allclose(cohen_kappa(first, second), [0.5, np.nan])
