import numpy as np
import pytest

from saulyq.comparison import (
    Result,
    article_counts,
    bootstrap,
    compare,
    f1_of,
    interval,
    markdown,
    paired_p,
    slices,
)
from saulyq.data import Paragraph, Split
from saulyq.evaluation import evaluate

GOLD = np.array([[1, 0], [0, 1], [1, 1]], dtype=bool)
TAGS = np.array([[1, 0], [1, 0], [1, 1]], dtype=bool)
ARTICLES = ["b", "a", "b"]


def rng():
    return np.random.default_rng(0)


def result(name, gold, tags, topics, articles):
    report = evaluate("test", gold, tags.astype(float), articles, topics=topics, cutoffs=np.ones(2))
    return Result(name, tags, report, 0.5)


def split_of(gold, articles):
    paragraphs = [
        Paragraph(str(i), article, "нан " * (i + 1), (), {"language": "kk" if i else "ru"})
        for i, article in enumerate(articles)
    ]
    return Split("test", tuple(paragraphs), gold)


def test_counts_are_summed_per_article():
    hits, marks = article_counts(GOLD, TAGS, ARTICLES)
    # article a: its one paragraph has gold second, tag first; article b: all right
    np.testing.assert_array_equal(hits, [[0, 0], [2, 1]])
    np.testing.assert_array_equal(marks, [[1, 1], [4, 2]])


def test_f1_of_all_counts_by_hand():
    macro, micro = f1_of(article_counts(GOLD, TAGS, ARTICLES).sum(axis=1))
    # first topic 2*2/5, second 2*1/3; together 2*3/8
    assert macro == pytest.approx((0.8 + 2 / 3) / 2)
    assert micro == pytest.approx(0.75)


def test_bootstrap_draws_whole_articles():
    # Only one article: every draw is that article, so there is nothing to vary.
    draws = bootstrap(article_counts(GOLD, TAGS, ["x"] * 3), rng=rng(), resamples=50)
    assert np.ptp(draws, axis=1).max() == 0


def test_interval_holds_the_figure_and_narrows_with_more_articles():
    def width(n):
        generator = np.random.default_rng(3)
        gold = generator.random((n, 2)) < 0.5
        tags = gold ^ (generator.random((n, 2)) < 0.2)
        counts = article_counts(gold, tags, [str(i) for i in range(n)])
        low, high = interval(bootstrap(counts, rng=rng(), resamples=500)[0])
        assert low < f1_of(counts.sum(axis=1))[0] < high
        return high - low

    assert width(1600) < 0.6 * width(100)


def test_paired_test_sees_no_difference_between_equals_and_a_clear_one_between_unequals():
    generator = np.random.default_rng(4)
    gold = generator.random((200, 2)) < 0.5
    articles = [str(i // 2) for i in range(200)]
    good = article_counts(gold, gold ^ (generator.random((200, 2)) < 0.1), articles)
    bad = article_counts(gold, gold ^ (generator.random((200, 2)) < 0.4), articles)
    np.testing.assert_array_equal(paired_p(good, good, rng=rng(), resamples=200), [1.0, 1.0])
    assert (paired_p(bad, good, rng=rng(), resamples=999) < 0.01).all()


def test_p_values_are_uniform_when_two_taggers_differ_by_chance_alone():
    generator = np.random.default_rng(5)
    below = 0
    for _ in range(100):
        gold = generator.random((60, 2)) < 0.5
        pair = [
            article_counts(gold, gold ^ (generator.random((60, 2)) < 0.3), [*map(str, range(60))])
            for _ in range(2)
        ]
        below += paired_p(*pair, rng=generator, resamples=199)[0] < 0.2
    # 20 expected of 100; outside 8 to 34 with a chance below 1 in 1,000
    assert 8 <= below <= 34


def test_slices_by_detail_and_length():
    parts = slices(split_of(GOLD, ARTICLES), TAGS)
    assert parts["language=ru"] == {"n_paragraphs": 1, "macro_f1": 1.0, "micro_f1": 1.0}
    assert parts["language=kk"]["n_paragraphs"] == 2
    assert parts["up to 15 words"]["n_paragraphs"] == 3
    assert "over 60 words" not in parts


def test_report_pairs_every_model_with_the_first(topics):
    results = [result(n, GOLD, t, topics, ARTICLES) for n, t in [("base", TAGS), ("new", GOLD)]]
    report = compare(split_of(GOLD, ARTICLES), results, seed=0, resamples=50)
    base, new = report["models"]
    assert "against_first" not in base
    assert new["against_first"]["micro_f1"]["difference"] == 0.25
    assert new["report"]["topics"][0]["support"] == 2
    table = markdown(report)
    assert "| new | 1.000 [1.000, 1.000] |" in table
    assert "| bread | 2 | 0.667 | 1.000 |" in table
