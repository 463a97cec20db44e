import numpy as np
import pytest

from saulyq.corpus import diversity


def rng():
    return np.random.default_rng(0)


def test_types_are_different_words_without_case_or_punctuation():
    assert diversity.n_types(["Нан, нан!", "кеме нан"], 4, rng()) == 2


def test_types_need_enough_words():
    with pytest.raises(ValueError, match="4 words; expected at least 5"):
        diversity.n_types(["нан нан", "кеме нан"], 5, rng())


def test_a_template_with_words_swapped_is_seen():
    template = "Бүгін {} қаласында жаңа емхана салтанатты түрде ашылды, оған облыс әкімі қатысты"
    texts = [template.format(town) for town in ("Семей", "Тараз", "Орал")]
    own = ["Кеме айлақтан түнде шықты", "Наубайхана пешін ауыстырды", "Жел батыстан соғып тұр"]
    articles = list("abcdef")
    assert diversity.share_with_near_neighbour(texts + own, articles) == 0.5
    assert len(list(diversity.repeated_phrases(texts + own, articles, 8))) == 2


def test_likeness_within_an_article_does_not_count():
    texts = ["бір екі үш төрт бес алты жеті сегіз"] * 2
    assert diversity.share_with_near_neighbour(texts, ["a", "a"]) == 0
    assert list(diversity.repeated_phrases(texts, ["a", "a"], 8)) == []


def test_close_pairs_by_hand():
    # Texts without a common 5-gram have cosine 0, equal ones 1.
    assert list(diversity.close_pairs(["абвгд", "еёжзи", "абвгд"], 0.9)) == [(0, 2)]
