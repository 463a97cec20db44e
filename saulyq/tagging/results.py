"""What a run with --output writes: durable block by block, so that a killed run can go on.

`OUTPUT.partial` and `OUTPUT.rejects.jsonl.partial` grow with each block; `OUTPUT.progress.json`
says how far they are whole, `OUTPUT.begun.json` of what they are the result.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from saulyq.artifacts import to_json
from saulyq.errors import UserError
from saulyq.tagging.drafts import Draft, PartsDraft, TextDraft, sync_folder
from saulyq.tagging.outputs import Paths, jsonl_lines
from saulyq.tagging.run import Counts, DoneBlock


class Results(ABC):
    """Where the results of blocks go."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.n_blocks = 0  # that are done already

    @abstractmethod
    def write(self, block: DoneBlock) -> None:
        """Take the results of the next block."""

    @abstractmethod
    def finish(self, counts: Counts) -> None:
        """All is done; counts: of the whole run."""

    @abstractmethod
    def discard(self) -> None:
        """Leave nothing that could be taken for results."""


class Stream(Results):
    """JSONL as it comes; rejects go to a file or are told."""

    def __init__(self, file: BinaryIO, rejects: Path | None, tell: Callable[[str], object]) -> None:
        super().__init__()
        self.file = file
        self.rejects = rejects
        self.tell = tell
        if rejects:
            with _failure_told(str(rejects)):
                rejects.unlink(missing_ok=True)  # of an earlier run, of other rows

    def write(self, block: DoneBlock) -> None:
        with _failure_told("standard output"):
            self.file.write(block.content)
            self.file.flush()
        self.counts.add(block.counts)
        if self.rejects and block.rejects:
            with _failure_told(str(self.rejects)), self.rejects.open("ab") as file:
                file.write(_lines_of(block))
        elif not self.rejects:
            for reject in block.rejects:
                self.tell(f"rejected: {reject}")

    def finish(self, counts: Counts) -> None:
        """Nothing is left to do."""

    def discard(self) -> None:
        """What has gone out cannot be taken back."""


