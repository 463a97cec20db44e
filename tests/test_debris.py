import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saulyq.text import lexicon
from saulyq.text.debris import clean_text

BODY = "Аудандық емханаға екі жас дәрігер келді."
TITLE = "Ауылдағы емханаға жаңа аппарат жеткізілді"
SOME_WORDS = list(lexicon.frequencies())[:20_000]

WHOLLY_DEBRIS = {
    "date 2025-09-21": "date",
    " date 2025-09-21 ": "date",
    "25 наурыз 2020, 12:22 726 0": "date",
    "738": "counter",
    "0 12": "counter",
    "Оқылды: 523": "counter",
    "Қаралды: 523 Пікірлер (4)": "counter",
    "USD 478.32 EUR 512.10 RUB 5.92": "ticker",
    "USD 478.32": "ticker",
    "Фото: baq.kz": "photo",
    "Фото: ашық дереккөз": "photo",
    "Фото: Денсаулық сақтау министрлігінің баспасөз қызметі": "photo",
    "Фото: А. Сейітов": "photo",
    "Фото:": "photo",
    "© Egemen Qazaqstan": "photo",
    "None": "none",
    "null": "none",
    "undefined": "none",
    "Бөлісу": "share",
    "Бөлісу:": "share",
    "Бөлісу: Telegram WhatsApp": "share",
    "Telegram WhatsApp Facebook": "share",
    "Соңғы жаңалықтар": "share",
}


@pytest.mark.parametrize(("text", "kind"), WHOLLY_DEBRIS.items())
def test_a_paragraph_of_debris_becomes_empty(text, kind):
    cleaned, made = clean_text(text)
    assert cleaned == ""
    assert set(made) == {kind}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f" date 2025-09-21 {BODY}", "date"),
        (f"date 2025-12-04 03.12.2025, 11:30 11196 {BODY}", "date"),
        (f"Оқылды: 523 {BODY}", "counter"),
        (f"{BODY} Қаралды: 1204", "counter"),
        (f"USD 478.32 EUR 512.10 RUB 5.92 {BODY}", "ticker"),
        (f"Фото: baq.kz {BODY}", "photo"),
        (f"{BODY} Фото: ашық дереккөз", "photo"),
        (f"None {BODY}", "none"),
        (f"{BODY} None", "none"),
        (f"{BODY} Бөлісу: Telegram WhatsApp Facebook", "share"),
        (f"Telegram WhatsApp Facebook {BODY}", "share"),
    ],
)
def test_debris_before_and_after_sentences_is_cut(text, kind):
    assert clean_text(text) == (BODY, {kind: 1})


def test_several_kinds_are_counted_apart():
    cleaned, made = clean_text(f"date 2025-09-21 None {BODY} Фото: baq.kz Бөлісу:")
    assert cleaned == BODY
    assert made == {"date": 1, "none": 1, "photo": 1, "share": 1}


@pytest.mark.parametrize("again", [f" {TITLE}", f" {TITLE} {TITLE}", f" | {TITLE}"])
def test_a_title_said_again_in_one_line_is_said_once(again):
    assert clean_text(f"{TITLE}{again} {BODY}") == (f"{TITLE} {BODY}", {"title": 1})


@pytest.mark.parametrize(
    ("split", "whole"),
    [
        ("ден саулы қ", "денсаулық"),
        ("денсаулы қ", "денсаулық"),
        ("Қ азақстан", "Қазақстан"),
        ("м ә селе", "мәселе"),
        ("к өмек", "көмек"),
        ("министрлігіні ң", "министрлігінің"),
    ],
)
def test_a_word_split_around_kazakh_letters_is_joined(split, whole):
    assert clean_text(f"{split} керек.") == (f"{whole} керек.", {"split": 1})
    assert clean_text(f"Бұл {split}.")[0] == f"Бұл {whole}."


