import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.text import lexicon
from saulyq.text.arabic import from_arabic, to_arabic, to_cyrillic_word

PAIRS = [
    ("қазақстан", "قازاقستان"),
    ("денсаулық", "دەنساۋلىق"),  # ە: the reader sees that it is front
    ("әке", "اكە"),  # ك and ە: no hamza
    ("дәрігер", "دارىگەر"),  # گ and ە: no hamza
    ("бірақ", "بىراق"),  # ق never stands with the hamza
    ("бір", "ٴبىر"),
    ("үй", "ٴۇي"),
    ("үйге", "ۇيگە"),
    ("әдіс", "ٴادىس"),
    ("бала", "بالا"),
    ("министрлігі", "مينيسترلىگى"),
    ("пандемия", "پاندەميا"),  # ия has one ي
    ("вакцина", "ۆاكتسينا"),
    ("яғни", "ياعني"),
    ("аурухана", "اۋرۋحانا"),
]


@pytest.mark.parametrize(("cyrillic", "arabic"), PAIRS)
def test_words_are_spelt_as_the_orthography_asks(cyrillic, arabic):
    assert to_arabic(cyrillic) == arabic


@pytest.mark.parametrize(("cyrillic", "arabic"), PAIRS)
def test_words_come_back(cyrillic, arabic):
    assert to_cyrillic_word(arabic) == cyrillic


@pytest.mark.parametrize(
    ("arabic", "cyrillic"),
    [
        ("ءبىر", "бір"),  # the hamza of the web
        ("ءقازىر", "қазір"),  # a hamza where none is due
        ("ادىس", "әдіс"),  # a hamza left out
        ("\u0675دىس", "әдіс"),  # alef and hamza in one character
        ("ک\u06ccم", "кім"),  # Persian keyboard, no other yeh
        ("مەديسينا", "медицина"),  # ц as it is heard
        ("توقايەۆ", "тоқаев"),
        ("\ufe97\ufeb2\ufe8e", "тса"),  # shaped letters
        ("ەمحان\u0640ا", "емхана"),  # stretched
        ("داريگەر", "даригер"),
    ],
)
def test_other_ways_to_write_a_word_are_read(arabic, cyrillic):
    assert to_cyrillic_word(arabic) == cyrillic


def test_a_sentence_of_a_news_site_is_read():
    assert from_arabic("دەنساۋلىق ساقتاۋ جۇيەسى دايىن بولعان جوق. بۇل تۋرالى ءتىلشىسى ايتتى؟") == (
        "Денсаулық сақтау жүйесі дайын болған жоқ. Бұл туралы тілшісі айтты?"
    )


def test_capitals_stand_where_sentences_begin_only():
    text = "«قازاقستان» 2012 ج. قازاق، بالا! جوق؟ بار"
    assert from_arabic(text) == "«Қазақстан» 2012 ж. қазақ, бала! Жоқ? Бар"


@pytest.mark.parametrize(
    "text", ["", "COVID-19, 5 %", "Денсаулық сақтау; жоқ па?", "中文 abc. def"]
)
def test_text_without_arabic_letters_stays(text):
    assert from_arabic(text) == text


words = st.sampled_from(sorted(lexicon.frequencies())[::50])
frequent = st.sampled_from([word for word, n in lexicon.frequencies().items() if n >= 1000])


@given(words)
def test_a_word_of_the_lexicon_comes_back_as_itself_or_a_commoner_twin(word):
    back = to_cyrillic_word(to_arabic(word))
    counts = lexicon.frequencies()
    assert to_arabic(back) == to_arabic(word)
    assert counts[back] >= counts[word]


@given(st.lists(words, max_size=8).map(" ".join) | st.text(max_size=60))
def test_digits_and_punctuation_are_never_lost(text):
    def others(t):
        return re.findall(r"[\d.,;:!?«»()%-]", t)

    assert others(from_arabic(to_arabic(text))) == others(text)


@given(st.lists(words, max_size=8).map(" ".join) | st.text(max_size=60))
def test_what_was_read_is_not_read_again(text):
    once = from_arabic(text)
    assert from_arabic(once) == once


@given(st.text(alphabet="ابكگەىيۋۇوتسقعٴء\u06cc", min_size=1, max_size=12))
def test_no_arabic_letter_of_the_alphabet_is_left(word):
    assert not re.search("[\u0620-\u06d5]", to_cyrillic_word(word))