class FileResults(Results):
    """The files of one run; nothing is written before `begin`."""

    def __init__(self, paths: Paths, made_from: dict[str, Any]) -> None:
        """made_from: all that decides the output, in JSON; a run goes on only from the same."""
        super().__init__()
        if not (paths.output and paths.rejects and paths.run and paths.progress and paths.begun):
            raise ValueError("a run without an output has no files")
        self.run_file, self.progress_file, self.begun_file = paths.run, paths.progress, paths.begun
        self.made_from = json.loads(json.dumps(made_from))
        kind = PartsDraft if paths.output.suffix.lower() == ".parquet" else TextDraft
        self.output: Draft = kind(paths.output)
        self.rejects = TextDraft(paths.rejects)
        self.size = self.rejects_size = 0

    def is_unfinished(self) -> bool:
        """Return whether a run to this output was broken off."""
        return self.progress_file.is_file()

    def is_finished(self) -> bool:
        """Return whether the output is there; raise UserError if it is made from something else."""
        if self.is_unfinished() or not self.output.path.exists():
            return False
        _check_same(self.made_from, _read_json(self.run_file), self.run_file)
        return True

    def begin(self, header: bytes) -> None:
        """Start an empty draft of the output with its header."""
        with self._failure_told():
            # First of all: the progress of an earlier run is not that of the new draft.
            self.progress_file.unlink(missing_ok=True)
            sync_folder(self.progress_file.parent)
            _write_whole(self.begun_file, json.dumps(self._begun()))
            self.output.restore(0)
            self.rejects.restore(0)
            self.size = self.output.append(header) if header else 0
            self._note()

    def go_on(self) -> None:
        """Take up the draft of a run that was broken off, without what is not whole."""
        _check_same(self._begun(), _read_json(self.begun_file), self.begun_file)
        progress = _read_json(self.progress_file)
        self.n_blocks, self.size = progress["blocks"], progress["size"]
        self.rejects_size = progress["rejects_size"]
        self.counts = Counts.from_dict(progress["counts"])
        with self._failure_told():
            if progress["all_done"]:  # killed while files took their names: no piece is to come
                return
            if not self.output.draft.exists():
                raise UserError(f"{self.output.draft} is gone; --force starts anew")
            self.output.restore(self.size)
            self.rejects.restore(self.rejects_size)

    def write(self, block: DoneBlock) -> None:
        """Make the results of a block durable."""
        with self._failure_told():
            if block.content:
                self.size = self.output.append(block.content)
            if block.rejects:
                self.rejects_size = self.rejects.append(_lines_of(block))
            self.counts.add(block.counts)
            self.n_blocks += 1
            self._note()

    def finish(self, counts: Counts) -> None:
        """Give all files their names. A run killed in here goes on as well: its last step is to
        forget the progress.
        """
        with self._failure_told():
            self._note(all_done=True)
            run = self.made_from | {"counts": counts.to_dict()}
            _write_whole(self.run_file, to_json(run))
            if self.rejects_size:
                self.rejects.finish()
            else:
                self.rejects.discard()
                self.rejects.path.unlink(missing_ok=True)  # of an earlier run, of other rows
            self.output.finish()
            self.forget()

    def discard(self) -> None:
        """Leave nothing of the draft."""
        self.forget()
        self.output.discard()
        self.rejects.discard()

    def forget(self) -> None:
        """Leave nothing that tells of an unfinished run."""
        self.progress_file.unlink(missing_ok=True)
        self.begun_file.unlink(missing_ok=True)

    def _begun(self) -> dict[str, Any]:
        """Return what a run that goes on has to have in common with the one that began."""
        return {**self.made_from, "rejects": str(self.rejects.path.resolve())}

    def _note(self, *, all_done: bool = False) -> None:
        _write_whole(
            self.progress_file,
            json.dumps(
                {
                    "blocks": self.n_blocks,
                    "size": self.size,
                    "rejects_size": self.rejects_size,
                    "counts": self.counts.to_dict(),
                    "all_done": all_done,
                }
            ),
        )

    def _failure_told(self) -> AbstractContextManager[None]:
        safe = f"; the results of {self.counts.rows} rows are safe: mend it, and --resume goes on"
        return _failure_told(str(self.output.path), safe)


def _lines_of(block: DoneBlock) -> bytes:
    """Return the lines of the rejects of a block."""
    return jsonl_lines([reject.__dict__ for reject in block.rejects])


@contextmanager
def _failure_told(place: str, more: str = "") -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into a UserError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = f"{error.strerror or error}{more}"
        raise UserError(f"{error.filename or place}: cannot be written ({reason})") from error


def _check_same(now: dict[str, Any], before: dict[str, Any], path: Path) -> None:
    """Raise UserError unless what a file tells of a run is true of this one."""
    for name, value in now.items():
        if before.get(name) != value:
            raise UserError(
                f"--resume: {name} is not what {path} tells ({_change(before.get(name), value)}); "
                "put it back, or --force to start anew"
            )


def _change(before: Any, now: Any) -> str:
    """Return the first thing that is not as it was."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in [*now, *before]:
            if before.get(name) != now.get(name):
                return f"{name}: {_change(before.get(name), now.get(name))}"
    return f"{_short(before)}, now {_short(now)}"


def open_files(
    paths: Paths, made_from: dict[str, Any], header: bytes, *, resume: bool
) -> FileResults | None:
    """Return the files of a run, begun or taken up again; None if a run has finished them."""
    files = FileResults(paths, made_from)
    if resume and files.is_finished():
        files.forget()  # a kill may have come before the last step
        return None
    if resume and files.is_unfinished():
        files.go_on()
    else:
        files.begin(header)
    return files


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); --force starts anew") from error


def _short(value: Any) -> str:
    told = json.dumps(value, ensure_ascii=False)
    return told if len(told) <= 80 else told[:77] + "..."


def _write_whole(path: Path, content: str) -> None:
    """Write a file that is there whole or as it was, also if the machine stops."""
    draft = TextDraft(path)
    draft.restore(0)
    draft.append(content.encode())
    draft.finish()
