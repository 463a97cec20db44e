"""Text clean-up: what any reader of Kazakh text needs before it counts letters."""

from saulyq.text.conversion import Converted, convert, to_cyrillic
from saulyq.text.letters import NORMALIZER, normalise

__all__ = ["NORMALIZER", "Converted", "convert", "normalise", "to_cyrillic"]
