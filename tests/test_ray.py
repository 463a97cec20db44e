import asyncio
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from test_engines import made_blocks
from test_resume import files_of, write_news

import predict
from saulyq.errors import UserError
from saulyq.scripts import run_script
from saulyq.tagging import blocks
from saulyq.tagging.engines import Job, tag_here
from saulyq.tagging.inputs import Reject
from saulyq.tagging.results import FileResults
from saulyq.tagging.run import Options, Shape


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with a CPU each; all that runs on them descends from this process."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    yield nodes
    nodes.shutdown()


@pytest.fixture
def job(tfidf_folder):
    return Job(tfidf_folder, {"ships": 0.5, "bread": 0.5}, Options(Shape()))


@pytest.fixture
def command(tfidf_folder, tmp_path):
    def words(source, name, *more):
        output = tmp_path / name
        output.parent.mkdir(exist_ok=True)
        return [str(source), "--model", str(tfidf_folder), "--output", str(output), *more]

    return words


def write_parquet_folder(folder, n_files, n_rows):
    """Files in which every fifth row is bad."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    folder.mkdir()
    for number in range(n_files):
        texts = [None if n % 5 == 2 else f"кеме тұр {n}" for n in range(n_rows)]
        pq.write_table(pa.table({"text": texts}), folder / f"{number}.parquet")
    return folder


def kill(name):
    """SIGKILL for a process of the cluster, told by the start of its command."""
    psutil = pytest.importorskip("psutil")
    found = [p for p in psutil.Process().children(recursive=True) if p.name().startswith(name)]
    os.kill(found[0].pid, signal.SIGKILL)


def killing_after(n_blocks, name, patch):
    """Let a process of the cluster be killed when so many blocks are written."""
    write = FileResults.write

    def deadly(results, block):
        write(results, block)
        if results.n_blocks == n_blocks:
            kill(name)

    patch.setattr(FileResults, "write", deadly)


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["ray::MapWorker", "ray::ReadFeed"])
def test_a_worker_killed_in_mid_run_changes_no_byte(
    killed, cluster, command, tmp_path, monkeypatch
):
    monkeypatch.setattr(blocks, "FULL_ROWS", 16)
    if killed == "ray::MapWorker":
        source, name = write_news(tmp_path / "news.jsonl", 400), "o.jsonl"
    else:
        source = write_parquet_folder(tmp_path / "table", 4, 100).as_uri()
        name = "o.parquet"
    assert predict.main(command(source, f"local/{name}")) == 0
    killing_after(5, killed, monkeypatch)
    ray = ["--engine", "ray", "--ray-address", cluster.address]
    assert predict.main(command(source, f"ray/{name}", *ray)) == 0
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "local")
    assert len(files_of(tmp_path / "ray")) == 3


@pytest.mark.slow
def test_resume_after_the_first_process_was_killed(cluster, command, tmp_path):
    source = write_news(tmp_path / "news.jsonl", 40_000)
    assert predict.main(command(source, "local/o.jsonl")) == 0
    ray = ["--engine", "ray", "--ray-address", cluster.address]
    words = command(source, "ray/o.jsonl", *ray)
    progress = tmp_path / "ray" / "o.jsonl.progress.json"
    with subprocess.Popen(
        [sys.executable, str(ROOT / "predict.py"), *words], stderr=subprocess.PIPE
    ) as process:
        while process.poll() is None:
            if progress.exists() and json.loads(progress.read_text())["blocks"] >= 4:
                process.kill()
            time.sleep(0.01)
        assert process.wait() == -signal.SIGKILL, process.stderr.read()
    assert predict.main([*words, "--resume"]) == 0
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "local")


@pytest.mark.slow
def test_a_mistake_on_a_worker_is_told_in_one_line(cluster, job):
    from saulyq.tagging.ray_engine import tag_on_ray

    elsewhere = replace(job, model=Path("/nowhere/model"))
    with pytest.raises(UserError, match=r"^model /nowhere/model not found; train one"):
        list(tag_on_ray(made_blocks(3), elsewhere, 1, cluster.address))


@pytest.mark.slow
def test_ray_is_started_and_stopped_without_an_address(job):
    ray = pytest.importorskip("ray")
    from saulyq.tagging.ray_engine import tag_on_ray

    here = list(tag_here(made_blocks(9), job.block_tagger()))
    assert list(tag_on_ray(made_blocks(9), job, 2)) == here
    assert not ray.is_initialized()


def test_an_actor_can_take_what_the_feed_gives_for_a_block_that_is_done(job):
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("ray")
    from saulyq.tagging.ray_engine import Feed, TagBlocks

    async def given_again():
        feed = Feed()
        await feed.put(0, pickle.dumps([Reject("f", 0, "bad")]), 0)
        await feed.put(1, None, 1)
        return await feed.get(0)

    (done,) = TagBlocks(job)(pa.table({"block": [asyncio.run(given_again())]}))["done"]
    assert [pickle.loads(done.as_py())] == list(tag_here([[]], job.block_tagger()))


def test_actors_have_one_thread_each(job, monkeypatch):
    pytest.importorskip("ray")
    from saulyq.tagging.ray_engine import TagBlocks

    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "")
    monkeypatch.delenv("TOKENIZERS_PARALLELISM")
    TagBlocks(job)
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


@pytest.mark.parametrize(
    ("device", "asked", "expected"),
    [
        ("cpu", None, 3),
        ("cpu", 6, 6),
        ("cpu", 7, "--workers is 7; the Ray cluster has room for 6: 2 for each CPU"),
        ("cuda", None, 1),
        ("cuda", 2, "--workers is 2; the Ray cluster has room for 1: 1 for each GPU"),
    ],
)
def test_as_many_actors_as_the_cluster_has_room_for(device, asked, expected, monkeypatch):
    ray = pytest.importorskip("ray")
    from saulyq.tagging.ray_engine import n_actors_for

    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 3.0, "GPU": 1.0})
    if isinstance(expected, int):
        assert n_actors_for(device, asked) == expected
    else:
        with pytest.raises(UserError, match=f"^{expected}$"):
            n_actors_for(device, asked)


@pytest.mark.parametrize("resources", [{}, {"CPU": 0.5}])
def test_a_cluster_without_a_cpu_is_told(resources, monkeypatch):
    ray = pytest.importorskip("ray")
    from saulyq.tagging.ray_engine import n_actors_for

    monkeypatch.setattr(ray, "cluster_resources", lambda: resources)
    with pytest.raises(UserError, match=r"^the Ray cluster has no CPU$"):
        n_actors_for("cpu", None)


def test_a_reader_that_goes_away_is_no_error_while_standard_output_is_another():
    # As tag_on_ray has it, whose results are still coming when the reader goes.
    script = (
        "import sys; from contextlib import redirect_stdout\n"
        "from saulyq.scripts import run_script\n"
        "def results():\n"
        "    with redirect_stdout(sys.stderr):\n"
        "        yield from 'ab'\n"
        "def main():\n"
        "    stdout, coming = sys.stdout, results()\n"
        "    for result in coming:\n"
        "        print(result, file=stdout, flush=True)\n"
        "code = run_script(main)\n"
        "print('stderr is as it was', file=sys.stderr)\n"
        "sys.exit(code)"
    )
    from_here, into = os.pipe()
    os.close(from_here)
    done = subprocess.run(
        [sys.executable, "-c", script],
        stdout=into,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=False,
    )
    os.close(into)
    assert (done.returncode, done.stderr) == (0, "stderr is as it was\n")


def told(words, capsys):
    code = run_script(lambda: predict.main(words))
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    return err


def test_a_missing_ray_is_told_in_one_line(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "saulyq.tagging.ray_engine", raising=False)
    source = write_news(tmp_path / "news.jsonl", 1)
    err = told(command(source, "o.jsonl", "--engine", "ray"), capsys)
    assert err == "error: --engine ray needs ray; install it: pip install 'saulyq[ray]'\n"
    assert not list(tmp_path.glob("o.*"))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1", "ray://somewhere"])
def test_an_address_without_ray_is_told_in_one_line(address, command, tmp_path, capsys):
    pytest.importorskip("ray")
    source = write_news(tmp_path / "news.jsonl", 1)
    ray = ["--engine", "ray", "--ray-address", address]
    err = told(command(source, "o.jsonl", *ray), capsys)
    assert err.startswith(("error: no Ray at 127.0.0.1:1 (", "error: --ray-address is "))
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("o.*"))


def test_ray_reads_no_standard_input():
    with pytest.raises(SystemExit) as stop:
        predict.main(["-", "--engine", "ray"])
    assert stop.value.code == 2
