import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.text import lexicon
from saulyq.text.legacy import repair_legacy


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # KZ-1048 read as Windows-1251: ј ә, є ғ, ќ қ, ѕ ң, ґ ө, ў ұ, ї ү
        (
            "Ќазаќстан Республикасы Ўлттыќ Банкініѕ басќармасындаєы операцияларды есепке алу",
            "Қазақстан Республикасы Ұлттық Банкінің басқармасындағы операцияларды есепке алу",
        ),
        ("жеке тўлєалардан тїскен тїсімдер", "жеке тұлғалардан түскен түсімдер"),
        (
            "Шарттыѕ ќалєан талаптары ґзгеріссіз ќалады.",
            "Шарттың қалған талаптары өзгеріссіз қалады.",
        ),
        # PT154 read as Windows-1251: є ә, ѓ ғ, ќ қ, њ ң, µ ө, ± ұ, ‰ ү
        (
            "денсаулыќ саќтау жєне аталѓан министрліктіњ ж±мысы ‰шін µте",
            "денсаулық сақтау және аталған министрліктің жұмысы үшін өте",
        ),
        # By look: є is ә, as in PT154, but ў is ұ and ї is ү, as in KZ-1048
        ("бўл жєне бір жыл їшін", "бұл және бір жыл үшін"),
        ("Ќазаќстан єдебиеті", "Қазақстан әдебиеті"),
        ("ЌАЗАЌСТАН", "ҚАЗАҚСТАН"),
    ],
)
def test_each_legacy_table_is_found_from_the_text(typed, meant):
    assert repair_legacy(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Він має їхати до лікарні, але ще не знає, коли це буде. Її діти є здоровими.",
        "Міністерство охорони здоров'я України повідомляє про нові випадки захворювання",
        "її",
        "має",
        "Яна была ў бальніцы, а ўрач сказаў, што ўсё добра",
        "Влада је ове недеље усвојила закон о здравству и о њему ће гласати",
        "мајка и баба су код лекара",
        "Министерството за здравство на Северна Македонија ќе ја објави новата стратегија",
        "Ќе ја видиме меѓу луѓето во болницата",
        "Денсаулық сақтау министрлігі",
        "Зеленський її бачив және Қазақстан туралы айтты",
        "Министерство здравоохранения Республики Казахстан",
        "Температура 36,6 ±0,5 и доза 20 µг",
        "World Health Organization",
        "12 000 ₸",
        "",
    ],
)
def test_real_languages_and_clean_kazakh_are_not_legacy(text):
    assert repair_legacy(text) is None


def test_numbers_and_signs_in_a_legacy_text_stay():
    assert repair_legacy("жылдыќ 5±3 % ќўны, 20 µg") == "жылдық 5±3 % құны, 20 µg"


KZ_1048 = str.maketrans("әғқңөұүһ", "јєќѕґўїћ")
words = st.sampled_from([w for w, n in lexicon.frequencies().items() if n >= 50 and len(w) >= 4])


@given(st.lists(words, min_size=1, max_size=8).map(" ".join))
def test_frequent_words_come_back_from_the_commonest_table(text):
    kazakh = f"{text} қазақ тілінің сөздері"
    assert repair_legacy(kazakh.translate(KZ_1048)) == kazakh


@given(st.text(max_size=80))
def test_what_was_repaired_is_not_repaired_again(text):
    repaired = repair_legacy(text)
    assert repaired is None or repair_legacy(repaired) is None
