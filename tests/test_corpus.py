import pytest
from conftest import make_rows, write_jsonl

from saulyq.corpus import check, new_articles
from saulyq.corpus.marks import wrong_marks
from saulyq.data import Paragraph
from saulyq.errors import UserError


def paragraph(id, article, text="кеме теңізде жүзіп барады"):
    return Paragraph(id, article, text, (), {"language": "kk", "script": "cyrillic"})


def found(check, **splits):
    return list(check({name: splits.get(name, []) for name in ("train", "valid", "test")}))


def test_clean_splits_have_no_problems():
    one, two = paragraph("a-0", "a"), paragraph("b-0", "b", "наубайхана бүгін ыстық нан пісірді")
    assert found(check.problems, train=[one], test=[two]) == []


def test_id_in_two_splits_is_found():
    (problem,) = found(check.shared_ids, train=[paragraph("a", "x")], test=[paragraph("a", "y")])
    assert problem == "id 'a' is in train and test"


def test_article_in_two_splits_is_found():
    (problem,) = found(
        check.straddling_articles, valid=[paragraph("1", "x")], test=[paragraph("2", "x")]
    )
    assert problem == "article 'x' is in valid and test"


@pytest.mark.parametrize("other", ["кеме теңізде жүзіп барады", "Кeме теңізде  жүзіп барады!"])
def test_equal_and_nearly_equal_texts_across_splits_are_found(other):
    (problem,) = found(
        check.near_duplicates, train=[paragraph("1", "x")], test=[paragraph("2", "y", other)]
    )
    assert problem == "1 and 2 are near-duplicates in two splits"


def test_equal_texts_within_a_split_are_not_a_leak():
    rows = [paragraph("1", "x"), paragraph("2", "y")]
    assert found(check.near_duplicates, train=rows) == []


def test_long_phrase_in_two_articles_is_found_once():
    phrase = "бір екі үш төрт бес алты жеті сегіз тоғыз он"
    rows = [paragraph("1", "x", phrase), paragraph("2", "y", f"Иә, {phrase}")]
    (problem,) = found(check.shared_phrases, train=rows)
    assert problem == "1 and 2 share 'бір екі үш төрт бес алты жеті сегіз'"
    same_article = [paragraph("1", "x", phrase), paragraph("2", "x", phrase)]
    assert found(check.shared_phrases, train=same_article) == []


def test_length_out_of_range_is_found():
    (problem,) = found(check.lengths_out_of_range, train=[paragraph("1", "x", "сөз " * 201)])
    assert problem == "1: 201 words; expected 1 to 200"


def test_new_articles_stay_whole_and_spread_topics(data_dir, capsys):
    new = write_jsonl(data_dir / "new.jsonl", make_rows(40, prefix="new"))
    assert new_articles.main([str(new), "--data", str(data_dir)]) == 0
    out = capsys.readouterr().out.splitlines()
    # 15 % of 40 articles go to test, 10 % to valid; each article has 4 paragraphs
    assert out == [
        "train: 30 articles, 120 paragraphs",
        "valid: 4 articles, 16 paragraphs",
        "test: 6 articles, 24 paragraphs",
    ]
    splits = {
        split: {p.article_id for p in rows}
        for split, rows in check.read_splits(
            data_dir, check.load_topics(data_dir / "topics.yaml")
        ).items()
    }
    assert sum(map(len, splits.values())) == len(set().union(*splits.values()))


def test_split_file_without_a_last_line_break_is_not_spoilt(data_dir):
    path = data_dir / "train.jsonl"
    path.write_text(path.read_text("utf-8").rstrip("\n"), "utf-8")
    new = write_jsonl(data_dir / "new.jsonl", make_rows(20, prefix="new"))
    new_articles.main([str(new), "--data", str(data_dir)])
    topics = check.load_topics(data_dir / "topics.yaml")
    assert sum(map(len, check.read_splits(data_dir, topics).values())) == 28 * 4 + 20 * 4


def test_another_schema_without_marks_passes(data_dir, capsys):
    # The invented sentences go round: near-duplicates are to be found, nothing about marks.
    check.main([str(data_dir)])
    assert "is marked" not in capsys.readouterr().out


def test_known_article_is_not_added_again(data_dir):
    new = write_jsonl(data_dir / "new.jsonl", make_rows(12, prefix="train-"))
    before = (data_dir / "test.jsonl").read_bytes()
    with pytest.raises(UserError, match="already in the data folder"):
        new_articles.main([str(new), "--data", str(data_dir)])
    assert (data_dir / "test.jsonl").read_bytes() == before


def test_known_problems_are_accepted_until_they_are_gone(tmp_path):
    known = tmp_path / "known-issues.txt"
    known.write_text("# an accepted formula of letters\none\ntwo\n", "utf-8")
    assert check.compare_known(["one", "three"], known) == (["three"], ["two"])
    assert check.compare_known(["one"], tmp_path / "none.txt") == (["one"], [])


MARKED = {
    ("kk", "cyrillic"): "Денсаулық сақтау басқармасы хабарлады",
    ("kk", "cyrillic_russian"): "Денсаулык сактау баскармасы хабарлады",
    ("kk", "latin_2018"): "Densaýlyq saqtaý basqarmasy habarlady",
    ("kk", "latin_2021"): "Densaulyq saqtau basqarmasy öñirde",
    ("kk", "latin_digraph"): "Densaulyq saqtau basqarmasy aldyngha shyqty",
    ("kk", "latin_adhoc"): "Densaulyk saktau baskarmasy",
    ("ru", "cyrillic"): "Управление здравоохранения сообщило о наборе врачей",
}


@pytest.mark.parametrize("marks", MARKED)
def test_true_marks_pass_and_false_ones_are_named(marks):
    def issues(text):
        details = dict(zip(("language", "script"), marks, strict=True))
        return list(wrong_marks([Paragraph("1", "a", text, (), details)]))

    assert issues(MARKED[marks]) == []
    wrong = "Hello" if marks[1].startswith("cyrillic") else MARKED["kk", "cyrillic"]
    (problem,) = issues(wrong)
    assert problem.startswith(f"article 'a' is marked {marks[0]}, {marks[1]}; its letters are")


@pytest.mark.parametrize(
    ("marks", "text", "found"),
    [
        (("kk", "cyrillic_russian"), MARKED["kk", "cyrillic"], "it has Kazakh letters"),
        (("kk", "cyrillic"), MARKED["ru", "cyrillic"], "it has no Kazakh letters"),
        (("kk", "latin_2018"), "Densaulyk saktau", "it has no letter of that alphabet"),
        (("ru", "cyrillic"), MARKED["kk", "cyrillic"], "it reads as kk"),
    ],
)
def test_script_of_another_mark_is_named(marks, text, found):
    details = dict(zip(("language", "script"), marks, strict=True))
    (problem,) = wrong_marks([Paragraph("1", "a", text, (), details)])
    assert problem.endswith(found)
