"""Tagging new text: reading it, tagging it, writing what came out."""
