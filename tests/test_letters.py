import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.taggers.tokenizer import train_wordpiece
from saulyq.text import letters
from saulyq.text.letters import LOOKALIKES, NORMALIZER, normalise


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("екпе  салу\n\tкүні", "екпе салу күні"),
        ("қoғам", "қоғам"),  # Latin o
        ("Aлматы", "Алматы"),  # Latin A at the start of the word
        ("мәселe", "мәселе"),  # Latin e at its end
        ("дəрігер", "дәрігер"),  # schwa of the Latin block
        ("емха\u00adна", "емхана"),
        ("\ufeffемхана", "емхана"),
        ("и\u0306од", "йод"),  # decomposed й
        ("о‘збек Д’Артаньян", "о'збек Д'Артаньян"),
    ],
)
def test_repairs_what_is_typed(typed, meant):
    assert normalise(typed) == meant


@pytest.mark.parametrize(
    "text", ["COVID-19", "World Health Organization", "PET/CT", "IgG", "e-Gov"]
)
def test_latin_words_stay_latin(text):
    assert normalise(text) == text


def test_case_digits_and_punctuation_are_kept():
    text = "№ 5 Емхана: «12,5 %» – 3-ші АЙ!"
    assert normalise(text) == text


@given(st.text(alphabet="ayciАяқі \u0306\u0308\u0301\u200b\n1.") | st.text())
def test_normalise_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once


TOKENIZER = train_wordpiece(["емхана дәрігер йод қоғам салу"] * 3, 80)


def test_offsets_of_tokens_lead_back_to_the_text_as_it_was_typed():
    text = "  Eмха\u00adна,\n и\u0306од"
    encoding = TOKENIZER.encode(text, add_special_tokens=False)
    words: dict[int, list[tuple[int, int]]] = {}
    for word, place in zip(encoding.word_ids, encoding.offsets, strict=True):
        words.setdefault(word, []).append(place)
    found = [text[places[0][0] : places[-1][1]] for places in words.values()]
    assert found == ["Eмха\u00adна", ",", "и\u0306од"]


@given(st.text(alphabet="емханaйodи\u0306\u00ad\u200b \n,’1"))
def test_offsets_stay_in_the_text_and_in_order(text):
    offsets = TOKENIZER.encode(text, add_special_tokens=False).offsets
    assert all(0 <= start <= end <= len(text) for start, end in offsets)
    assert offsets == sorted(offsets)


def test_lookalikes_really_look_alike_and_change_script():
    for latin, cyrillic in LOOKALIKES.items():
        assert len(latin) == len(cyrillic) == 1
        assert "CYRILLIC" in unicodedata.name(cyrillic)
        assert "CYRILLIC" not in unicodedata.name(latin)


def test_nothing_looks_ahead_or_back_without_a_bound():
    # (?=\\w*...) at each letter of a run makes the time quadratic in its length.
    state = NORMALIZER.__getstate__().decode()
    assert "(?=" in state
    assert not re.search(r"\(\?<?=[^)]*[*+]", state)


@given(st.text("аЯёқҺ09.,«»“—…№/-\"+ \u0301aс'", max_size=12))
def test_plain_text_is_passed_over_only_where_nothing_is_to_do(text):
    assert normalise(text) == NORMALIZER.normalize_str(text)


def test_no_letter_or_sign_that_is_passed_over_would_change():
    plain = [c for c in map(chr, range(0x3000)) if letters._PLAIN.fullmatch(c)]
    assert len(plain) > 100
    for character in plain:
        assert NORMALIZER.normalize_str(f"қ{character}а") == f"қ{character}а"
