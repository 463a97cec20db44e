"""The Ray engine: a pool of actors of a Ray cluster tags the blocks that this process reads.

The blocks go through a Ray Data pipeline a few at a time, so that neither the rows nor their
results are ever held whole: this process puts blocks into a `Feed`, the one reading task of the
dataset takes them out (`FeedSource`), actors tag them (`TagBlocks`), and this process gets the
results back in order. It reads the input itself because a block may hold rows of two files and
ids are counted over all of them: so the blocks, what --resume counts and the output are the same
with each engine.

A worker that dies is started anew and has its blocks again; the Feed keeps a block until its
result has come. Every node needs the same Python with saulyq in it, and the model folder at the
same path; the inputs (files or URIs) and the output only where the run is started.
"""

import asyncio
import logging
import os
import pickle
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.data.exceptions import ExecutionTimeoutError
from ray.exceptions import RayError, RayTaskError

from saulyq.errors import UserError
from saulyq.tagging.blocks import Block
from saulyq.tagging.engines import Job, tokenize_in_one_thread
from saulyq.tagging.run import BlockTagger, DoneBlock
from saulyq.tagging.streams import told_briefly

BLOCKS_ON_THE_WAY = 3  # for each actor: in work, on the way to it, on the way back
NO_PROGRESS_SECONDS = 1800  # for a block that kills worker after worker, or that none can take
CONNECT_SECONDS = 10
# Of a CPU, for an actor that keeps a whole one busy. Where a node is lost for good, its actors find
# room on the others, else their blocks would wait.
CPU_SHARE = 0.5
EMPTY = pickle.dumps([])  # a block without rows


def tag_on_ray(
    blocks: Iterable[Block], job: Job, n_actors: int | None = None, address: str | None = None
) -> Iterator[DoneBlock]:
    """Yield what comes of each block, in order; each actor loads the model and has one thread.

    n_actors: one for each CPU of the cluster if None; for each GPU with the device "cuda".
    address: HOST:PORT or "auto", a running cluster of which this machine is a node; None starts
    Ray on this machine, and stops it at the end.
    Raises UserError if there is no such cluster, if it has no room for so many actors, or if the
    same block kills worker after worker.
    """
    _connect(address, n_actors)
    try:
        # What Ray tells of workers that died would else come to where the results may go.
        with redirect_stdout(sys.stderr):
            yield from _tag(blocks, replace(job, model=job.model.resolve()), n_actors)
    except (RayError, ExecutionTimeoutError) as error:
        if isinstance(error, RayTaskError):  # a mistake in this program
            raise
        raise UserError(
            f"Ray lost its workers ({told_briefly(error)}), perhaps for want of memory; "
            "take fewer --workers, and --resume to go on"
        ) from error
    finally:
        ray.shutdown()


def check_address(address: str | None) -> None:
    """Raise UserError unless something listens there: Ray itself would try for minutes."""
    if address is None or address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UserError(f"--ray-address is {address!r}; expected HOST:PORT or auto")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_ray(address, error) from error


