import json

import numpy as np
import pytest

import compare
from saulyq.text import normalise
from saulyq.text.alphabets import ALPHABETS, to_alphabet
from saulyq.text.noise import VARIANTS, lookalikes, lost_letters, spoil_some, typos

TEXT = "Денсаулық сақтау министрлігі жаңа аурухананың ашылғанын хабарлады. " * 5


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_changes_the_text_and_the_same_seed_gives_the_same(name):
    spoilt = VARIANTS[name](TEXT, rng())
    assert spoilt != TEXT
    assert VARIANTS[name](TEXT, rng()) == spoilt


def test_alphabets_by_hand():
    words = {
        "latin_2018": "Qyzylorda Shý ǵylym jáne úı",
        "latin_2021": "Qyzylorda Şu ğylym jäne üi",
        "latin_digraph": "Qyzylorda Shw ghylym zhaene uej",
        "latin_adhoc": "Kyzylorda Shu gylym jane ui",
        "cyrillic_russian": "Кызылорда Шу гылым жане уй",
    }
    for alphabet, expected in words.items():
        assert to_alphabet("Қызылорда Шу ғылым және үй", alphabet) == expected


def test_lookalikes_are_repaired_by_the_clean_up():
    assert normalise(lookalikes(TEXT, rng())) == normalise(TEXT)


def test_lost_letters_are_the_kazakh_ones():
    assert lost_letters("Қала және ел", rng()) == "?ала ж?не ел"


def test_typos_change_about_one_word_in_ten_and_keep_the_words_apart():
    text = "денсаулық " * 1000
    words = typos(text, rng()).split()
    assert len(words) == 1000
    changed = sum(word != "денсаулық" for word in words)
    # 100 expected; a standard deviation is 9.5, and a swap of equal letters changes nothing
    assert 60 <= changed <= 140


def test_unknown_characters_pass_every_alphabet():
    for alphabet in ALPHABETS:
        assert to_alphabet("2026 № COVID «?»", alphabet) == "2026 № COVID «?»"


def test_compare_prints_a_robustness_table(tfidf_folder, data_dir, tmp_path, capsys):
    words = [str(tfidf_folder), "--data", str(data_dir), "--output", str(tmp_path), "--robustness"]
    assert compare.main(words) == 0
    assert "| paragraphs typed as | model |" in capsys.readouterr().out
    figures = json.loads((tmp_path / "report.json").read_text("utf-8"))["robustness"]["model"]
    assert set(figures) == {"clean", *VARIANTS}
    assert figures["lookalikes"] == figures["clean"]


def test_spoil_some_spoils_its_share_and_reads_it_back():
    texts = ["Денсаулық сақтау министрлігі жаңа аурухана ашты"] * 400
    spoilt = spoil_some(texts, 0.5, rng())
    assert spoilt == spoil_some(texts, 0.5, rng())
    assert spoil_some(texts, 0.0, rng()) == texts
    # Half are spoilt, but respelled text mostly comes back clean: typos, look-alikes and what is
    # lost for good remain, some of 8 ways.
    changed = sum(one != other for one, other in zip(texts, spoilt, strict=True))
    assert 10 <= changed <= 200
