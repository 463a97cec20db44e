import numpy as np
import pytest

from saulyq import thresholds
from saulyq.errors import UserError
from saulyq.topics import TopicSet


def test_threshold_lies_between_two_clear_groups():
    scores = np.array([[0.3]] * 40 + [[0.7]] * 30)
    gold = scores > 0.5
    (chosen,) = thresholds.choose(gold, scores)
    # Every threshold from 0.31 to 0.70 is perfect; the middle of what stays perfect when
    # smoothed over 5 neighbours (0.36 to 0.65) is 0.50 or 0.51.
    assert chosen == pytest.approx(0.505, abs=0.011)


def test_rare_topic_takes_the_threshold_of_all_together():
    common = np.concatenate([np.full(50, 0.1), np.full(50, 0.3)])
    rare = np.concatenate([np.full(97, 0.05), np.full(3, 0.95)])
    gold = np.stack([common > 0.2, rare > 0.5], axis=1)
    common_cutoff, rare_cutoff = thresholds.choose(gold, np.stack([common, rare], axis=1))
    # All together are best from 0.11 to 0.30; alone, the rare topic would sit at about 0.50, the
    # middle of 0.06 to 0.95.
    assert 0.11 <= rare_cutoff <= 0.30
    assert 0.11 <= common_cutoff <= 0.30


def test_threshold_keeps_away_from_the_edges_of_what_is_best():
    scores = np.concatenate([np.full(30, 0.52), np.full(4, 0.79), np.full(26, 0.2)])[:, None]
    gold = np.concatenate([np.ones(30), [1, 0, 1, 0], np.zeros(26)]).astype(bool)[:, None]
    (chosen,) = thresholds.choose(gold, scores)
    # From 0.21 to 0.52 F1 is the same; its smoothed top is away from both ends by 5 neighbours.
    assert 0.26 <= chosen <= 0.47


def test_score_equal_to_the_threshold_is_a_tag():
    tags = thresholds.apply(np.array([[0.4, 0.39]]), np.array([0.4, 0.4]))
    np.testing.assert_array_equal(tags, [[True, False]])


def test_single_mode_tags_the_best_topic_only():
    tags = thresholds.apply(np.array([[0.2, 0.3, 0.3], [0.4, 0.3, 0.3]]), None)
    np.testing.assert_array_equal(tags, [[False, True, False], [True, False, False]])


def test_overrides_apply_in_order(topics):
    stored = {"ships": 0.4, "bread": 0.6}
    assert thresholds.override(stored, [], topics) == stored
    assert thresholds.override(stored, ["bread=0.1"], topics) == {"ships": 0.4, "bread": 0.1}
    assert thresholds.override(stored, ["0.2", "bread=0.9"], topics) == {"ships": 0.2, "bread": 0.9}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("high", "not a number"),
        ("breed=0.5", "unknown topic"),
        ("1.5", "0 to 1"),
        ("nan", "0 to 1"),
    ],
)
def test_wrong_threshold_is_one_clear_line(topics, setting, message):
    with pytest.raises(UserError, match=message):
        thresholds.override({"ships": 0.5, "bread": 0.5}, [setting], topics)


def test_single_mode_has_no_thresholds_to_set(topics):
    with pytest.raises(UserError, match="exactly one topic"):
        thresholds.override({}, ["0.5"], TopicSet(topics.topics, "single"))
