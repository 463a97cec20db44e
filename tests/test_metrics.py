import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from saulyq import metrics

GOLD = np.array([[1, 0, 0], [1, 0, 0]], dtype=bool)
TAGS = np.array([[1, 0, 1], [1, 0, 0]], dtype=bool)


def test_f1_counts_a_topic_tagged_but_never_gold():
    # first: 2 hits, no error -> 1.0; second: never seen -> nan; third: 0 of 1 -> 0.0
    np.testing.assert_array_equal(metrics.f1_per_topic(GOLD, TAGS), [1.0, np.nan, 0.0])


def test_macro_f1_is_the_mean_over_topics_that_have_one():
    assert metrics.macro_f1(GOLD, TAGS) == 0.5


def test_micro_f1_takes_all_topics_together():
    # 2 hits, 3 tags, 2 gold topics: 2 * 2 / (3 + 2)
    assert metrics.micro_f1(GOLD, TAGS) == pytest.approx(0.8)


def test_precision_and_recall_do_not_exist_without_tags_or_gold():
    np.testing.assert_array_equal(metrics.precision_per_topic(GOLD, TAGS), [1.0, np.nan, 0.0])
    np.testing.assert_array_equal(metrics.recall_per_topic(GOLD, TAGS), [1.0, np.nan, np.nan])


def test_accuracy_wants_all_topics_of_a_paragraph_right():
    assert metrics.accuracy(GOLD, TAGS) == 0.5


def test_nothing_gold_and_nothing_tagged_has_no_f1():
    nothing = np.zeros((2, 3), dtype=bool)
    assert np.isnan(metrics.macro_f1(nothing, nothing))
    assert np.isnan(metrics.micro_f1(nothing, nothing))


def test_calibration_error_by_hand():
    gold = np.array([[1], [0], [0], [0]], dtype=bool)
    scores = np.array([[0.85], [0.85], [0.15], [0.05]])
    # bin 0.8: |0.85 - 0.5| * 2/4; bin 0.1: 0.15 * 1/4; bin 0.0: 0.05 * 1/4
    expected = 0.35 * 0.5 + 0.15 * 0.25 + 0.05 * 0.25
    np.testing.assert_allclose(metrics.calibration_error(gold, scores), [expected])


def test_average_precision_by_hand():
    gold = np.array([[1, 0], [0, 0], [1, 0]], dtype=bool)
    scores = np.array([[0.9, 0.1], [0.8, 0.1], [0.7, 0.1]])
    # gold topics at ranks 1 and 3: (1/1 + 2/3) / 2; the second topic has none
    np.testing.assert_allclose(metrics.average_precision(gold, scores), [5 / 6, np.nan])


@given(st.integers(0, 2**32 - 1))
def test_row_order_does_not_change_a_metric(seed):
    rng = np.random.default_rng(seed)
    gold, tags = rng.random((2, 20, 4)) < 0.4
    order = rng.permutation(20)
    assert metrics.macro_f1(gold[order], tags[order]) == pytest.approx(metrics.macro_f1(gold, tags))


@given(arrays(bool, (2, 12, 3)))
def test_agrees_with_scikit_learn_where_both_are_defined(pair):
    gold, tags = pair
    if not (gold | tags).any(axis=0).all():
        return
    assert metrics.macro_f1(gold, tags) == pytest.approx(f1_score(gold, tags, average="macro"))
    assert metrics.micro_f1(gold, tags) == pytest.approx(f1_score(gold, tags, average="micro"))


def test_different_shapes_are_a_mistake():
    with pytest.raises(ValueError, match="shape"):
        metrics.f1_per_topic(GOLD, TAGS[:1])
