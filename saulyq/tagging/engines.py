"""Who does the work: this process, worker processes of this machine, or a Ray cluster."""

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context, parent_process
from pathlib import Path
from types import ModuleType

from saulyq import artifacts
from saulyq.errors import UserError
from saulyq.tagging.blocks import Ahead, Block
from saulyq.tagging.run import BlockTagger, DoneBlock, Options
from saulyq.tagging.tagger import Tagger

BLOCKS_AHEAD = 2  # read and waiting for the model, for each that works


@dataclass(frozen=True)
class Job:
    """How to make a BlockTagger, in another process too."""

    model: Path
    thresholds: dict[str, float] | None
    options: Options
    backend: str = "auto"
    device: str = "cpu"

    def block_tagger(self, n_threads: int | None = None) -> BlockTagger:
        loaded = artifacts.load(
            self.model, device=self.device, backend=self.backend, n_threads=n_threads
        )
        return BlockTagger(Tagger(loaded, self.thresholds), self.options)


def tag_blocks(
    blocks: Iterable[Block],
    job: Job,
    tagger: Tagger,
    *,
    engine: str,
    n_workers: int | None,
    ray_address: str | None,
) -> Iterator[DoneBlock]:
    """Yield what comes of each block, in order.

    tagger: that of the job, for this process. engine: "local" or "ray". n_workers: None is one
    here, and all CPUs of a Ray cluster.
    """
    if engine == "ray":
        done: Iterator[DoneBlock] = ray_engine().tag_on_ray(blocks, job, n_workers, ray_address)
        return done
    if n_workers is None or n_workers == 1:
        return tag_here(blocks, BlockTagger(tagger, job.options))
    return tag_in_workers(blocks, job, n_workers)


def ray_engine() -> ModuleType:
    """Return the module, which only some runs need; raise UserError without ray."""
    try:
        return import_module("saulyq.tagging.ray_engine")
    except ImportError as error:
        raise UserError("--engine ray needs ray; install it: pip install 'saulyq[ray]'") from error


def tag_here(blocks: Iterable[Block], tagger: BlockTagger) -> Iterator[DoneBlock]:
    """Yield what comes of each block; the next ones are read while the model works."""
    ahead = Ahead(map(tagger.read, blocks), BLOCKS_AHEAD)
    try:
        for block in ahead:
            yield tagger.tag(block)
    finally:
        ahead.stop()


def tag_in_workers(blocks: Iterable[Block], job: Job, n_workers: int) -> Iterator[DoneBlock]:
    """Yield what comes of each block, in order; each worker loads the model and has one thread."""
    # Forked processes would inherit the threads of this one half-way.
    pool = ProcessPoolExecutor(n_workers, get_context("spawn"), _start_worker, (job,))
    # In a thread: what is done is not held back while the next block is waited for.
    submitted = Ahead((pool.submit(_work, block) for block in blocks), BLOCKS_AHEAD * n_workers)
    try:
        for future in submitted:
            yield future.result()
    except BrokenProcessPool as error:
        raise UserError(
            "a worker process died, perhaps for want of memory; take fewer --workers, "
            "and --resume to go on"
        ) from error
    finally:
        submitted.stop()
        pool.shutdown(wait=True, cancel_futures=True)


_tagger: BlockTagger  # of a worker process


def _start_worker(job: Job) -> None:
    global _tagger  # noqa: PLW0603 - a worker is told once what to work with
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process stops the others
    threading.Thread(target=_end_with_first_process, daemon=True).start()
    tokenize_in_one_thread()
    _tagger = job.block_tagger(n_threads=1)


def _end_with_first_process() -> None:
    """End this worker when the first process does: one that is killed stops nobody."""
    first = parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def tokenize_in_one_thread() -> None:
    """Keep tokenizers to one thread in this process; for ONNX Runtime `n_threads` does it."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _work(block: Block) -> DoneBlock:
    return _tagger.tag(_tagger.read(block))
