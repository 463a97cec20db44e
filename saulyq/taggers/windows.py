"""Splitting a text that is longer than a model reads, without losing a word."""

from collections.abc import Sequence

from tokenizers import Tokenizer

from saulyq.taggers.tokenizer import n_characters
from saulyq.text import normalise


def split_windows(
    texts: Sequence[str], tokenizer: Tokenizer, *, max_tokens: int, max_characters: int
) -> list[list[str]]:
    """Return each normalised text as one or more windows, cut between words.

    A window has at most `max_tokens` tokens, special ones counted, and `max_characters`
    characters. Only a single word longer than that is cut inside. An empty text is one window.
    """
    cleaned = [normalise(text) for text in texts]
    room = max_tokens - tokenizer.num_special_tokens_to_add(is_pair=False)
    encodings = tokenizer.encode_batch(cleaned, add_special_tokens=False)
    return [
        [text]
        if len(encoding.ids) <= room and n_characters(tokenizer, text) <= max_characters
        else _split(text, tokenizer, room, max_characters)
        for text, encoding in zip(cleaned, encodings, strict=True)
    ]


def _split(text: str, tokenizer: Tokenizer, room: int, max_characters: int) -> list[str]:
    words = [piece for word in text.split(" ") for piece in _pieces(word, room)]
    # A word is counted with a blank before it: some tokenizers give that a token.
    n_tokens = [
        len(encoding.ids)
        for encoding in tokenizer.encode_batch([f" {w}" for w in words], add_special_tokens=False)
    ]
    windows: list[list[str]] = [[]]
    tokens = characters = 0
    for word, word_tokens in zip(words, n_tokens, strict=True):
        word_characters = n_characters(tokenizer, word) + 1
        full = tokens + word_tokens > room or characters + word_characters > max_characters
        if full and windows[-1]:
            windows.append([])
            tokens = characters = 0
        windows[-1].append(word)
        tokens, characters = tokens + word_tokens, characters + word_characters
    return [" ".join(window) for window in windows]


def _pieces(word: str, room: int) -> list[str]:
    """Return the word, or its parts of half the room where it alone might not fit."""
    if len(word) <= room:
        return [word]
    size = max(1, room // 2)
    return [word[start : start + size] for start in range(0, len(word), size)]
