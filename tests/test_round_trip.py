import json

from saulyq.text import round_trip
from saulyq.text.alphabets import ALPHABETS


def test_known_words_come_back_from_every_alphabet(tmp_path, capsys):
    path = tmp_path / "texts.jsonl"
    text = "Денсаулық сақтау министрлігі жаңа аурухананың ашылғанын хабарлады"
    path.write_text(json.dumps({"text": text}), "utf-8")
    assert round_trip.main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*ALPHABETS, "arabic"]
    assert all("100.00% of 7 words" in line for line in lines)


def test_a_word_that_comes_back_otherwise_counts_as_lost():
    # кен (ore) and кең (wide) are both кен in Russian letters: one of them cannot come back.
    pairs = [
        round_trip.words_back([f"{word} жол және көше"], "cyrillic_russian")[0]
        for word in ("кен", "кең")
    ]
    assert sum(pairs) == 4 + 3
