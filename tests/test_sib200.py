import json

from saulyq import sib200
from saulyq.data import read_split
from saulyq.scripts import run_script
from saulyq.topics import load_topics

HEAD = "index_id\tcategory\ttext\n"


def write_tables(folder, rows):
    for name in ("train", "dev", "test"):
        lines = [f"{name}{i}\t{category}\t{text}\n" for i, (category, text) in enumerate(rows)]
        (folder / f"{name}.tsv").write_text(HEAD + "".join(lines), "utf-8")


def test_sentences_become_a_data_folder_in_single_mode(tmp_path):
    write_tables(tmp_path, [("health", 'Ол "екпе" алды'), ("science/technology", "Робот жүрді")])
    assert sib200.main([str(tmp_path), "--output", str(tmp_path / "d")]) == 0
    topics = load_topics(tmp_path / "d" / "topics.yaml")
    assert (topics.mode, topics.ids) == ("single", ("health", "science_technology"))
    valid = read_split(tmp_path / "d", "valid", topics)  # SIB-200 calls it dev
    assert [p.id for p in valid.paragraphs] == ["valid-dev0", "valid-dev1"]
    assert valid.texts[0] == 'Ол "екпе" алды'
    assert valid.gold.tolist() == [[True, False], [False, True]]


def test_a_table_without_its_columns_is_one_line(tmp_path, capsys):
    write_tables(tmp_path, [("health", "екпе")])
    (tmp_path / "dev.tsv").write_text("text\nекпе\n", "utf-8")
    words = [str(tmp_path), "--output", str(tmp_path / "d")]
    assert run_script(lambda: sib200.main(words)) == 1
    assert "dev.tsv:2: expected the columns index_id, category, text" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_rows_are_json_with_letters_as_they_are(tmp_path):
    write_tables(tmp_path, [("health", "екпе"), ("travel", "жол")])
    sib200.main([str(tmp_path), "--output", str(tmp_path / "d")])
    first = (tmp_path / "d" / "test.jsonl").read_text("utf-8").splitlines()[0]
    assert "екпе" in first
    assert json.loads(first)["topics"] == ["health"]
