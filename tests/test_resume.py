import itertools
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

import predict
from saulyq.scripts import run_script
from saulyq.tagging import blocks

ENDINGS = ("jsonl", "csv", "parquet")


class Killed(BaseException):
    """Stands for kill -9: no code of ours catches it."""


def write_news(path, n_rows):
    """Rows of which every seventh is bad."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(n_rows):
            text = ["кеме теңізде жүзіп барады", "наубайхана нан пісірді"][n % 2]
            row = {"id": n // 3, "text": f"{text} {n}"}
            file.write("{oops\n" if n % 7 == 3 else json.dumps(row) + "\n")
    return path


def files_of(folder):
    """The output and its rejects; how it came about tells no times."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "FIRST_ROWS", 2)
    monkeypatch.setattr(blocks, "FULL_ROWS", 8)


@pytest.fixture
def command(tfidf_folder, tmp_path):
    source = write_news(tmp_path / "news.jsonl", 22)

    def words(output, *more):
        output.parent.mkdir(exist_ok=True)
        return [str(source), "--model", str(tfidf_folder), "--output", str(output), *more]

    return words


def dying_at(step, patch):
    """Let the process die at its `step`-th change of a file, before it or after it."""
    steps = itertools.count()

    def deadly(real):
        def call(*args, **options):
            number = next(steps)
            if number == step:
                raise Killed
            done = real(*args, **options)
            if number + 0.5 == step:
                raise Killed
            return done

        return call

    patch.setattr(os, "fsync", deadly(os.fsync))
    for name in ("replace", "unlink"):
        patch.setattr(Path, name, deadly(getattr(Path, name)))


@pytest.mark.parametrize(
    "ending", ["jsonl", *(pytest.param(e, marks=pytest.mark.slow) for e in ("csv", "parquet"))]
)
def test_a_run_killed_at_any_step_goes_on_to_the_same_bytes(
    ending, command, tmp_path, small_blocks
):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    name = f"out.{ending}"
    assert predict.main(command(tmp_path / "whole" / name)) == 0
    whole = files_of(tmp_path / "whole")
    assert set(whole) == {name, f"{name}.rejects.jsonl", f"{name}.run.json"}
    for n in itertools.count():
        output = tmp_path / f"killed-{n}" / name
        try:
            with pytest.MonkeyPatch.context() as patch:
                dying_at(n / 2, patch)
                predict.main(command(output))
            break
        except Killed:
            pass
        assert predict.main(command(output, "--resume")) == 0
        assert files_of(output.parent) == whole
    assert n > 30


def test_a_run_is_killed_again_and_again(command, tmp_path, small_blocks):
    assert predict.main(command(tmp_path / "whole" / "o.jsonl")) == 0
    output = tmp_path / "killed" / "o.jsonl"
    for n in itertools.count(8):
        try:
            with pytest.MonkeyPatch.context() as patch:
                dying_at(n, patch)
                predict.main(command(output, "--resume"))
            break
        except Killed:
            continue
    assert files_of(output.parent) == files_of(tmp_path / "whole")


@pytest.fixture
def broken_off(command, tmp_path, small_blocks):
    """The output of a run that was killed half-way."""
    output = tmp_path / "out" / "o.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        dying_at(15, patch)
        with pytest.raises(Killed):
            predict.main(command(output))
    return output


def told(words, capsys):
    code = run_script(lambda: predict.main(words))
    return code, capsys.readouterr().err


def test_a_run_that_was_broken_off_is_not_begun_anew_unasked(broken_off, command, capsys):
    code, err = told(command(broken_off), capsys)
    assert code == 1
    assert "a run to it was broken off; --resume goes on, --force starts anew" in err
    assert predict.main(command(broken_off, "--force")) == 0


def test_a_changed_input_is_noticed(broken_off, command, capsys, tmp_path):
    with (tmp_path / "news.jsonl").open("a") as file:
        file.write('{"text": "жел"}\n')
    code, err = told(command(broken_off, "--resume"), capsys)
    assert code == 1
    assert err.count("\n") == 1
    assert "--resume: inputs is not what" in err


def test_another_order_of_inputs_is_noticed(broken_off, command, capsys, tmp_path):
    write_news(tmp_path / "more.jsonl", 9)
    words = command(broken_off, "--force")
    with pytest.MonkeyPatch.context() as patch:
        dying_at(15, patch)
        with pytest.raises(Killed):
            predict.main([str(tmp_path / "more.jsonl"), *words])
    first, *words = command(broken_off, "--resume")
    code, err = told([first, str(tmp_path / "more.jsonl"), *words], capsys)
    assert code == 1
    assert "--resume: order is not what" in err


def test_force_over_a_run_that_was_broken_off_can_be_killed_too(broken_off, command, tmp_path):
    assert predict.main(command(tmp_path / "whole" / "o.jsonl")) == 0
    for step in range(12):
        with pytest.MonkeyPatch.context() as patch:
            dying_at(step / 2, patch)
            with pytest.raises(Killed):
                predict.main(command(broken_off, "--force"))
        assert predict.main(command(broken_off, "--resume")) == 0
        assert files_of(broken_off.parent) == files_of(tmp_path / "whole")
        broken_off.unlink()
        with pytest.MonkeyPatch.context() as patch:
            dying_at(25, patch)
            with pytest.raises(Killed):
                predict.main(command(broken_off, "--force"))


def test_a_file_of_others_is_not_taken_for_ours(command, tmp_path, capsys):
    notes = tmp_path / "notes.jsonl"
    notes.write_text("mine")
    words = command(tmp_path / "out" / "o.jsonl", "--rejects", str(notes), "--resume")
    code, err = told(words, capsys)
    assert code == 1
    assert "notes.jsonl exists" in err
    assert notes.read_text() == "mine"


def test_other_options_are_noticed(broken_off, command, capsys):
    code, err = told(command(broken_off, "--resume", "--threshold", "0.9"), capsys)
    assert code == 1
    assert "--resume: thresholds is not what" in err


def test_a_finished_run_is_left_as_it_is(command, tmp_path, capsys):
    output = tmp_path / "out" / "o.jsonl"
    assert predict.main(command(output)) == 0
    before = files_of(output.parent)
    code, err = told(command(output), capsys)
    assert (code, err.count("\n")) == (1, 2)  # after the counts of the first run
    assert "exists; name another, or --force to replace it" in err
    code, err = told(command(output, "--resume"), capsys)
    assert code == 0
    assert "is finished already" in err
    assert files_of(output.parent) == before


def test_resume_wants_files(command, tmp_path):
    for words in (["-", "--output", "x.jsonl"], [str(tmp_path)]):
        with pytest.raises(SystemExit) as stop:
            predict.main([*words, "--resume"])
        assert stop.value.code == 2


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_kill_9_at_random_moments(ending, tfidf_folder, tmp_path):
    source = write_news(tmp_path / "news.jsonl", 60_000)
    words = [sys.executable, str(ROOT / "predict.py"), str(source), "--model", str(tfidf_folder)]

    def run(folder, *more):
        folder.mkdir(exist_ok=True)
        return subprocess.Popen(
            [*words, "--output", str(folder / f"o.{ending}"), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    start = time.monotonic()
    assert run(tmp_path / "whole").wait() == 0
    taken = time.monotonic() - start
    rng = random.Random(ending)
    n_killed = 0
    while True:
        process = run(tmp_path / "killed", "--resume")
        try:
            code = process.wait(taken * rng.uniform(0.2, 0.6))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            n_killed += 1
    assert code == 0, process.stderr.read()
    assert n_killed >= 1
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")
