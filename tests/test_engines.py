import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import ROOT, arguments, make_rows, write_data
from test_resume import files_of, write_news

import predict
import train
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
    killed = []

    def deadly():
        for block in itertools.cycle(made_blocks(9)):
            yield block
            # Once: blocks are read ahead, and the next child may be one of another test.
            if not killed and (children := worker_processes()):
                killed.append(children[0])
                os.kill(children[0], signal.SIGKILL)

    with pytest.raises(UserError, match=r"a worker process died.*--resume"):
        list(tag_in_workers(deadly(), job, 1))


def worker_processes():
    words = ["pgrep", "-P", str(os.getpid()), "-f", "spawn_main"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    return [int(number) for number in found.stdout.split()]


class Telling:
    """In place of a Job: what comes of a block tells of the worker."""

    def block_tagger(self, n_threads):
        self.n_threads = n_threads
        return self

    def read(self, block):
        return block

    def tag(self, block):
        return block, self.n_threads, os.environ.get("TOKENIZERS_PARALLELISM")


def test_workers_have_one_thread_each(monkeypatch):
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "")
    monkeypatch.delenv("TOKENIZERS_PARALLELISM")
    assert list(tag_in_workers([["a"]], Telling(), 1)) == [(["a"], 1, "false")]


def test_workers_hold_no_result_back_for_blocks_that_have_not_come():
    has_come = threading.Event()
    in_time = []

    def typed():
        yield ["a"]
        in_time.append(has_come.wait(60))
        yield ["b"]

    results = tag_in_workers(typed(), Telling(), 2)
    assert next(results)[0] == ["a"]
    has_come.set()
    assert [block for block, *_ in results] == [["b"]]
    assert in_time == [True]


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


def test_workers_end_with_a_first_process_that_is_killed(tfidf_folder):
    words = [sys.executable, str(ROOT / "predict.py"), "-", "--model", str(tfidf_folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen([*words, "--workers", "2"], stdin=pipe, stdout=pipe) as process:
        for number in range(2):
            row = {"id": number, "text": "кеме тұр"}
            process.stdin.write(json.dumps(row).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == str(number)
        process.kill()
        # The pipe ends when nobody holds it any more: no worker does.
        assert process.communicate(timeout=10) == (b"", None)


@pytest.fixture(scope="module")
def onnx_job(tmp_path_factory):
    """One layer, but wide enough for its sums to be shared out among threads."""
    pytest.importorskip("torch")
    from test_transformer import TINY

    tmp_path = tmp_path_factory.mktemp("onnx")
    data = write_data(tmp_path / "data")
    settings = TINY | {"random_init.width": 256, "epochs": 1, "onnx": "true"}
    assert train.main(arguments("smoke", data, tmp_path / "model", **settings)) == 0
    return Job(tmp_path / "model", {"ships": 0.5, "bread": 0.5}, Options(Shape()), "onnx")


def test_threads_and_workers_change_no_byte_of_what_an_onnx_model_gives(onnx_job):
    source = Source(None, "f", "f")
    texts = [row["text"] for row in make_rows(12)]
    texts += [" ".join(texts[:n]) for n in range(12)]  # of several windows
    rows = [Row(source, str(n), "m", 0, text, n) for n, text in enumerate(texts)]
    parts = [rows[:20], rows[20:40], rows[40:]]
    one_thread = list(tag_here(parts, onnx_job.block_tagger(n_threads=1)))
    assert sum(done.counts.tagged for done in one_thread) == len(texts)
    assert list(tag_here(parts, onnx_job.block_tagger())) == one_thread
    assert list(tag_in_workers(parts, onnx_job, 2)) == one_thread
