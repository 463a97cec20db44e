import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
