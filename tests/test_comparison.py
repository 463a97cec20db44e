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
    split = split_of(gold, articles)
    report = evaluate(split, tags.astype(float), topics=topics, cutoffs=np.ones(2))
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


def test_95_percent_interval_leaves_2_5_percent_on_either_side():
    # Of 0, 1, ..., 1000 the 2.5 and 97.5 percentiles are 25 and 975.
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
    assert interval(np.full(3, np.nan)) is None


def test_p_value_by_hand():
    # One article: swapping it or not gives the same absolute difference, so every resample counts
    # as at least as large: (1 + 9) / (1 + 9).
    good = article_counts(GOLD, GOLD, ["x"] * 3)
    bad = article_counts(GOLD, TAGS, ["x"] * 3)
    np.testing.assert_array_equal(paired_p(bad, good, rng=rng(), resamples=9), [1.0, 1.0])


def test_p_value_is_never_zero():
    generator = np.random.default_rng(6)
    gold = generator.random((400, 2)) < 0.5
    articles = [*map(str, range(400))]
    perfect, wrong = (article_counts(gold, tags, articles) for tags in (gold, ~gold))
    # Not one of 99 swaps comes near the difference of 1: (1 + 0) / (1 + 99)
    np.testing.assert_allclose(paired_p(wrong, perfect, rng=rng(), resamples=99), [0.01, 0.01])


def test_difference_has_a_paired_interval_and_the_same_seed_gives_the_same_report(topics):
    generator = np.random.default_rng(7)
    gold = generator.random((120, 2)) < 0.5
    articles = [str(i // 3) for i in range(120)]
    base = gold ^ (generator.random((120, 2)) < 0.25)
    # The new one is the base with 6 mistakes mended: far closer than two independent taggers.
    wrong = np.argwhere(base != gold)[:6]
    new = base.copy()
    new[tuple(wrong.T)] = gold[tuple(wrong.T)]
    results = [result(n, gold, t, topics, articles) for n, t in [("base", base), ("new", new)]]
    split = split_of(gold, articles)
    report = compare(split, results, seed=1, resamples=400)
    assert report == compare(split, results, seed=1, resamples=400)
    low, high = report["models"][1]["against_first"]["micro_f1"]["interval"]
    alone_low, alone_high = report["models"][1]["micro_f1_interval"]
    assert 0 <= low < high
    assert high - low < 0.6 * (alone_high - alone_low)


def test_taggers_without_any_f1_are_not_called_different(topics):
    nothing = np.zeros((3, 2), dtype=bool)
    results = [result(n, nothing, nothing, topics, ARTICLES) for n in ("base", "new")]
    report = compare(split_of(nothing, ARTICLES), results, seed=0, resamples=20)
    new = report["models"][1]
    assert new["macro_f1_interval"] is None
    assert new["against_first"]["macro_f1"] == {"difference": None, "interval": None, "p": None}
    assert "| new | - | - | -, - |" in markdown(report)