def _connect(address: str | None, n_actors: int | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to Ray's makers
    # Else it says of each pool of actors that it may fail in a case that does not come up here.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # Only ray.init(address="local") starts a new one; without it a cluster at hand would be taken.
    settings = {"address": "local", "num_cpus": n_actors, "include_dashboard": False}
    if address is not None:
        check_address(address)
        settings = {"address": address}
    try:
        with _no_stderr():  # where it tells that it has read the level
            ray.init(**settings, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise _no_ray(address or "this machine", error) from error


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Nothing comes to stderr, from C++ neither."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _no_ray(where: str, error: Exception) -> UserError:
    return UserError(f"no Ray at {where} ({told_briefly(error)})")


def _tag(blocks: Iterable[Block], job: Job, n_actors: int | None) -> Iterator[DoneBlock]:
    n_actors = n_actors_for(job.device, n_actors)
    # A run cannot outlive the node it is started on: what it cannot do without lives there.
    here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    feed = ray.remote(Feed).options(num_cpus=0, label_selector=here).remote()
    window = BLOCKS_ON_THE_WAY * n_actors

    packed = map(pickle.dumps, blocks)
    n_put = n_done = 0
    results = _results(feed, job, n_actors, here)
    while True:
        for block in islice(packed, n_done + window - n_put):
            ray.get(feed.put.remote(n_put, block, n_done))
            n_put += 1
        if n_put < n_done + window:  # all are put
            ray.get(feed.put.remote(n_put, None, n_done))
        if n_put == n_done:
            return
        yield next(results)
        n_done += 1


def n_actors_for(device: str, asked: int | None) -> int:
    """Return how many actors to start: as many as are asked for, else one for each CPU or GPU.

    Raises UserError if the cluster has no room for them: Ray would wait for it to grow.
    """
    resource, n_each = ("GPU", 1) if device == "cuda" else ("CPU", int(1 / CPU_SHARE))
    n_there = int(ray.cluster_resources().get(resource, 0))
    if not n_there:
        raise UserError(f"the Ray cluster has no {resource}")
    room = n_each * n_there
    if asked is not None and asked > room:
        raise UserError(
            f"--workers is {asked}; the Ray cluster has room for {room}: "
            f"{n_each} for each {resource}"
        )
    return asked or n_there


def _results(feed: Any, job: Job, n_actors: int, here: dict[str, str]) -> Iterator[DoneBlock]:
    _set_up_ray_data()
    gpus = {"num_gpus": 1} if job.device == "cuda" else {}
    dataset = ray.data.read_datasource(
        FeedSource(feed),
        override_num_blocks=1,
        num_cpus=0,
        label_selector=here,
    ).map_batches(
        TagBlocks,
        fn_constructor_args=(job,),
        compute=ray.data.ActorPoolStrategy(size=n_actors),
        batch_size=1,
        batch_format="pyarrow",
        num_cpus=CPU_SHARE,
        **gpus,
    )
    for batch in dataset.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow"):
        for done in batch["done"]:
            found: DoneBlock | UserError = pickle.loads(done.as_py())
            if isinstance(found, UserError):
                raise found
            yield found


def _set_up_ray_data() -> None:
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.target_max_block_size = 1  # bytes: each block goes on by itself, none waits for more
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_no_progress_timeout_s = NO_PROGRESS_SECONDS
    for handler in logging.getLogger("ray.data").handlers:
        if handler.get_name() == "console":  # the other is its file
            handler.setLevel(logging.CRITICAL)


class Feed:
    """An actor that holds the blocks on their way, by number.

    A reading task that died begins again at the first block. Those that are done are gone by
    then; nobody wants them again, and an empty one takes the place of each.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, bytes | None] = {}
        self._n_done = 0
        self._put = asyncio.Condition()

    async def put(self, number: int, block: bytes | None, n_done: int) -> None:
        """Take a block, or None for the end; the first `n_done` are not needed any more."""
        async with self._put:
            self._blocks[number] = block
            for done in range(self._n_done, n_done):
                del self._blocks[done]
            self._n_done = n_done
            self._put.notify_all()

    async def get(self, number: int) -> bytes | None:
        """Return a block once it is there."""
        async with self._put:
            await self._put.wait_for(lambda: number < self._n_done or number in self._blocks)
            return EMPTY if number < self._n_done else self._blocks[number]


class FeedSource(ray.data.Datasource):  # type: ignore[misc]  # ray has no types for us
    """The blocks of a Feed as a source of Ray Data, a row each."""

    def __init__(self, feed: Any) -> None:
        self._feed = feed

    def estimate_inmemory_data_size(self) -> None:
        """Return None: it is not known."""

    def get_read_tasks(self, *_: Any, **__: Any) -> list[Any]:
        read: Callable[[], Iterator[Any]] = partial(_read, self._feed)
        return [ray.data.ReadTask(read, BlockMetadata(None, None, None, None))]


def _read(feed: Any) -> Iterator[Any]:
    number = 0
    while (block := ray.get(feed.get.remote(number))) is not None:
        yield pa.table({"block": [block]})
        number += 1


class TagBlocks:
    """An actor of the pool: takes tables with a block, gives tables with what came of it.

    That may be a UserError, from a model that is not there: one that is raised here would be
    packed into errors of Ray.
    """

    def __init__(self, job: Job) -> None:
        tokenize_in_one_thread()
        self._job = job
        self._tagger: BlockTagger | None = None  # loaded where its errors can be given back

    def __call__(self, batch: Any) -> Any:
        done = [self._done(pickle.loads(block.as_py())) for block in batch["block"]]
        return pa.table({"done": [pickle.dumps(each) for each in done]})

    def _done(self, block: Block) -> DoneBlock | UserError:
        try:
            self._tagger = self._tagger or self._job.block_tagger(n_threads=1)
            return self._tagger.tag(self._tagger.read(block))
        except UserError as error:
            return error
