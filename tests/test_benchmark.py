import subprocess
import sys
import time
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, arguments, write_data
from test_transformer import TINY

import train
from saulyq import artifacts, benchmark
from saulyq.benchmarks import children, memory, quantisation, start, throughput
from saulyq.benchmarks.figures import Goal, in_turn, ratios, spread, table
from saulyq.benchmarks.quantisation import Measured
from saulyq.benchmarks.texts import evenly, real_lengths
from saulyq.blocks import block, renewed
from saulyq.data import Paragraph, read_split
from saulyq.errors import UserError
from saulyq.tagging.inputs import Columns, find_sources, read_inputs

COMPACT, TFIDF = "models/compact", "models/tfidf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny transformer with its ONNX file."""
    pytest.importorskip("torch")
    tmp_path = tmp_path_factory.mktemp("benchmark")
    data = write_data(tmp_path / "data")
    settings = TINY | {"onnx": "true"}
    assert train.main(arguments("smoke", data, tmp_path / "model", **settings)) == 0
    return tmp_path / "model"


@pytest.fixture
def few(data_dir):
    """Settings that make a benchmark as short as it can be."""
    words = ["--paragraphs", "20", "--slow-paragraphs", "4", "--mean-words", "6", "--rounds", "1"]
    words += ["--starts", "1", "--memory-paragraphs", "10", "--times", "3"]
    return [*words, "--data", str(data_dir)]


