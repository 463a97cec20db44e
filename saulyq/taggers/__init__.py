"""The kinds of tagger models, all behind one contract."""

from importlib import import_module

from saulyq.errors import UserError
from saulyq.taggers.base import TaggerModel

__all__ = ["TAGGERS", "TaggerModel", "tagger_class"]

# Imported only when asked for: the TF-IDF tagger must work without torch installed.
TAGGERS = {
    "prior": "saulyq.taggers.prior:PriorModel",
    "tfidf": "saulyq.taggers.tfidf:TfidfModel",
    "transformer": "saulyq.taggers.transformer:TransformerModel",
}


def tagger_class(name: str) -> type[TaggerModel]:
    """Return the tagger model called `name` in configs and manifests."""
    if name not in TAGGERS:
        raise UserError(f"unknown tagger {name!r}; choose one of {', '.join(sorted(TAGGERS))}")
    module, _, attribute = TAGGERS[name].partition(":")
    try:
        found: type[TaggerModel] = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise UserError(
            f"a {name} tagger needs {error.name}; install it with: pip install 'saulyq[train]'"
        ) from error
    return found
