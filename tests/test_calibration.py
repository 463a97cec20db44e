import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.calibration import MAX_SLOPE, fit_scaling, scores_of
from saulyq.metrics import calibration_error


def test_scores_are_sigmoids_in_multi_and_sum_to_one_in_single_mode():
    margins = np.array([[0.0, np.log(3.0)]])
    np.testing.assert_allclose(scores_of(margins, "multi"), [[0.5, 0.75]])
    np.testing.assert_allclose(scores_of(margins, "single"), [[0.25, 0.75]])


def test_huge_margins_do_not_overflow():
    margins = np.array([[1e4, -1e4]])
    with np.errstate(all="raise"):
        np.testing.assert_allclose(scores_of(margins, "multi"), [[1.0, 0.0]])


def overconfident(seed, n=4000):
    """Margins three times too steep and shifted by one."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, 2))
    gold = rng.random((n, 2)) < scores_of(true, "multi")
    return 3 * true + 1, gold, true


def test_platt_scaling_undoes_a_known_distortion():
    margins, gold, _ = overconfident(0)
    scaling = fit_scaling(margins, gold, "multi")
    # (margin - 1) / 3 are the true log-odds; sampling error of 4,000 draws is about 0.04.
    np.testing.assert_allclose(scaling.slope, 1 / 3, atol=0.05)
    np.testing.assert_allclose(scaling.intercept, -1 / 3, atol=0.12)


def test_calibration_error_shrinks():
    margins, gold, _ = overconfident(1)
    scaling = fit_scaling(margins, gold, "multi")
    before = calibration_error(gold, scores_of(margins, "multi"))
    after = calibration_error(gold, scores_of(margins * scaling.slope + scaling.intercept, "multi"))
    assert (after < 0.03).all()
    assert (before > 0.08).all()


def test_temperature_undoes_a_known_sharpening():
    rng = np.random.default_rng(2)
    true = rng.normal(size=(4000, 3))
    chosen = [rng.choice(3, p=row) for row in scores_of(true, "single")]
    gold = np.eye(3, dtype=bool)[chosen]
    scaling = fit_scaling(4 * true, gold, "single")
    np.testing.assert_allclose(scaling.slope, 0.25, atol=0.03)
    np.testing.assert_array_equal(scaling.intercept, 0)


@given(st.integers(0, 1000))
def test_ranking_is_never_turned_round(seed):
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=(30, 1)) * 10 ** rng.uniform(-6, 3)
    gold = rng.random((30, 1)) < 0.3
    assert 0 < fit_scaling(margins, gold, "multi").slope[0] <= max(1.0, MAX_SLOPE * 1.000001)


@pytest.mark.parametrize("gold", [[0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
def test_a_topic_with_next_to_nothing_to_learn_from_keeps_its_margins(gold):
    scaling = fit_scaling(np.arange(4.0)[:, None], np.array(gold, dtype=bool)[:, None], "multi")
    assert (scaling.slope[0], scaling.intercept[0]) == (1.0, 0.0)


def test_separable_topic_gets_platts_targets_not_certainty():
    # 10 positives at 1, 10 negatives at -1: Platt's targets are 11/12 and 1/12, and a line through
    # two points meets them: sigmoid(slope) = 11/12, so slope = log(11).
    margins = np.repeat([1.0, -1.0], 10)[:, None]
    scaling = fit_scaling(margins, margins > 0, "multi")
    np.testing.assert_allclose(scaling.slope, [np.log(11)], rtol=1e-3)
    np.testing.assert_allclose(scaling.intercept, [0], atol=1e-3)
