import itertools
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.tagging import blocks
from saulyq.tagging.blocks import FIRST_ROWS, FULL_ROWS, Ahead, Repeat, cut, without_repeats
from saulyq.tagging.ids import RepeatedIds
from saulyq.tagging.inputs import Reject, Row, Source

SOURCE = Source(Path("a.txt"), "a.txt", "a")


def row(number, article="m", text="кеме"):
    return Row(source=SOURCE, id=str(number), article_id=article, paragraph=0, text=text, place=1)


def test_blocks_hold_every_item_once_in_order_and_grow():
    items = [row(n) for n in range(5000)]
    found = list(cut(items, by_article=False))
    assert list(itertools.chain(*found)) == items
    assert [len(block) for block in found[:5]] == [FIRST_ROWS, 64, 256, FULL_ROWS, FULL_ROWS]


def test_a_block_of_long_texts_has_few_of_them(monkeypatch):
    monkeypatch.setattr(blocks, "FULL_CHARACTERS", 10)
    found = cut([row(n, text="x" * 6) for n in range(5)], by_article=False)
    assert [len(block) for block in found] == [2, 2, 1]


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(1, 5))
def test_an_article_stays_in_one_block(articles, full):
    items = [row(n, article) for n, article in enumerate(articles)]
    items[3:3] = [Reject("a.txt", 9, "bad")] if len(items) > 3 else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "FIRST_ROWS", full)
        patch.setattr(blocks, "FULL_ROWS", full)
        found = list(cut(items, by_article=True))
    assert list(itertools.chain(*found)) == items
    in_blocks = [[item.article_id for item in b if isinstance(item, Row)] for b in found]
    ends = itertools.pairwise(filter(None, in_blocks))
    assert all(before[-1] != after[0] for before, after in ends)


def test_bad_rows_do_not_keep_an_article_open_for_ever(monkeypatch):
    monkeypatch.setattr(blocks, "FIRST_ROWS", 4)
    monkeypatch.setattr(blocks, "FULL_ROWS", 4)
    bad = [Reject("a.txt", n, "bad") for n in range(500)]
    found = list(cut([row(1, "m"), *bad, row(2, "k")], by_article=True))
    assert max(map(len, found)) <= 4 * blocks.N_BETWEEN + 4
    between = [item for n in range(9) for item in (row(n, f"m{n}"), bad[n])]
    assert [len(b) for b in cut(between, by_article=True)] == [4, 4, 4, 4, 2]


def test_what_has_come_is_not_held_back():
    gate = threading.Event()

    def slowly():
        yield row(1)
        yield row(2)
        gate.wait()
        yield row(3)

    ahead = Ahead(slowly(), 10)
    found = cut(ahead, by_article=False, must_wait=ahead.must_wait)
    assert [item.id for item in next(found)] == ["1", "2"]
    gate.set()
    assert [item.id for item in next(found)] == ["3"]
    assert list(found) == []


def test_what_goes_wrong_ahead_is_raised_where_it_is_taken():
    def breaking():
        yield 1
        raise ValueError("here")

    taken = iter(Ahead(breaking(), 4))
    assert next(taken) == 1
    with pytest.raises(ValueError, match="here"):
        next(taken)


def test_reading_ahead_is_bounded_and_ends_with_its_reader():
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield number

    taken = iter(Ahead(endless(), 3))
    assert [next(taken), next(taken)] == [0, 1]
    taken.close()
    time.sleep(0.3)
    assert len(read) <= 7
    assert threading.active_count() < 20


def test_a_title_said_again_is_a_repeat():
    title = "Кемелер теңізге шықты"
    rows = [
        Row(source=SOURCE, id="a", article_id="a", paragraph=n, text=text, place=n + 1)
        for n, text in enumerate([title, title, "жел", "жел"])
    ]
    assert [type(item) for item in without_repeats(rows)] == [Row, Repeat, Row, Row]


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=12))
def test_repeated_ids_are_counted_as_a_set_would(batches):
    ids, seen, n_repeated = RepeatedIds(), set(), 0
    for batch in batches:
        ids.add([row(number) for number in batch])
        for number in batch:
            n_repeated += number in seen
            seen.add(number)
    assert ids.n_repeated == n_repeated


def test_a_paragraph_of_the_same_article_is_no_repeated_id():
    ids = RepeatedIds()
    ids.add([Row(SOURCE, "a", "a", n, "x", place=n + 1) for n in range(3)])
    assert ids.n_repeated == 0
