import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from saulyq.taggers.tokenizer import (
    n_characters,
    tokens_per_character,
    train_wordpiece,
    with_clean_up,
    with_limit,
    without_limit,
)
from saulyq.taggers.windows import WindowSplitter
from saulyq.text import normalise

TEXTS = ["кеме теңізде жүзіп барады", "наубайхана нан пісірді", "көшеде балалар ойнап жүр"] * 5
TOKENIZER = train_wordpiece(TEXTS, 200)


def tokens(tokenizer, text):
    return tokenizer.encode(text).tokens


def test_vocabulary_keeps_to_its_size_and_special_tokens_come_first():
    assert TOKENIZER.get_vocab_size() <= 200
    assert TOKENIZER.token_to_id("[PAD]") == 0
    assert tokens(TOKENIZER, "нан")[0] == "[CLS]"


def test_clean_up_goes_in_front_once_and_keeps_the_tokenizers_own():
    own = Tokenizer.from_str(TOKENIZER.to_str())
    own.normalizer = normalizers.Lowercase()
    cleaned = with_clean_up(own)
    assert tokens(cleaned, "КЕМE  НА\u00adН") == tokens(TOKENIZER, "кеме нан")
    assert with_clean_up(cleaned).to_str() == cleaned.to_str()


def test_an_earlier_clean_up_is_not_kept_beside_the_new_one():
    state = json.loads(TOKENIZER.to_str())
    n_steps = len(state["normalizer"]["normalizers"])
    del state["normalizer"]["normalizers"][5]  # as before that step was thought of
    newer = json.loads(with_clean_up(Tokenizer.from_str(json.dumps(state))).to_str())
    assert n_steps < len(newer["normalizer"]["normalizers"]) <= n_steps + 5


def test_clean_up_works_where_there_was_no_normalizer():
    bare = Tokenizer.from_str(TOKENIZER.to_str())
    bare.normalizer = None
    assert tokens(with_clean_up(bare), "кeмe") == tokens(TOKENIZER, "кеме")


def test_limit_drops_the_rest_of_the_text_and_can_be_taken_off():
    limited = with_limit(TOKENIZER, 4)
    assert tokens(limited, "кеме нан") == tokens(TOKENIZER, "кеме")
    assert tokens(limited, "кеме") == tokens(TOKENIZER, "кеме")
    whole, limit = without_limit(limited)
    assert limit == 4
    assert whole.to_str() == TOKENIZER.to_str()


def test_limit_counts_line_breaks_too():
    assert n_characters(with_limit(TOKENIZER, 10), "а\n" * 50) == 10


def test_bytes_are_counted_where_a_tokenizer_falls_back_to_them():
    assert tokens_per_character(TOKENIZER) == 1
    byte_level = Tokenizer.from_str(TOKENIZER.to_str())
    byte_level.pre_tokenizer = ByteLevel()
    assert tokens_per_character(byte_level) == 4


def test_same_texts_give_the_same_tokenizer():
    assert {train_wordpiece(TEXTS, 200).to_str() for _ in range(4)} == {TOKENIZER.to_str()}


def test_short_text_is_one_window():
    windows = WindowSplitter(TOKENIZER, 16, 100).split(["кеме нан", ""])
    assert windows == [["кеме нан"], [""]]


words = st.text(alphabet="абвкемнәғ中a1.", min_size=1, max_size=60)


@settings(max_examples=60)
@given(st.lists(words, max_size=60), st.integers(20, 200))
def test_windows_lose_nothing_and_fit(parts, max_characters):
    text = " ".join(parts)
    (windows,) = WindowSplitter(TOKENIZER, 16, max_characters).split([text])
    assert "".join(windows).replace(" ", "") == normalise(text).replace(" ", "")
    for window in windows:
        assert len(TOKENIZER.encode(window).ids) <= 16
        assert len(window) <= max_characters


@pytest.mark.parametrize("n_words", [1, 14, 15, 200])
def test_windows_are_cut_between_words(n_words):
    text = " ".join(["кеме"] * n_words)
    (windows,) = WindowSplitter(TOKENIZER, 16, 1000).split([text])
    assert " ".join(windows) == text


def test_characters_that_fall_apart_into_bytes_still_fit():
    tokenizer = Tokenizer(BPE({f"<0x{b:02X}>": b for b in range(256)}, [], byte_fallback=True))
    (windows,) = WindowSplitter(tokenizer, 16, 1000).split(["😀" * 100])
    assert "".join(windows) == "😀" * 100
    assert max(len(tokenizer.encode(window).ids) for window in windows) <= 16
