"""The kinds of tagger models, all behind one contract."""

from importlib import import_module
from pathlib import Path
from typing import Any

from saulyq.errors import UserError
from saulyq.taggers.base import ScoringModel, TaggerModel

__all__ = ["TAGGERS", "ScoringModel", "TaggerModel", "scoring_class", "tagger_class"]

# Imported only when asked for: the TF-IDF tagger must work without torch installed.
TAGGERS = {
    "prior": "saulyq.taggers.prior:PriorModel",
    "tfidf": "saulyq.taggers.tfidf:TfidfModel",
    "transformer": "saulyq.taggers.transformer:TransformerModel",
}


# Stands in for a transformer where its folder has the file: no torch, and faster on a CPU.
ONNX = "saulyq.taggers.onnx:OnnxModel"
ONNX_FILE = Path("onnx/model_int8.onnx")
BACKENDS = ("auto", "onnx", "torch")


def tagger_class(name: str) -> type[TaggerModel]:
    """Return the tagger model called `name` in configs and manifests."""
    if name not in TAGGERS:
        raise UserError(f"unknown tagger {name!r}; choose one of {', '.join(sorted(TAGGERS))}")
    try:
        found: type[TaggerModel] = _imported(TAGGERS[name])
    except ModuleNotFoundError as error:
        raise UserError(
            f"a {name} tagger needs {error.name}; install it with: pip install 'saulyq[train]'"
        ) from error
    return found


def scoring_class(name: str, folder: Path, *, backend: str, device: str) -> type[ScoringModel]:
    """Return the class that reads the model folder of a tagger called `name`.

    backend: "onnx", "torch", or "auto" for ONNX where the folder has it and no GPU is asked for.
    """
    if name != "transformer" or backend == "torch":
        return tagger_class(name)
    has_file = (folder / ONNX_FILE).is_file()
    if backend == "onnx" and not has_file:
        raise UserError(f"--backend onnx: {folder} has no {ONNX_FILE}; use --backend torch")
    if backend == "onnx" and device != "cpu":
        raise UserError(f"--backend onnx runs on the CPU; for --device {device} use torch")
    if not has_file or device != "cpu":
        return tagger_class(name)
    found: type[ScoringModel] = _imported(ONNX)
    return found


def _imported(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)
