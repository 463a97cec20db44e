import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from test_resume import files_of, write_news

import predict
from saulyq.errors import UserError
from saulyq.tagging import blocks
from saulyq.tagging.engines import Job, tag_here, tag_in_workers
from saulyq.tagging.inputs import Reject, Row, Source
from saulyq.tagging.run import Options, Shape


@pytest.fixture
def job(tfidf_folder):
    return Job(tfidf_folder, {"ships": 0.5, "bread": 0.5}, Options(Shape()))


def made_blocks(n_blocks):
    source = Source(None, "f", "f")
    texts = ["кеме теңізде жүзіп барады", "наубайхана нан пісірді"]
    for number in range(n_blocks):
        rows = [Row(source, f"{number}-{i}", "m", 0, texts[i % 2], i) for i in range(number % 5)]
        yield [*rows, Reject("f", number, "bad")]


def test_workers_give_what_one_process_gives_in_the_same_order(job):
    here = list(tag_here(made_blocks(9), job.block_tagger()))
    assert list(tag_in_workers(made_blocks(9), job, 2)) == here
    assert sum(block.counts.tagged for block in here) == sum(n % 5 for n in range(9))


def test_a_worker_that_dies_is_told(job):
    def deadly():
        for block in itertools.cycle(made_blocks(9)):
            yield block
            children = subprocess.run(
                ["pgrep", "-P", str(os.getpid()), "-f", "spawn_main"],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
            if children:
                os.kill(int(children[0]), signal.SIGKILL)

    with pytest.raises(UserError, match=r"a worker process died.*--resume"):
        list(tag_in_workers(deadly(), job, 1))


def test_reading_goes_on_while_the_model_works(job, monkeypatch):
    tagger = job.block_tagger()
    read = []
    monkeypatch.setattr(tagger, "read", lambda block: read.append(block) or block)
    monkeypatch.setattr(tagger, "tag", lambda block: block)
    found = tag_here(iter(range(20)), tagger)
    assert next(found) == 0
    for _ in range(100):
        if len(read) >= 3:
            break
        time.sleep(0.01)
    assert 3 <= len(read) <= 5
    assert list(found) == list(range(1, 20))


def test_predict_with_workers_writes_the_same_files(tfidf_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "FULL_ROWS", 16)
    source = write_news(tmp_path / "news.jsonl", 200)
    for n_workers in (1, 2):
        output = tmp_path / str(n_workers) / "o.jsonl"
        output.parent.mkdir()
        words = [str(source), "--model", str(tfidf_folder), "--output", str(output)]
        assert predict.main([*words, "--workers", str(n_workers)]) == 0
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2")


def test_a_shell_pipe_gets_each_row_as_it_comes(tfidf_folder):
    words = [sys.executable, str(ROOT / "predict.py"), "-", "--model", str(tfidf_folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        for number in range(3):
            process.stdin.write(json.dumps({"id": number, "text": "кеме тұр"}) + "\n")
            process.stdin.flush()
            # The next row is not there before this one has come out.
            assert json.loads(process.stdout.readline())["id"] == str(number)
        process.stdin.close()
        assert process.wait() == 0
