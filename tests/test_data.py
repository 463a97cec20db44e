import json

import numpy as np
import pytest
from conftest import write_jsonl

from saulyq.data import checksum, read_paragraphs, read_split
from saulyq.errors import UserError

GOOD = {"id": "a-0", "article_id": "a", "text": "нан пісті", "topics": ["bread"]}


def read_error(path, topics):
    with pytest.raises(UserError) as error:
        list(read_paragraphs(path, topics))
    message = str(error.value)
    assert "\n" not in message
    return message


def test_reads_paragraphs_with_their_details(tmp_path, topics):
    path = write_jsonl(tmp_path / "train.jsonl", [GOOD | {"genre": "column"}])
    (paragraph,) = read_paragraphs(path, topics)
    assert (paragraph.id, paragraph.topics) == ("a-0", ("bread",))
    assert paragraph.details == {"genre": "column"}


def test_split_has_gold_topics_in_schema_order(tmp_path, topics):
    second = GOOD | {"id": "a-1", "topics": []}
    write_jsonl(tmp_path / "train.jsonl", [GOOD, second])
    split = read_split(tmp_path, "train", topics)
    np.testing.assert_array_equal(split.gold, [[False, True], [False, False]])
    assert split.texts == ["нан пісті", "нан пісті"]
    assert split.article_ids == ["a", "a"]


def test_extra_rows_come_after_the_splits_own(tmp_path, topics):
    write_jsonl(tmp_path / "train.jsonl", [GOOD])
    extra = write_jsonl(tmp_path / "more.jsonl", [GOOD | {"id": "b-0"}])
    assert [p.id for p in read_split(tmp_path, "train", topics, extra).paragraphs] == ["a-0", "b-0"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "a", "article_id": "a", "text": "x"}, "missing topics"),
        (GOOD | {"topics": ["breed"]}, "unknown topic 'breed'; topics: ships, bread; did you mean"),
        (GOOD | {"topics": "bread"}, "topics is str; expected list"),
        (GOOD | {"topics": [5]}, "topics holds something other than text"),
        (GOOD | {"text": None}, "text is NoneType; expected str"),
        (GOOD | {"text": " \u200b"}, "'text' is empty"),
        (GOOD | {"id": ""}, "'id' is empty"),
        (GOOD | {"id": 7}, "id is int; expected str"),
        (GOOD | {"text": "нан \ud83d"}, "half of a surrogate pair"),
        (GOOD, "id 'a-0' already stands in line 1"),
        (["a list"], "list; expected one JSON object a line"),
    ],
)
def test_first_bad_row_stops_with_its_place(tmp_path, topics, row, message):
    path = write_jsonl(tmp_path / "train.jsonl", [GOOD, row])
    found = read_error(path, topics)
    assert found.startswith(f"{path}:2: ")
    assert message in found


def test_invalid_json_names_the_line(tmp_path, topics):
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n{oops\n", "utf-8")
    assert read_error(path, topics).startswith(f"{path}:3: not valid JSON")


def test_wrong_encoding_names_the_byte(tmp_path, topics):
    path = tmp_path / "train.jsonl"
    path.write_bytes('{"text": "нан'.encode("cp1251"))
    assert "byte 0xed at position 11 is not UTF-8" in read_error(path, topics)


def test_endless_nesting_is_a_bad_line_not_a_crash(tmp_path, topics):
    path = tmp_path / "train.jsonl"
    path.write_text("[" * 100_000, "utf-8")
    assert "not valid JSON" in read_error(path, topics)


def test_empty_file_is_an_error(tmp_path, topics):
    (tmp_path / "train.jsonl").touch()
    with pytest.raises(UserError, match="no paragraphs"):
        read_split(tmp_path, "train", topics)


def test_missing_split_has_no_fallback(tmp_path, topics):
    write_jsonl(tmp_path / "test.jsonl", [GOOD])
    with pytest.raises(UserError, match=r"valid\.jsonl not found"):
        read_split(tmp_path, "valid", topics)


def test_checksum_is_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    # The test vector of FIPS 180-4.
    assert checksum(tmp_path / "x").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_taken_rows_keep_their_gold_topics_and_order(tmp_path, topics):
    write_jsonl(tmp_path / "train.jsonl", [GOOD, GOOD | {"id": "a-1", "topics": ["ships"]}])
    split = read_split(tmp_path, "train", topics)
    taken = split.take([1, 0])
    assert [p.id for p in taken.paragraphs] == ["a-1", "a-0"]
    np.testing.assert_array_equal(taken.gold, [[True, False], [False, True]])
    assert split.take([]).gold.shape == (0, 2)
