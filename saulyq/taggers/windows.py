"""Splitting a text that is longer than a model reads, without losing a word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from tokenizers import Encoding, Tokenizer

from saulyq.taggers.tokenizer import n_characters, tokens_per_character, without_limit
from saulyq.text import normalise

# NFC makes a text at most three times as long (Unicode FAQ), lower case twice.
_GROWTH = 6
# Measured at once: a word takes up some hundred bytes while it is, and a text may have a million.
WORDS_AT_A_TIME = 10_000


@dataclass(frozen=True)
class WindowSplitter:
    """Splits texts into windows of at most `max_tokens` tokens, special ones counted, and
    `max_characters` characters.
    """

    tokenizer: Tokenizer
    max_tokens: int
    max_characters: int

    @classmethod
    def of(cls, tokenizer: Tokenizer, max_tokens: int) -> Self:
        """Return the splitter for a tokenizer that `with_limit` gave a limit in characters."""
        whole, limit = without_limit(tokenizer)
        whole.no_truncation()
        whole.no_padding()
        return cls(whole, max_tokens, limit or 10 * max_tokens)

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """Return each normalised text as one or more windows, cut between words.

        Only a single word longer than a window is cut inside. An empty text is one window.
        """
        cleaned = [normalise(text) for text in texts]
        encodings = self.tokenizer.encode_batch_fast(cleaned)
        return [
            [text] if self._fits(text, encoding) else self._split(text)
            for text, encoding in zip(cleaned, encodings, strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """Return each text as the token ids of its windows, those of `split`, special ones there.

        A text that is one window is tokenised once.
        """
        encodings = self.tokenizer.encode_batch_fast(list(texts))
        return [
            [encoding.ids]
            if self._fits(text, encoding)
            else [e.ids for e in self.tokenizer.encode_batch_fast(self._split(normalise(text)))]
            for text, encoding in zip(texts, encodings, strict=True)
        ]

    def _fits(self, text: str, encoding: Encoding) -> bool:
        if len(encoding.ids) > self.max_tokens:
            return False
        # Normalisation makes a text at most so much longer: no need to do it in order to count.
        if _GROWTH * len(text) <= self.max_characters:
            return True
        return n_characters(self.tokenizer, text) <= self.max_characters

    def _split(self, text: str) -> list[str]:
        room = self.max_tokens - self.tokenizer.num_special_tokens_to_add(is_pair=False)
        return _split(text, self.tokenizer, room, self.max_characters)


def _split(text: str, tokenizer: Tokenizer, room: int, max_characters: int) -> list[str]:
    windows: list[list[str]] = [[]]
    tokens = characters = 0
    for word, word_tokens, word_characters in _measured_words(
        text.split(" "), tokenizer, room, max_characters
    ):
        full = tokens + word_tokens > room or characters + word_characters > max_characters
        if full and windows[-1]:
            windows.append([])
            tokens = characters = 0
        windows[-1].append(word)
        tokens, characters = tokens + word_tokens, characters + word_characters
    return [" ".join(window) for window in windows]


def _measured_words(
    words: list[str], tokenizer: Tokenizer, room: int, max_characters: int
) -> Iterator[tuple[str, int, int]]:
    """Yield words with their tokens and characters; one that alone is too long, in pieces."""
    for word, n_tokens in _counted_words(words, tokenizer):
        length = n_characters(tokenizer, word) + 1
        if n_tokens <= room and length <= max_characters:
            yield word, n_tokens, length
            continue
        # Small enough whatever the tokenizer makes of it, with half left for a blank and the like.
        size = max(1, min(room // tokens_per_character(tokenizer), max_characters) // 2)
        pieces = [word[start : start + size] for start in range(0, len(word), size)]
        if len(pieces) == 1:
            yield word, n_tokens, length
        else:
            yield from _measured_words(pieces, tokenizer, room, max_characters)


def _counted_words(words: list[str], tokenizer: Tokenizer) -> Iterator[tuple[str, int]]:
    for start in range(0, len(words), WORDS_AT_A_TIME):
        some = words[start : start + WORDS_AT_A_TIME]
        # Counted with a blank before it: some tokenizers give that a token.
        encodings = tokenizer.encode_batch([f" {word}" for word in some], add_special_tokens=False)
        yield from zip(some, [len(encoding.ids) for encoding in encodings], strict=True)
