import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, write_jsonl

import predict
from saulyq import artifacts
from saulyq.scripts import run_script
from saulyq.tagging.run import Counts, whole_article
from saulyq.tagging.tagger import Tagged, Tagger

ROWS = [
    {"id": "p1", "article_id": "m", "text": "кеме теңізде жүзіп барады"},
    {"id": "p2", "article_id": "m", "text": "наубайхана нан пісірді"},
    {"id": "p3", "article_id": "k", "text": "кеме айлақта тұр"},
]


@pytest.fixture
def news(tmp_path):
    return write_jsonl(tmp_path / "news.jsonl", ROWS)


def test_one_record_a_paragraph_in_input_order(run, news):
    code, records, err = run(news)
    assert code == 0
    assert [r["id"] for r in records] == ["p1", "p2", "p3"]
    assert [r["topics"] for r in records] == [["ships"], ["bread"], ["ships"]]
    assert list(records[0]) == [
        *("id", "paragraph", "topics", "scores", "language", "script", "windows"),
    ]
    assert set(records[0]["scores"]) == {"ships", "bread"}
    assert records[0]["script"] == "cyrillic"
    assert "3 rows = 3 tagged + 0 rejected" in err[-1]
    assert "bread 1, ships 2" in err[-1]


def test_article_has_all_topics_and_the_maximum_of_scores(run, news):
    _, paragraphs, _ = run(news)
    _, (first, second), _ = run(news, "--by", "article")
    assert (first["id"], first["paragraphs"], first["topics"]) == ("m", 2, ["ships", "bread"])
    assert first["scores"]["ships"] == max(p["scores"]["ships"] for p in paragraphs[:2])
    assert (second["id"], second["topics"]) == ("k", ["ships"])


def test_thresholds_of_the_command_line_win(run, news):
    _, records, _ = run(news, "--threshold", "0", "--threshold", "bread=1")
    assert all(r["topics"] == ["ships"] for r in records)


def test_top_names_the_best_topics_even_without_a_tag(run, news):
    _, records, _ = run(news, "--threshold", "1", "--top", "1")
    assert [r["suggested"] for r in records] == [["ships"], ["bread"], ["ships"]]
    assert records[0]["topics"] == []


def test_text_is_echoed_only_when_asked_for(run, news):
    _, records, _ = run(news, "--keep_text")
    assert [r["text"] for r in records] == [row["text"] for row in ROWS]


def test_folder_of_articles(run, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.txt").write_text("нан пісті\n\nкеме тұр\n", "utf-8")
    (tmp_path / "in" / "a.csv").write_text("id,text\n9,ыстық нан сатылды\n", "utf-8")
    _, records, _ = run(tmp_path / "in")
    assert [(r["id"], r["paragraph"]) for r in records] == [("9", 0), ("b", 0), ("b", 1)]


def test_csv_output_has_a_column_a_score(run, news, tmp_path):
    output = tmp_path / "out.csv"
    code, _, _ = run(news, "--output", output, "--threshold", "0", "--top", "2")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(output.read_text("utf-8"))))
    assert [r["id"] for r in rows] == ["p1", "p2", "p3"]
    assert rows[0]["topics"] == "ships;bread"
    assert 0 <= float(rows[0]["score_bread"]) <= float(rows[0]["score_ships"]) <= 1
    assert rows[1]["suggested"] == "bread;ships"


def test_run_file_tells_model_thresholds_and_counts(run, news, tmp_path, tfidf_folder):
    output = tmp_path / "out.jsonl"
    run(news, "--output", output, "--threshold", "ships=0.9")
    told = json.loads((tmp_path / "out.jsonl.run.json").read_text("utf-8"))
    assert told["model"] == artifacts.load(tfidf_folder).manifest["weights"]
    assert told["thresholds"]["ships"] == 0.9
    assert told["counts"]["rows"] == told["counts"]["tagged"] == 3