def cells_of(markdown):
    """The rows of a Markdown table, by their first cell."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in rows}


def test_what_is_measured_takes_turns():
    calls = []
    measures = {
        "a": lambda: calls.append("a") or len(calls),
        "b": lambda: calls.append("b") or len(calls),
    }
    assert in_turn(measures, 2) == {"a": [1, 3], "b": [2, 4]}
    assert calls == ["a", "b", "a", "b"]


def test_ratios_are_taken_within_a_round():
    # The machine was half as fast in the second round: the ratio is 3 in both.
    assert ratios([30.0, 15.0], [10.0, 5.0]) == [3.0, 3.0]


def test_a_figure_is_told_as_median_lowest_and_highest():
    assert spread([3.0, 1000.0, 2.0]) == "3.0 [2.0, 1,000.0]"
    assert spread([1.0, 2.0], 2) == "1.50 [1.00, 2.00]"


def test_a_goal_is_met_at_its_limit():
    assert Goal(8, "x").judged(8.0) == "at least 8x: met"
    assert Goal(3000, "/s").judged(2999.0) == "at least 3,000/s: missed"
    assert Goal(1, " s", at_most=True).judged(1.0) == "at most 1 s: met"
    assert Goal(1.1, "x", at_most=True).judged(1.2) == "at most 1.1x: missed"


def test_a_table_is_markdown():
    assert table(["", "n"], [["a", "1"]]) == "|  | n |\n|---|--:|\n| a | 1 |"


def paragraph(id, article, text, **details):
    return Paragraph(id, article, text, (), details)


def test_texts_read_on_in_their_article_until_they_are_long_enough():
    paragraphs = [
        paragraph("1", "m", "а ә б"),
        paragraph("2", "n", "қ"),
        paragraph("3", "m", "в г", language="kk"),
        paragraph("4", "m", "не казахский", language="ru"),
    ]
    # 3, 1 and 2 words, 2 on average; with 4 on average each is twice as long.
    texts = real_lengths(paragraphs, 3, mean_words=4, rng=np.random.default_rng(0))
    assert sorted(texts) == ["а ә б в г а", "в г а ә", "қ қ"]


def test_texts_are_as_many_as_asked_for_and_the_same_with_the_same_seed():
    paragraphs = [paragraph(str(i), "m", f"сөз{i}") for i in range(5)]
    texts, again = (
        real_lengths(paragraphs, 12, mean_words=3, rng=np.random.default_rng(1)) for _ in range(2)
    )
    assert texts == again
    assert len(texts) == 12
    assert len(set(texts)) == 5


def test_texts_without_kazakh_are_refused():
    russian = [paragraph("1", "m", "текст", language="ru")]
    with pytest.raises(UserError, match="no Kazakh"):
        real_lengths(russian, 3, mean_words=4, rng=np.random.default_rng(0))


def test_few_texts_are_short_and_long_as_the_many_are():
    texts = ["aaaa", "a", "aaa", "aa"]
    # By length a, aa, aaa, aaaa: the middle of each half, in the order of the texts.
    assert evenly(texts, 2) == ["aaaa", "aa"]
    assert evenly(texts, 9) == texts


RATES = {
    throughput.PLAIN: [10.0, 5.0],
    throughput.BATCHED: [40.0, 10.0],
    COMPACT: [100.0, 50.0],
    TFIDF: [4000.0, 2000.0],
}


def test_throughput_is_told_beside_both_pipelines():
    goals = throughput.judged(RATES, COMPACT, [TFIDF])
    rows = cells_of(throughput.markdown(RATES, dict.fromkeys(RATES, 1000), goals))
    # 100 / 10 and 50 / 5; 100 / 40 and 50 / 10, whose median is 3.75
    assert rows[COMPACT] == [
        "1,000",
        "75.0 [50.0, 100.0]",
        "10.0 [10.0, 10.0]",
        "3.8 [2.5, 5.0]",
        "at least 8x pipeline: met; at least 4x batched: missed",
    ]
    assert rows[TFIDF][-1] == "at least 3,000/s: met"
    assert rows[throughput.PLAIN][2:] == ["1.0 [1.0, 1.0]", "0.4 [0.2, 0.5]", ""]


def test_a_million_paragraphs_are_worked_out_from_the_median():
    told = throughput.million({COMPACT: [50.0, 100.0, 400.0]}, [COMPACT], 90.0)
    assert told.startswith("Extrapolated, not measured")
    # 100 a second of 90 tokens; 10,000 seconds are 2.78 hours
    assert cells_of(told)[COMPACT] == ["9,000", "2.78", "0.69", "0.17"]


def test_start_is_told_with_its_ratio():
    told = start.markdown({start.OURS: [0.5, 1.0], start.PIPELINE: [5.0, 4.0]})
    # 5 / 0.5 and 4 / 1
    assert cells_of(told)[start.OURS] == [
        "0.75 [0.50, 1.00]",
        "7.0 [4.0, 10.0]",
        "at most 1 s: met; at least 6x: met",
    ]


def test_memory_is_told_against_the_short_file_of_the_same_kind():
    model, other = Path(COMPACT), Path(TFIDF)
    runs = [
        memory.Run(model, ".parquet", 10, 1.0, 750_000_000),
        memory.Run(other, ".parquet", 10, 1.0, 100_000_000),
        memory.Run(other, ".parquet", 1000, 60.0, 120_000_000),
        memory.Run(other, ".jsonl.gz", 1000, 60.0, 110_000_000),
        memory.Run(other, ".jsonl.gz", 10, 1.0, 110_000_000),
    ]
    rows = memory.markdown(runs, model).splitlines()[2:]
    assert "| 750 |  | at most 700 MB: missed |" in rows[0]
    assert rows[1].endswith("| 100 |  |  |")
    assert rows[2].endswith("| 1,000 | 60.0 | 120 | 1.20 | at most 1.1x: missed |")
    assert rows[3].endswith("| 1,000 | 60.0 | 110 | 1.00 | at most 1.1x: met |")


def test_quantisation_is_told_in_points_lost_against_torch():
    told = quantisation.markdown(
        {
            quantisation.TORCH: Measured(2_000_000, [4.0], 0.91, 0.0),
            quantisation.STORED: Measured(1_000_000, [2.0], 0.905, 0.01),
        }
    )
    rows = cells_of(told)
    assert rows[quantisation.TORCH][2:5] == ["0.9100", "", ""]
    assert rows[quantisation.STORED] == [
        "1.0",
        "2.00 [2.00, 2.00]",
        "0.9050",
        "0.5",
        "at most 0.3: missed",
        "0.01000",
    ]


def test_neighbours_that_move_a_score_are_seen(tfidf_folder, data_dir):
    loaded = artifacts.load(tfidf_folder)
    valid = read_split(data_dir, "valid", loaded.topics)

    class Moved:
        """Scores that are a quarter higher in company."""

        def score(self, texts):
            scores, n_windows = loaded.model.score(texts)
            return scores * 0.5 + 0.25 * (len(texts) > 1), n_windows

    assert quantisation.quality(loaded.model, loaded, valid)[1] == pytest.approx(0)
    assert quantisation.quality(Moved(), loaded, valid)[1] == pytest.approx(0.25)


@pytest.mark.parametrize("ending", memory.WRITERS)
def test_files_repeat_texts_under_ids_of_their_own(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"f{ending}"
    memory.WRITERS[ending](path, memory.repeated(["нан", "кеме"], 5))
    rows = list(read_inputs(find_sources([str(path)]), Columns(), BytesIO()))
    assert [row.id for row in rows] == ["p0", "p1", "p2", "p3", "p4"]
    assert Counter(row.text for row in rows) == {"нан": 3, "кеме": 2}


def test_a_parquet_file_has_large_row_groups(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(memory, "ROW_GROUP", 4)
    memory.write_parquet(tmp_path / "f.parquet", memory.repeated(["нан"], 6))
    told = parquet.ParquetFile(tmp_path / "f.parquet").metadata
    assert [told.row_group(i).num_rows for i in range(told.num_row_groups)] == [4, 2]


def python(code):
    return [sys.executable, "-c", code]


def test_time_to_the_first_line_leaves_out_the_rest():
    start_of_all = time.perf_counter()
    words = python("import time; print(input(), flush=True); time.sleep(0.5)")
    first = children.seconds_to_first_line(words, "сәлем\n")
    assert 0 < first <= time.perf_counter() - start_of_all - 0.5


def test_peak_memory_is_that_of_the_child_and_not_ours():
    held = np.ones(50_000_000)  # 400 MB here
    small = children.peak_memory(python("pass"))
    large = children.peak_memory(python("b'x' * 100_000_000"))
    assert small < held.nbytes / 4
    assert 90_000_000 < large - small < 110_000_000


@pytest.mark.parametrize(
    "measure", [lambda w: children.seconds_to_first_line(w, ""), children.peak_memory]
)
def test_a_child_that_fails_is_told_in_one_line(measure):
    with pytest.raises(UserError, match=r"gave exit code 3: no such model$"):
        measure(python("import sys; print('no such model', file=sys.stderr); sys.exit(3)"))


def test_steps_are_timed_for_each_model(tfidf_folder, few, capsys):
    assert benchmark.main([str(tfidf_folder), "--only", "steps", *few]) == 0
    rows = cells_of(capsys.readouterr().out)
    assert set(rows) >= {"clean-up of letters", "page debris", "script conversion", "language"}
    assert rows["scores of model"][-1] == "100.0%"


def test_throughput_and_quantisation_of_a_transformer(folder, tfidf_folder, few, capsys, tmp_path):
    page = tmp_path / "page.md"
    blocks = [block(f"{part} figures", "stale") for part in ("throughput", "quantisation")]
    page.write_text("\n".join(["Before", *blocks]), encoding="utf-8")
    words = [str(folder), str(tfidf_folder), "--only", "throughput", "quantisation"]
    assert benchmark.main([*words, *few, "--update", str(page)]) == 0
    printed, kept = capsys.readouterr().out, page.read_text("utf-8")
    first, _, rest = printed.partition("## quantisation")
    rates = cells_of(first.partition("Extrapolated")[0])
    ours = [f"{folder}, torch", str(folder), f"{folder}, --workers 2", str(tfidf_folder)]
    assert list(rates)[2:] == [throughput.PLAIN, throughput.BATCHED, *ours]
    assert [rates[name][0] for name in list(rates)[2:]] == ["4", "4", "4", "20", "20", "20"]
    assert {quantisation.TORCH, quantisation.STORED} <= set(cells_of(rest))
    assert "stale" not in kept
    assert kept.startswith("Before\n")
    assert all(line in kept for line in printed.splitlines() if line.startswith("|"))


@pytest.mark.parametrize("part", ["throughput", "start", "quantisation"])
def test_what_needs_a_transformer_says_so(part, tfidf_folder, few):
    with pytest.raises(UserError, match="a tfidf tagger; name a transformer with an ONNX file"):
        benchmark.main([str(tfidf_folder), "--only", part, *few])


def test_a_page_without_a_place_for_figures_stops_before_anything_is_measured(
    tfidf_folder, few, tmp_path, capsys
):
    page = tmp_path / "page.md"
    page.write_text("nothing here", encoding="utf-8")
    with pytest.raises(UserError, match="no block <!-- steps figures -->"):
        benchmark.main([str(tfidf_folder), "--only", "steps", *few, "--update", str(page)])
    with pytest.raises(UserError, match="cannot be read"):
        benchmark.main([str(tfidf_folder), "--only", "steps", *few, "--update", str(tmp_path)])
    assert capsys.readouterr().out == ""


def test_the_page_on_scaling_has_a_place_for_each_part():
    page = ROOT / "docs" / "scaling.md"
    blocks = {benchmark.block_of(part): "" for part in benchmark.PARTS}
    assert renewed(page.read_text("utf-8"), blocks, str(page))


@pytest.mark.slow
def test_start_memory_and_other_quantisations(folder, tfidf_folder, few, capsys):
    pytest.importorskip("pyarrow")
    words = [str(folder), str(tfidf_folder), "--only", "start", "memory", "quantisation"]
    assert benchmark.main([*words, *few, "--quantisations"]) == 0
    printed = capsys.readouterr().out
    assert {start.OURS, start.PIPELINE} <= set(cells_of(printed))
    memory_rows = [line for line in printed.splitlines() if "| .parquet |" in line]
    assert [line.split("|")[3].strip() for line in memory_rows] == ["10", "10", "30"]
    assert {"ONNX, 32 bits", "8 bits, dynamic", "4 bits, blocks of 32"} <= set(cells_of(printed))


@pytest.mark.slow
def test_the_command_runs_from_a_shell(tfidf_folder, few):
    words = [sys.executable, "-m", "saulyq.benchmark", str(tfidf_folder), "--only", "steps", *few]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "| scores of model |" in done.stdout
