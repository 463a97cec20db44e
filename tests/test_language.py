import pytest

from saulyq.text.language import language_of, script_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Облыстық ауруханада жаңа бөлім ашылды, деп хабарлады басқарма", "kk"),
        ("Дәрі", "kk"),
        ("обыр", "kk"),
        ("В области открыли новую больницу, сообщили в управлении", "ru"),
        ("В селе Құланды открыли больницу, сообщил врач Ғалым Өтеген из управления области", "ru"),
        ("Кыргыз Республикасынын Саламаттыкты сактоо министрлиги билдирди", "ky"),
        ("Башҡортостан Республикаһы һаулыҡ һаҡлау министрлығы", "ba"),
        ("Татарстан Республикасы сәламәтлек саклау министрлыгы җыелышы", "tt"),
        ("Соғлиқни сақлаш вазирлиги хабар берди ва ҳаммаси яхши", "uz"),
        ("Қарақалпақстан денсаўлықты сақлаў министрлиги ҳәм басқалар", "kaa"),
        ("Монгол Улсын эрүүл мэндийн яам мэдээлэв", "mn"),
        ("Міністерство охорони здоров'я України повідомило про нові правила", "other"),
        ("The ministry of health reported", "other"),
        ("12 000", "unknown"),
        ("", "unknown"),
    ],
)
def test_neighbours_are_told_from_kazakh(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "script"),
    [("Дәрі", "cyrillic"), ("Dári", "latin"), ("دارى", "arabic"), ("12", "other"), ("药", "other")],
)
def test_script_of_most_letters(text, script):
    assert script_of(text) == script