@pytest.mark.parametrize("seam", ["- ", "-\n"])
def test_a_word_split_at_a_line_end_is_joined(seam):
    text = f"Ауылға дәрі{seam}гер мен медицина{seam}лық бөлім келді."
    cleaned, made = clean_text(text)
    assert cleaned == "Ауылға дәрігер мен медициналық бөлім келді."
    assert made == {"hyphen": 2}


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("Науқас келді.Дәрігер қарады.", "Науқас келді. Дәрігер қарады."),
        ("Кім келді?Дәрігер келді!Емхана ашық.", "Кім келді? Дәрігер келді! Емхана ашық."),
        ("Ол айтты.«Дәрі керек».", "Ол айтты. «Дәрі керек»."),
        ("«Дәрі керек».Ол айтты.", "«Дәрі керек». Ол айтты."),
    ],
)
def test_a_sentence_end_gets_its_space(text, spaced):
    assert clean_text(text)[0] == spaced


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        f" {BODY} ",
        "3 842. Мемлекет есебінен ем алғандар саны осындай.",
        "2024",
        "12 500",
        "91,3",
        "1.",
        "Алғашқы көмек",
        "Биыл қаралды: 523 өтініш, оның 40-ы дәріге қатысты.",
        "Пікірлер екіге бөлінді.",
        "Бір курс USD 478.32 EUR 512.10 болып тұр.",
        "Құны USD 300, оны қор төлейді.",
        "Фото: емхана алдындағы кезек",
        "Сурет: өкпе рентгені",
        "Фотоға түскен дәрігер.",
        "Кестеде None деген сөз тұр.",
        "Жазылу Telegram, WhatsApp және Facebook арқылы жүреді.",
        "Telegram WhatsApp арқылы жазылуға болады.",
        "Тәжірибе бөлісу: дәрігерлер жиналды.",
        "Бөлісу маңызды.",
        "Соңғы жаңалықтар бойынша емхана ашылды.",
        "Кездесу күні date 2025-09-21 деп жазылған.",
        "дәрі-дәрмек пен медициналық-санитариялық көмек",
        "бала- шаға, ата- ана, дәрі- дәрмек",
        "екі- үш күн",
        "Жазылу egov.kz пен baq.kz сайтында, 12.05.2020 күні.",
        "Дәрі, таңғыш т.б.Дәрігер қарады.",
        "А.Б.Сейітов пен Ә. Қ. Нұрлан келді.",
        "деді м. қожахмет пен министрі н. ермекбаев",
        "Мынадай: а) дәрі; ә) таңғыш; қ) ине.",
        "Ол ә деп таңғалды.",
        "Қол өнер, бас тау, ал ма, бар ма, қала көмек.",
        "Дәрі ішіңіз, дәрі ішіңіз деп айта берді.",
        "Ол жүре берді, жүре берді, жүре берді де шаршады.",
        "COVID-19 бойынша IgG мен IgM талдауы.",
        "densaulyq saqtaý mınıstrligi",
    ],
)
def test_what_may_be_the_words_of_the_author_stays(text):
    assert clean_text(text) == (text, {})


PIECES = st.sampled_from(
    [*WHOLLY_DEBRIS, BODY, TITLE, "м", "ә", "селе", "қ", "денсаулы", "дәрі-", "гер", ".", "Ол", "5"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=8), st.sampled_from([" ", "\n", ""]))
def test_cleaning_twice_changes_nothing_more(pieces, between):
    cleaned, _ = clean_text(between.join(pieces))
    assert clean_text(cleaned) == (cleaned, {})


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="қаәл нү-.!?»\nАҚ:1©"))
def test_any_text_is_cleaned_once_and_for_all(text):
    cleaned, _ = clean_text(text)
    assert clean_text(cleaned) == (cleaned, {})


def test_words_of_the_lexicon_stay():
    for word in SOME_WORDS:
        assert clean_text(word) == (word, {})
        assert clean_text(word.capitalize() + ".")[0] == word.capitalize() + "."


def test_clean_sentences_stay():
    for other in ("Қазақстанда", "дәрігерлер", "және"):
        for word in SOME_WORDS[:1000]:
            text = f"Бүгін {other}, {word} туралы айтты. Ол келді."
            assert clean_text(text) == (text, {})
