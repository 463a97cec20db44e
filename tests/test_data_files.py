"""The shipped data and what the project says of it."""

import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from conftest import ROOT

from saulyq.artifacts import load
from saulyq.blocks import renewed
from saulyq.corpus import check
from saulyq.corpus.agreement import cohen_kappa
from saulyq.corpus.diversity import n_types, share_with_near_neighbour, words_of
from saulyq.corpus.tour import card_blocks
from saulyq.data import checksum
from saulyq.tagging.inputs import Columns, Row, find_sources, read_inputs
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


@pytest.fixture(scope="module")
def kazakh(splits):
    return [p for rows in splits.values() for p in rows if p.details["language"] == "kk"]


def test_kazakh_part_is_large_and_balanced(kazakh):
    assert len({p.article_id for p in kazakh}) >= 700
    assert len(kazakh) >= 4000
    for topic in TOPICS.ids:
        assert sum(topic in p.topics for p in kazakh) >= 550
    assert 0.35 <= np.mean([not p.topics for p in kazakh]) <= 0.45
    assert np.mean([len(p.topics) > 1 for p in kazakh]) >= 0.18
    together = Counter(pair for p in kazakh for pair in combinations(p.topics, 2))
    assert len(together) == 10
    assert min(together.values()) >= 25


def test_paragraphs_without_a_topic_are_other_health_news_and_not_health_at_all(kazakh):
    without = [p for p in kazakh if not p.topics]
    assert sum(p.details["about_health"] for p in without) >= 700
    assert sum(not p.details["about_health"] for p in without) >= 350


def planned(rows):
    """The articles that were planned in a table; those with b came later and are all in train."""
    return [p for p in rows if p.article_id.startswith("a")]


def test_scripts_and_languages_have_their_share(splits):
    articles = {p.article_id: p.details for rows in splits.values() for p in planned(rows)}
    scripts = Counter(d["script"] for d in articles.values() if d["language"] == "kk")
    n_kazakh = sum(scripts.values())
    latin = [scripts[script] for script in scripts if script.startswith("latin")]
    assert len(latin) >= 4
    assert 0.05 <= sum(latin) / n_kazakh <= 0.08
    assert 0.03 <= scripts["cyrillic_russian"] / n_kazakh <= 0.05
    russian = [p for rows in splits.values() for p in rows if p.details["language"] == "ru"]
    assert len({p.article_id for p in russian}) >= 40
    assert len(russian) >= 200
    regions = {details["region"] for details in articles.values()}
    assert len(regions - {"Қазақстан"}) == 20  # 17 regions and 3 cities of republican status


def test_writing_is_no_less_varied_than_the_press(kazakh):
    # Government and television news of the licensed corpus, texts of 12 words and more: 10,200 to
    # 12,900 different words in 50,000; 7.6 to 25.5 % with a near neighbour in another article.
    texts = [p.text for p in kazakh if len(words_of(p.text)) >= 12]
    ids = [p.article_id for p in kazakh if len(words_of(p.text)) >= 12]
    assert n_types(texts, 50_000, np.random.default_rng(0)) >= 12_000
    assert share_with_near_neighbour(texts, ids) <= 0.02


def test_split_shares_are_three_quarters_a_tenth_and_the_rest(splits):
    n = {name: len({p.article_id for p in planned(rows)}) for name, rows in splits.items()}
    total = sum(n.values())
    assert [round(n[s] / total, 2) for s in ("train", "valid", "test")] == [0.75, 0.1, 0.15]
    assert all(len(planned(splits[s])) == len(splits[s]) for s in ("valid", "test"))


def test_test_split_is_untouched():
    # Published figures are of this file: a change makes them worthless and needs a new version.
    expected = (DATA / "test.sha256").read_text("ascii").split()[0]
    assert checksum(DATA / "test.jsonl") == expected


def test_every_split_holds_every_topic(splits):
    for rows in splits.values():
        assert {topic for p in rows for topic in p.topics} == set(TOPICS.ids)


def test_topics_are_one_of_the_labellings_or_decided_between_them(splits):
    for p in (p for rows in splits.values() for p in rows):
        first, second = (set(p.details["annotations"][name]) for name in ("first", "second"))
        assert first & second <= set(p.topics) <= first | second, p.id


def test_card_speaks_of_this_data(splits):
    card = (DATA / "README.md").read_text("utf-8")
    fresh = renewed(card, card_blocks(splits, TOPICS), "data/README.md")
    assert card == fresh, "run python -m saulyq.corpus.tour data --model models/tfidf"


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
    rows = list(read_inputs(find_sources([str(DATA / "examples")]), Columns(), None))
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


def test_readme_and_model_cards_have_the_same_test_figures():
    pages = [ROOT / "README.md", *(ROOT / "models").glob("*/README.md")]
    found = [
        re.findall(r"<!-- test figures -->\n(.*?)\n<!--", p.read_text("utf-8"), re.S) for p in pages
    ]
    tables = [blocks[0] for blocks in found if blocks]
    assert "| compact |" in tables[0]
    tracked = {"README.md", "models/tfidf/README.md", "models/compact/README.md"}
    told = {
        p.relative_to(ROOT).as_posix() for p, blocks in zip(pages, found, strict=True) if blocks
    }
    assert told >= tracked
    shipped = [t for p, t in zip(pages, tables, strict=False) if "| compact |" in t]
    assert len(set(shipped)) == 1