def test_bad_rows_go_to_the_rejects_and_the_run_goes_on(run, tmp_path):
    source = tmp_path / "mixed.jsonl"
    source.write_text('{"text": "кеме"}\n{oops\n{"text": 5}\n{"text": "нан"}\n', "utf-8")
    output = tmp_path / "out.jsonl"
    code, _, err = run(source, "--output", output)
    assert code == 0
    rejects = [json.loads(x) for x in (tmp_path / "out.jsonl.rejects.jsonl").open("rb")]
    assert [(r["file"], r["line"]) for r in rejects] == [("mixed.jsonl", 2), ("mixed.jsonl", 3)]
    assert len(output.read_text("utf-8").splitlines()) == 2
    assert "4 rows = 2 tagged + 2 rejected" in err[-1]


def test_rejects_of_an_earlier_run_do_not_stay(run, tmp_path, news):
    output = tmp_path / "out.jsonl"
    (tmp_path / "bad.jsonl").write_text("{oops\n", "utf-8")
    run(tmp_path / "bad.jsonl", "--output", output)
    run(news, "--output", output, "--force")
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()


def test_without_a_file_rejects_are_lines_on_stderr(run, tmp_path):
    (tmp_path / "bad.jsonl").write_text("{oops\n", "utf-8")
    code, records, err = run(tmp_path / "bad.jsonl")
    assert (code, records) == (0, [])
    assert err[0].startswith("rejected: bad.jsonl:1: not valid JSON")


