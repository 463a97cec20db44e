"""What the words of the lexicon look like in another spelling."""

from functools import cache

from saulyq.text import lexicon
from saulyq.text.alphabets import ALPHABETS, to_alphabet

# Shorter beginnings than so many letters say too little of how a word goes on.
MIN_BEGINNING = 4


@cache
def spelled(alphabet: str) -> dict[str, str]:
    """Return the most frequent Kazakh word behind each spelling in an alphabet."""
    index: dict[str, str] = {}
    for word in lexicon.frequencies():  # most frequent first
        index.setdefault(to_alphabet(word, alphabet), word)
    return index


@cache
def beginnings(alphabet: str) -> dict[str, str]:
    """Return what the beginnings of known words, spelt in an alphabet, stand for."""
    table = ALPHABETS[alphabet]
    found: dict[str, str] = {}
    for word in lexicon.frequencies():
        key = ""
        for number, letter in enumerate(word, start=1):
            key += table.get(letter, letter)
            if len(key) >= MIN_BEGINNING:
                found.setdefault(key, word[:number])
    return found


def with_capitals_of(word: str, found: str, alphabet: str) -> str:
    """Return the word found with the capitals of the word given."""
    if len(word) > 1 and (word.isupper() or word == to_alphabet(found.upper(), alphabet)):
        return found.upper()
    return found[:1].upper() + found[1:] if word[:1].isupper() else found
