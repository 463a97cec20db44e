import pytest

pytest.importorskip("evaluate")

from saulyq.evaluate_metric import TopicF1


def test_values_by_hand():
    metric = TopicF1(["ships", "bread"])
    # ships: 1 hit, 2 tags, 1 gold -> 2/3; bread: 1 hit, 1 tag, 2 gold -> 2/3; micro 4/6
    found = metric.compute(predictions=[[1, 1], [1, 0]], references=[[1, 1], [0, 1]])
    assert found == {
        "macro_f1": 0.6667,
        "micro_f1": 0.6667,
        "f1": {"ships": 0.6667, "bread": 0.6667},
    }


def test_batches_add_up():
    metric = TopicF1(["ships", "bread"])
    metric.add_batch(predictions=[[1, 1]], references=[[1, 1]])
    metric.add_batch(predictions=[[1, 0]], references=[[0, 1]])
    assert metric.compute()["macro_f1"] == 0.6667


def test_wrong_number_of_topics_is_an_error():
    with pytest.raises(ValueError, match="rows have 3 numbers; expected 2"):
        TopicF1(["ships", "bread"]).compute(predictions=[[1, 0, 0]], references=[[1, 0, 0]])