def test_strict_stops_at_the_first_bad_row_and_leaves_no_output(run, tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"text": "кеме"}\n{oops\n', "utf-8")
    code, _, err = run(tmp_path / "bad.jsonl", "--strict", "--output", tmp_path / "out.jsonl")
    assert code == 1
    assert err == [next(line for line in err if "bad.jsonl:2" in line)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.jsonl"]


def test_nothing_that_is_there_is_written_over_unasked(run, tmp_path, news):
    notes = tmp_path / "notes.jsonl"
    notes.write_text("mine")
    before = news.read_bytes()
    for words in (
        ["--rejects", notes],
        ["--rejects", news],
        ["--output", news, "--force"],
        ["--output", tmp_path / "o.jsonl", "--rejects", news, "--force"],
        ["--output", tmp_path / "o.jsonl", "--rejects", tmp_path / "o.jsonl"],
        ["--rejects", tmp_path, "--force"],
        ["--rejects", tmp_path / "none" / "r.jsonl"],
    ):
        code, _, err = run(news, *words)
        assert code == 1
        assert len(err) == 1, err
    assert notes.read_text() == "mine"
    assert news.read_bytes() == before
    assert not (tmp_path / "o.jsonl").exists()


def test_output_in_the_input_folder_is_not_read_by_the_next_run(run, tmp_path, news):
    for _ in range(2):
        run(tmp_path, "--output", tmp_path / "out.jsonl", "--force")
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 3


def test_articles_of_two_files_are_not_merged(run, tmp_path):
    for name, text in {"a/x.txt": "кеме теңізде жүзіп барады", "b/x.txt": "нан пісті"}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, "utf-8")
    _, records, _ = run(tmp_path / "a/x.txt", tmp_path / "b/x.txt", "--by", "article")
    assert [r["paragraphs"] for r in records] == [1, 1]


def test_lone_carriage_return_survives_csv(run, tmp_path):
    source = write_jsonl(tmp_path / "cr.jsonl", [{"text": "кеме\rнан"}, {"text": "нан"}])
    run(source, "--output", tmp_path / "out.csv", "--keep-text")
    _, records, err = run(tmp_path / "out.csv")
    assert len(records) == 2
    assert "2 rows = 2 tagged + 0 rejected" in err[-1]


def test_repeated_ids_are_kept_and_counted(run, tmp_path):
    source = write_jsonl(tmp_path / "twice.jsonl", [ROWS[0], ROWS[0]])
    _, records, err = run(source)
    assert [r["id"] for r in records] == ["p1", "p1"]
    assert "1 with a repeated id" in err[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--output", "out.txt"], "unknown ending"),
        (["--output", "there.jsonl"], "exists; name another, or --force"),
        (["--output", "none/out.jsonl"], "no such folder"),
        (["--threshold", "wool=0.5"], "unknown topic 'wool'"),
        (["--text-column", "body"], ""),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_1(
    run, news, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.jsonl").write_text("mine")
    code, _, err = run(news, *words)
    if message:
        assert code == 1
        assert len(err) == 1
        assert message in err[0]
    else:  # a column that no row has: every row is a reject, none is lost
        assert code == 0
        assert "3 rows = 0 tagged + 3 rejected" in err[-1]
    assert (tmp_path / "there.jsonl").read_text() == "mine"


def test_missing_model_is_one_line(capsys, news, tmp_path):
    assert run_script(lambda: predict.main([str(news), "--model", str(tmp_path / "none")])) == 1
    assert "none not found; train one with train.py" in capsys.readouterr().err


def test_wrong_usage_is_exit_2(news):
    for words in (["--by", "word"], ["--top", "0"], ["--nonsense"]):
        with pytest.raises(SystemExit) as stop:
            predict.main([str(news), *words])
        assert stop.value.code == 2


def test_default_model_is_found_from_any_folder_and_tags_standard_input(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "predict.py"), "-"],
        input='{"text": "Облыстық онкология орталығында сүт безі обырына ота жасалды."}\n',
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    record = json.loads(done.stdout)
    assert record["topics"] == ["oncology"]
    assert record["language"] == "kk"


def test_reader_that_goes_away_gets_no_traceback(tfidf_folder, tmp_path):
    source = write_jsonl(tmp_path / "many.jsonl", ROWS * 2000)
    command = f"{sys.executable} {ROOT / 'predict.py'} --model {tfidf_folder} {source} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_standard_input_may_stay_open_when_the_reader_goes_away(tfidf_folder):
    words = [sys.executable, str(ROOT / "predict.py"), "-", "--model", str(tfidf_folder)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe)
    for number in range(2):
        process.stdin.write(json.dumps(ROWS[number]).encode() + b"\n")
        process.stdin.flush()
        if number == 0:
            assert json.loads(process.stdout.readline())["id"] == "p1"
            process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()


def test_lost_row_is_noticed():
    with pytest.raises(RuntimeError, match="3 rows read, 3 in blocks, 2 handled"):
        Counts(rows=3, tagged=1, rejected=1).check(3)
    with pytest.raises(RuntimeError, match="3 rows read, 2 in blocks, 2 handled"):
        Counts(rows=2, tagged=1, rejected=1).check(3)


def test_whole_article_by_hand(topics):
    first = Tagged(["bread"], {"ships": 0.2, "bread": 0.8}, 1, "kk", "cyrillic")
    second = Tagged(["ships"], {"ships": 0.7, "bread": 0.1}, 3, "ru", "cyrillic")
    skipped = Tagged([], {}, 0, "ky", "cyrillic")
    whole = whole_article([first, second, first, skipped], topics)
    assert whole == Tagged(["ships", "bread"], {"ships": 0.7, "bread": 0.8}, 5, "kk", "cyrillic")
    assert whole_article([skipped], topics) == skipped


def test_tagger_in_python(tfidf_folder):
    tagger = Tagger.load(tfidf_folder)
    texts = ["кеме теңізде жүзіп барады", "наубайхана нан пісірді"]
    assert [tagged.topics for tagged in tagger.tag(texts)] == [["ships"], ["bread"]]
    assert tagger.tag([]) == []
    assert [t.topics for t in tagger.tag(np.array(texts))] == [["ships"], ["bread"]]
    assert [t.topics for t in tagger.tag(text for text in texts)] == [["ships"], ["bread"]]
    with pytest.raises(TypeError, match=r"tag\(\[text\]\)"):
        tagger.tag("нан")


def test_latin_and_russian_letters_are_read_as_what_is_meant(tfidf_folder):
    tagger = Tagger.load(tfidf_folder)
    meant = "кеме теңізде жүзіп барады, нан бағасы өсті"
    typed = {
        "latin_2018": "keme teńizde júzip barady, nan baǵasy ósti",
        "cyrillic_russian": "кеме тенизде жузип барады, нан багасы ости",
    }
    (clean,) = tagger.tag([meant])
    for script, text in typed.items():
        (tagged,) = tagger.tag([text])
        assert (tagged.script, tagged.language) == (script, "kk")
        assert tagged.scores == clean.scores


def test_foreign_paragraphs_are_skipped_with_their_rows_kept(run, tmp_path):
    texts = [
        "Кыргыз Республикасынын Саламаттыкты сактоо министрлиги билдирди",
        "кеме теңізде жүзіп барады",
        "корабль стоит в порту и ждёт погоды",
    ]
    source = write_jsonl(tmp_path / "mixed.jsonl", [{"text": text} for text in texts])
    _, records, err = run(source, "--skip-language", "--threshold", "0", "--top", "1")
    assert [(r["language"], r["windows"]) for r in records] == [("ky", 0), ("kk", 1), ("ru", 1)]
    assert (records[0]["topics"], records[0]["scores"], records[0]["suggested"]) == ([], {}, [])
    assert records[1]["topics"] == ["ships", "bread"]
    assert "3 rows = 3 tagged + 0 rejected, 1 in a language skipped" in err[-1]
    _, records, _ = run(source)
    assert all(r["windows"] == 1 for r in records)
    run(source, "--skip-language", "--output", tmp_path / "out.csv")
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8", newline="")))
    assert [r["score_ships"] == "" for r in rows] == [True, False, False]


def test_files_in_old_encodings_are_read_and_reported(run, tmp_path):
    (tmp_path / "in").mkdir()
    text = "Теңізде кеме жүзіп барады, айлақта үш кеме тұр\nНаубайхана ыстық нан пісірді\n"
    for encoding in ("kz1048", "ptcp154", "utf-16"):
        (tmp_path / "in" / f"{encoding}.txt").write_text(text, encoding)
    (tmp_path / "in" / "table.csv").write_text(f'text\n"{text}"\n', "kz1048")
    _, records, err = run(tmp_path / "in", "--keep-text")
    assert [r["text"] for r in records if r["id"] != "table.csv:4"] == text.splitlines() * 3
    assert all(r["language"] == "kk" for r in records)
    assert "2 files read as kz1048; 1 files read as ptcp154; 1 files read as utf-16" in err[-1]


def test_page_debris_is_not_read_but_counted_and_kept(run, tmp_path):
    source = write_jsonl(
        tmp_path / "page.jsonl",
        [{"text": " date 2025-09-21 Наубайхана нан пісірді"}, {"text": "None"}],
    )
    _, (debris, nothing), err = run(source, "--keep-text")
    _, (clean, _), _ = run(write_jsonl(source, [{"text": "Наубайхана нан пісірді"}, {"text": "x"}]))
    assert debris["scores"] == clean["scores"]
    assert debris["text"] == " date 2025-09-21 Наубайхана нан пісірді"
    assert nothing["text"] == "None"
    assert "page debris mended: date 1" in err[-1]
    source = write_jsonl(source, [{"text": " date 2025-09-21 Наубайхана нан пісірді"}])
    _, _, err = run(source, "--no-clean")
    assert "debris" not in err[-1]


def test_a_title_repeated_on_lines_of_its_own_is_one_paragraph(run, tmp_path):
    title, refrain = "Кемелер теңізге шықты", "Жел соқты күні бойы"
    lines = [title, title, title, "кеме айлақта тұр", refrain, refrain]
    (tmp_path / "a.txt").write_text("\n".join(lines), "utf-8")
    _, records, err = run(tmp_path / "a.txt")
    assert [r["paragraph"] for r in records] == [0, 3, 4, 5]  # a refrain further down stays
    assert "6 rows = 4 tagged + 0 rejected + 2 repeated titles" in err[-1]
    _, records, _ = run(tmp_path / "a.txt", "--no-clean")
    assert len(records) == 6
