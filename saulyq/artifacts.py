"""The model folder: written whole or not at all, read back with its schema and thresholds."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from saulyq.config import RunConfig, TransformerConfig
from saulyq.data import SPLITS, checksum
from saulyq.errors import UserError
from saulyq.evaluation import Report
from saulyq.taggers import ScoringModel, TaggerModel, scoring_class
from saulyq.topics import TopicSet, load_topics, save_topics

FORMAT = 1
# What a person may change in a folder, and what says nothing of its tags.
_NOT_WEIGHTS = {"README.md", "report.json", "manifest.json", "thresholds.json"}


@dataclass(frozen=True)
class ModelFolder:
    """A tagger model with what it needs to tag; `thresholds` is None in single mode."""

    folder: Path
    model: ScoringModel
    topics: TopicSet
    thresholds: dict[str, float] | None
    manifest: dict[str, Any]


def check_output(folder: Path) -> None:
    """Raise UserError if a model cannot be written to `folder`, before any time is spent."""
    if folder.exists() and not _is_ours(folder / "manifest.json"):
        raise UserError(f"{folder} exists and is not a model folder; choose another --output")
    check_parent(folder)


def check_parent(folder: Path) -> None:
    """Raise UserError unless `folder` can be written where it is to stand."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder.parent}: cannot be made ({error.strerror})") from error
    if not os.access(folder.parent, os.W_OK):
        raise UserError(f"{folder.parent} is not writable; choose another --output")


@contextmanager
def written_whole(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write into; it takes the name `folder` when the block ends well."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        yield draft
        old = draft.with_suffix(".old")
        if folder.exists():
            folder.rename(old)
        try:
            draft.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def save(trained: ModelFolder, report: Report, card: str) -> None:
    """Write a model folder; an older model of that name is replaced in one step."""
    if not isinstance(trained.model, TaggerModel):
        raise TypeError(f"{type(trained.model).__name__} cannot be saved")
    with written_whole(trained.folder) as draft:
        trained.model.save(draft)
        save_topics(draft / "topics.yaml", trained.topics)
        if trained.thresholds is not None:
            write_json(draft / "thresholds.json", trained.thresholds)
        write_json(draft / "report.json", {"valid": report.to_dict()})
        files = file_checksums(draft)
        told = {"weights": weights_checksum(files), "files": files}
        write_json(draft / "manifest.json", trained.manifest | told)
        (draft / "README.md").write_text(card, encoding="utf-8")


def load(
    folder: Path, *, device: str = "cpu", backend: str = "auto", n_threads: int | None = None
) -> ModelFolder:
    """Return the model in a folder; raise UserError if it is missing or not whole.

    backend: see `saulyq.taggers.scoring_class`; it matters for transformers only. n_threads: for
    each paragraph, all cores if None.
    """
    if not folder.is_dir():
        raise UserError(f"model {folder} not found; train one with train.py or name another")
    manifest = _read_json(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise UserError(
            f"{folder}/manifest.json: format is {manifest.get('format')!r}; expected {FORMAT}"
        )
    _check_files(folder, manifest)
    topics = load_topics(folder / "topics.yaml")
    thresholds = _read_thresholds(folder, topics) if topics.mode == "multi" else None
    try:
        kind = scoring_class(manifest["tagger"], folder, backend=backend, device=device)
        model = kind.load(folder, topics, device=device, n_threads=n_threads)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise UserError(f"{folder}: no whole model ({error})") from error
    return ModelFolder(folder, model, topics, thresholds, manifest)


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise UserError if a file that decides the tags is not as it was written."""
    files = manifest.get("files")
    if not isinstance(files, dict) or "weights" not in manifest:
        raise UserError(f"{folder}/manifest.json: not whole; train the model again")
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or checksum(path) != expected:
            state = "changed since it was written" if path.is_file() else "missing"
            raise UserError(f"{path}: {state}; copy the whole folder again, or train it again")


def _read_thresholds(folder: Path, topics: TopicSet) -> dict[str, float]:
    path = folder / "thresholds.json"
    thresholds = _read_json(path)
    if set(thresholds) != set(topics.ids):
        raise UserError(f"{path}: its topics are not those of topics.yaml")
    for topic, value in thresholds.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise UserError(f"{path}: {topic} is {value!r}; expected a number from 0 to 1")
    return thresholds


def manifest_of(config: RunConfig, *, n_train: int, n_valid: int) -> dict[str, Any]:
    """Return how a model came about: settings, data checksums, code version, hardware."""
    splits = {split: config.data / f"{split}.jsonl" for split in SPLITS}
    data = {split: checksum(path) for split, path in splits.items() if path.is_file()}
    if config.extra_train is not None:
        data["extra_train"] = checksum(config.extra_train)
    if isinstance(config, TransformerConfig) and config.soft_labels is not None:
        data["soft_labels"] = checksum(config.soft_labels)
    return {
        "format": FORMAT,
        "tagger": config.tagger,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "seed": config.seed,
        "config": config.model_dump(mode="json", exclude={"output"}),
        "data": data,
        "n_train": n_train,
        "n_valid": n_valid,
        "versions": versions(),
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def versions() -> dict[str, str]:
    """Return the versions of what results depend on, of those that are installed."""
    names = ["saulyq", "numpy", "scikit-learn", "tokenizers", "onnxruntime", "py3langid"]
    names += ["pyarrow", "torch", "transformers"]
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Return the git commit of the code, "-dirty" added if files differ; None outside git."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", Path(__file__).name)  # ours, not a repository around us
        return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def file_checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder that decides its tags, by relative name."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return {name: checksum(folder / name) for name in names if name not in _NOT_WEIGHTS}


def weights_checksum(files: dict[str, str]) -> str:
    """Return one SHA-256 over the checksums of the files that decide the tags."""
    lines = "".join(f"{name} {files[name]}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def _is_ours(manifest: Path) -> bool:
    try:
        return _read_json(manifest).get("format") == FORMAT
    except UserError:
        return False


def to_json(content: Any) -> str:
    """Return JSON as people read it: indented, letters as they are."""
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write JSON into a file, as `to_json` gives it."""
    path.write_text(to_json(content), encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path.parent}: not a whole model folder ({path.name}: {error})"
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a JSON object")
    return content
