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

from saulyq.config import RunConfig
from saulyq.data import SPLITS, checksum
from saulyq.errors import UserError
from saulyq.evaluation import Report
from saulyq.taggers import TaggerModel, tagger_class
from saulyq.topics import TopicSet, load_topics, save_topics

FORMAT = 1
# What decides the tags of a folder; reports, cards and the manifest do not.
_NOT_WEIGHTS = {"README.md", "report.json", "manifest.json"}


@dataclass(frozen=True)
class ModelFolder:
    """A tagger model with what it needs to tag; `thresholds` is None in single mode."""

    folder: Path
    model: TaggerModel
    topics: TopicSet
    thresholds: dict[str, float] | None
    manifest: dict[str, Any]


def check_output(folder: Path) -> None:
    """Raise UserError if a model cannot be written to `folder`, before any time is spent."""
    if folder.exists() and not (folder / "manifest.json").is_file():
        raise UserError(f"{folder} exists and is not a model folder; choose another --output")
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
        if folder.exists():
            old = draft.with_suffix(".old")
            folder.rename(old)
            draft.rename(folder)
            shutil.rmtree(old)
        else:
            draft.rename(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def save(trained: ModelFolder, report: Report, card: str) -> None:
    """Write a model folder; an older model of that name is replaced in one step."""
    with written_whole(trained.folder) as draft:
        trained.model.save(draft)
        save_topics(draft / "topics.yaml", trained.topics)
        if trained.thresholds is not None:
            write_json(draft / "thresholds.json", trained.thresholds)
        write_json(draft / "report.json", {"valid": report.to_dict()})
        manifest = trained.manifest | {"weights": weights_checksum(draft)}
        write_json(draft / "manifest.json", manifest)
        (draft / "README.md").write_text(card, encoding="utf-8")


def load(folder: Path, *, device: str = "cpu") -> ModelFolder:
    """Return the model in a folder; raise UserError if it is missing or not whole."""
    if not folder.is_dir():
        raise UserError(f"model {folder} not found; train one with train.py or name another")
    manifest = _read_json(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise UserError(
            f"{folder}/manifest.json: format is {manifest.get('format')!r}; expected {FORMAT}"
        )
    topics = load_topics(folder / "topics.yaml")
    thresholds = _read_json(folder / "thresholds.json") if topics.mode == "multi" else None
    if thresholds is not None and set(thresholds) != set(topics.ids):
        raise UserError(f"{folder}/thresholds.json: its topics are not those of topics.yaml")
    try:
        model = tagger_class(manifest["tagger"]).load(folder, topics, device=device)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise UserError(f"{folder}: no whole model ({error})") from error
    return ModelFolder(folder, model, topics, thresholds, manifest)


def manifest_of(config: RunConfig, *, n_train: int, n_valid: int) -> dict[str, Any]:
    """Return how a model came about: settings, data checksums, code version, hardware."""
    splits = {split: config.data / f"{split}.jsonl" for split in SPLITS}
    data = {split: checksum(path) for split, path in splits.items() if path.is_file()}
    if config.extra_train is not None:
        data["extra_train"] = checksum(config.extra_train)
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
    names = ("saulyq", "numpy", "scikit-learn", "tokenizers", "torch", "transformers")
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


def weights_checksum(folder: Path) -> str:
    """Return one SHA-256 over the files of a folder that decide its tags."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in _NOT_WEIGHTS:
            total.update(f"{name} {checksum(path)}\n".encode())
    return total.hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Write JSON as people read it: indented, letters as they are."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


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
