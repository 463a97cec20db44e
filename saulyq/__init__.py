"""Saulyq tags Kazakh healthcare paragraphs with topics."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saulyq.tagging.tagger import Tagger as Tagger

__version__ = version("saulyq")
__all__ = ["Tagger", "__version__"]


def __getattr__(name: str) -> Any:
    # Imported only when asked for: `import saulyq` must stay light.
    if name == "Tagger":
        from saulyq.tagging.tagger import Tagger

        return Tagger
    raise AttributeError(f"module 'saulyq' has no attribute {name!r}")
