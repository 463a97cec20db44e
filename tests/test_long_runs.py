import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT, arguments, make_rows, write_data
from test_transformer import TINY

from saulyq import artifacts

pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

TEXTS = [row["text"] for row in make_rows(3)]
SETTINGS = TINY | {"epochs": 8, "patience": 8, "noise": 0.3}


def command(data, output, *launcher, **settings):
    words = arguments("smoke", data, output, **(SETTINGS | settings))
    return [sys.executable, *launcher, str(ROOT / "train.py"), *words]


def scores(folder):
    return artifacts.load(folder).model.score(TEXTS)[0]


def test_killed_training_goes_on_and_ends_as_if_uninterrupted(tmp_path):
    data = write_data(tmp_path / "data")
    subprocess.run(command(data, tmp_path / "whole"), check=True, capture_output=True)
    killed = subprocess.Popen(
        command(data, tmp_path / "killed"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    checkpoints = tmp_path / "killed.partial"
    while not list(checkpoints.glob("checkpoint-*/trainer_state.json")):
        assert killed.poll() is None, "the run ended before its first checkpoint"
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed").exists()

    again = command(data, tmp_path / "killed")
    other = subprocess.run(
        [*again, "--resume", "--epochs", "3"], capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert "epochs is 3 but the checkpoint has 8" in other.stderr
    subprocess.run([*again, "--resume"], check=True, capture_output=True)
    np.testing.assert_allclose(scores(tmp_path / "killed"), scores(tmp_path / "whole"), atol=1e-5)
    assert not checkpoints.exists()


# `accelerate launch` starts several processes on a CPU only through MPI: one has to do here.
LAUNCHERS = {
    "torchrun": ["-m", "torch.distributed.run", "--nproc_per_node", "2"],
    "accelerate": ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1"],
}


def launch(words):
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_launched_processes_train_one_model(tmp_path, launcher):
    data = write_data(tmp_path / "data")
    done = launch(command(data, tmp_path / "two", *LAUNCHERS[launcher], batch_size=8))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("model written to") == 1
    assert np.isfinite(scores(tmp_path / "two")).all()


def test_two_processes_make_the_model_that_one_makes(tmp_path):
    data = write_data(tmp_path / "data")
    # A batch holds all 48 paragraphs, so that it does not matter who has which.
    whole = {"noise": 0, "dropout": 0, "batch_size": 48, "epochs": 60, "patience": 60}
    whole["precision"] = "fp32"  # rounding adds up over 60 steps
    shared = whole | {"batch_size": 24}
    one = launch(command(data, tmp_path / "one", **whole))
    two = launch(command(data, tmp_path / "two", *LAUNCHERS["torchrun"], **shared))
    assert one.returncode == two.returncode == 0, two.stderr[-2000:]
    # Sums in another order part the weights a little with each step, and so the best epoch may be
    # another: what both have learnt is the same.
    found = [json.loads((tmp_path / n / "report.json").read_text("utf-8")) for n in ("one", "two")]
    alone, together = (report["valid"]["macro_f1"] for report in found)
    assert alone > 0.8
    assert together == pytest.approx(alone, abs=0.05)
