import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.errors import UserError
from saulyq.topics import Topic, TopicSet, load_topics, save_topics

TOPICS = TopicSet((Topic("ships"), Topic("bread"), Topic("wool")))


def load(tmp_path, text):
    path = tmp_path / "topics.yaml"
    path.write_text(text, "utf-8")
    return load_topics(path)


def test_matrix_columns_follow_the_schema_and_no_topic_is_a_row_of_false():
    matrix = TOPICS.to_matrix([["wool", "ships"], [], ["bread"]])
    np.testing.assert_array_equal(matrix, [[1, 0, 1], [0, 0, 0], [0, 1, 0]])


def test_no_paragraphs_give_an_empty_matrix_with_all_columns():
    assert TOPICS.to_matrix([]).shape == (0, 3)


@given(st.lists(st.sets(st.sampled_from(TOPICS.ids))))
def test_topics_survive_the_round_trip(rows):
    in_order = [[t for t in TOPICS.ids if t in row] for row in rows]
    assert TOPICS.to_ids(TOPICS.to_matrix(in_order)) == in_order


def test_unknown_topic_names_the_nearest():
    with pytest.raises(UserError, match=r"unknown topic 'shipz'.*did you mean 'ships'"):
        TOPICS.to_matrix([["shipz"]])


def test_a_topic_named_twice_is_an_error():
    with pytest.raises(UserError, match="twice"):
        TOPICS.check(["ships", "ships"])


@pytest.mark.parametrize("topics", [[], ["ships", "wool"]])
def test_single_mode_wants_exactly_one_topic(topics):
    with pytest.raises(UserError, match="exactly one"):
        TopicSet(TOPICS.topics, "single").check(topics)


def test_schema_survives_the_round_trip(tmp_path):
    schema = TopicSet((Topic("ships", {"kk": "Кемелер"}, "What floats."), Topic("bread")), "single")
    save_topics(tmp_path / "topics.yaml", schema)
    assert load_topics(tmp_path / "topics.yaml") == schema


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("topics: [", "not valid YAML"),
        ("- ships", "expected a list under `topics:`"),
        ("topics: []", "0 topics; expected at least 1"),
        ("mode: single\ntopics: [{id: a}]", "1 topics; expected at least 2"),
        ("mode: both\ntopics: [{id: a}]", "mode is 'both'"),
        ("moed: multi\ntopics: [{id: a}]", "unknown setting 'moed'"),
        ("topics: [{id: a}, {id: a}]", "'a' is listed twice"),
        ("topics: [{kk: a}]", "expected an `id`"),
        ("topics: [{id: 'a;b'}]", "expected an `id`"),
        ("topics: [{id: a, Kazakh: b}]", "'Kazakh' is neither"),
        ("topics: [{id: 5}]", "expected text"),
        ("topics: [a]", "expected text"),
    ],
)
def test_malformed_schema_is_one_clear_line(tmp_path, text, message):
    with pytest.raises(UserError) as error:
        load(tmp_path, text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_schema_names_the_file(tmp_path):
    with pytest.raises(UserError, match=r"topics\.yaml: cannot be read"):
        load_topics(tmp_path / "topics.yaml")


def test_norwegian_is_a_language(tmp_path):
    assert load(tmp_path, "topics: [{id: a, no: Kreft}]").topics[0].names == {"no": "Kreft"}
