import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.text import Converted, convert, lexicon, to_cyrillic
from saulyq.text.alphabets import ALPHABETS, to_alphabet
from saulyq.text.conversion import LATIN_ALPHABETS
from saulyq.text.latin import to_cyrillic_word

SENTENCE = "Денсаулық сақтау министрлігі жаңа аурухананың ашылғанын хабарлады"


@pytest.mark.parametrize(
    ("typed", "script"),
    [
        ("Densaýlyq saqtaý mınıstrligi jańa aýrýhana ashty", "latin_2018"),
        ("Densaulyq saqtau ministrlıgı jaña auruhana aşty", "latin_2021"),
        ("Densawlyq saqtaw ministrligi zhanga awrwhana ashty", "latin_digraph"),
        ("Densaulyk saktau ministrligi jana auruhana ashty", "latin_adhoc"),
        ("Денсаулык сактау министрлиги жана аурухана ашты", "cyrillic_russian"),
    ],
)
def test_each_spelling_is_read_as_cyrillic(typed, script):
    found = convert(typed)
    assert found.script == script
    assert found.text == "Денсаулық сақтау министрлігі жаңа аурухана ашты"


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        "Управление здравоохранения сообщило о наборе врачей в сельские больницы",
        "World Health Organization published a new report on vaccines",
        "The model was trained on 4 cloud machines and has a visible plan",
        "Disclaimer: the team did not write a card for this model",
        "Die Gesundheit der Menschen in den Städten",
        "Кыргыз Республикасынын Саламаттыкты сактоо министрлиги билдирди",
        "PET/CT",
        "COVID-19",
        "12 000 ₸",
        "中文",
        "",
    ],
)
def test_other_text_stays_as_it_is(text):
    assert to_cyrillic(text) == text


def test_foreign_words_inside_latin_kazakh_stay():
    typed = "Densaýlyq saqtaý mınıstrligi World Health Organization jáne COVID-19 týraly aıtty"
    assert to_cyrillic(typed) == (
        "Денсаулық сақтау министрлігі World Health Organization және COVID-19 туралы айтты"
    )


def test_latin_words_inside_cyrillic_text_stay():
    text = "Дәрігерлер PET/CT пен Face ID жүйесін, E-Densaulyq порталын пайдаланады"
    assert convert(text) == Converted(text, "cyrillic")


def test_capitals_come_back_as_they_were():
    assert to_cyrillic("QAZAQSTAN RESPÝBLIKASY Densaýlyq saqtaý mınıstrligi") == (
        "ҚАЗАҚСТАН РЕСПУБЛИКАСЫ Денсаулық сақтау министрлігі"
    )


def test_scripts_without_kazakh_are_named():
    assert convert("A report of the World Health Organization").script == "latin"
    assert convert("12 000").script == "other"


@pytest.mark.parametrize("alphabet", [*LATIN_ALPHABETS, "cyrillic_russian"])
def test_a_sentence_comes_back_from_every_alphabet(alphabet):
    assert convert(to_alphabet(SENTENCE, alphabet)).text == SENTENCE


words = st.sampled_from(sorted(lexicon.frequencies())[::50])


@given(st.lists(words, min_size=1, max_size=12).map(" ".join))
def test_cyrillic_kazakh_is_a_fixed_point(text):
    kazakh = f"{text} және"  # one word with a Kazakh letter: nothing to restore
    assert to_cyrillic(kazakh) == kazakh


@given(st.text(max_size=60) | st.lists(words, max_size=8).map(" ".join))
def test_what_was_converted_is_not_converted_again(text):
    once = to_cyrillic(text)
    assert to_cyrillic(once) == once


@given(st.text(max_size=80))
def test_numbers_and_punctuation_are_never_touched(text):
    def others(t):
        return [c for c in t if not c.isalpha() and c not in "'’"]

    assert others(to_cyrillic(text)) == others(text)


def test_alphabets_cover_every_kazakh_letter():
    letters = set("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя")
    for alphabet in LATIN_ALPHABETS:
        assert set(ALPHABETS[alphabet]) == letters


def test_lexicon_leaves_out_words_typed_without_kazakh_letters():
    counts = lexicon.count_words(["жақсы жақсы жақсы жаксы кен кен кең"])
    # жақсы is three times as frequent as жаксы; кен (ore) is commoner than кең (wide)
    assert set(lexicon.without_lost_letters(counts)) == {"жақсы", "кен", "кең"}


@pytest.mark.parametrize(
    ("lost", "meant"),
    [
        ("Денсаулы? са?тау министрл?г?нен", "Денсаулық сақтау министрлігінен"),
        ("денсаулы? са?тау", "денсаулық сақтау"),
        ("?аза?стан Республикасы", "қазақстан Республикасы"),  # the capital is lost with the letter
        ("Емхана ашылды ма?", "Емхана ашылды ма?"),
        ("Кезек бар? Бар.", "Кезек бар? Бар."),
        ("Неге? Қалай? Қашан?", "Неге? Қалай? Қашан?"),
        ("абра?адабра", "абра?адабра"),
    ],
)
def test_letters_lost_to_question_marks_come_back_where_one_word_is_clear(lost, meant):
    assert to_cyrillic(lost) == meant


@given(st.lists(words, min_size=1, max_size=8).map(" ".join))
def test_questions_are_not_gaps(text):
    question = f"{text} және жоқ па?"
    assert to_cyrillic(question) == question


def test_arabic_script_and_old_fonts_are_read_as_cyrillic():
    assert convert("قازاقستان دەنساۋلىق ساقتاۋ مينيسترلىگى حابارلادى") == Converted(
        "Қазақстан денсаулық сақтау министрлігі хабарлады", "arabic"
    )
    assert convert("Ќазаќстан жјне денсаулыќ саќтау їшін") == Converted(
        "Қазақстан және денсаулық сақтау үшін", "cyrillic_legacy"
    )


@pytest.mark.parametrize(
    "text",
    [
        "منظمة الصحة العالمية تعلن عن تقرير جديد",
        "سازمان جهانی بهداشت گزارش داد",
        "Їжак і єдність ґанку",
    ],
)
def test_other_languages_in_those_letters_stay(text):
    assert to_cyrillic(text) == text


def test_cyrillic_letters_typed_into_latin_words_are_read():
    typed = "\u041e\u0301ńirde emhanalarǵa dárigerler keldi"  # Cyrillic О with an acute
    assert to_cyrillic(typed) == "Өңірде емханаларға дәрігерлер келді"


@pytest.mark.parametrize(
    ("latin", "meant"),
    [
        ("sanaviatsijamen", "санавиациямен"),
        ("Tezekbaevtyng", "Тезекбаевтың"),
        ("fibrozy", "фиброзы"),
        # Endings of Kazakh stay.
        ("arhivinde", "архивінде"),
        ("kollektivining", "коллективінің"),
    ],
)
def test_borrowed_words_that_the_lexicon_lacks_are_spelt_as_in_russian(latin, meant):
    assert to_cyrillic_word(latin, "latin_digraph") == meant


def test_mixed_words_of_foreign_text_stay():
    text = "Patients with COVIDтің were treated in the hospital of the city and they are well"
    assert to_cyrillic(text) == text


def test_words_with_cyrillic_letters_that_no_latin_letter_looks_like_stay_mixed():
    text = "Bul smartphoneдар men jańa emhanalarda dárigerler jumys isteıdi"
    assert "smartphoneдар" in to_cyrillic(text)
