"""A finished encoder's body under a new vocabulary.

Where the body knows our languages, a token of ours starts as the mean of the pieces into which
the body's own tokenizer cuts it. Where it does not, a token that a glossary knows starts as the
mean of the embeddings of its meaning; the others follow from the company they keep: word vectors
of our corpus are mapped linearly onto the embeddings of the tokens that are known, and the same
map is applied to the rest (WECHSEL: Minixhofer et al. 2022).
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

from saulyq.errors import UserError
from saulyq.pretraining.meanings import Teacher
from saulyq.taggers.checkpoint import SPECIALS

logger = logging.getLogger(__name__)

INSIDE = "##"  # how WordPiece marks a token that goes on a word
_SPECIALS = {token: name.removesuffix("_token") for name, token in SPECIALS.items()}
WINDOW = 5  # tokens to the right that keep a token company
LAYER = "encoder.layer."
N_DIMENSIONS = 200
RIDGE = 10.0


def embeddings_of_pieces(tokens: list[str], donor: Teacher) -> NDArray[np.float32]:
    """Return the embeddings of our WordPiece tokens in the donor's space, (n_tokens, width)."""
    table = donor.model.get_input_embeddings().weight.detach().numpy()
    made = np.zeros((len(tokens), table.shape[1]), dtype=np.float32)
    for row, token in enumerate(tokens):
        name = _SPECIALS.get(token)
        if name is not None:
            made[row] = table[getattr(donor.tokenizer, f"{name}_token_id")]
        else:
            made[row] = table[_pieces(token, donor.tokenizer)].mean(axis=0)
    return made


def _pieces(token: str, tokenizer: Any) -> list[int]:
    """Return the pieces of a token that stands at the start of a word, or inside ("##...")."""
    if not token.startswith(INSIDE):
        return list(tokenizer(token, add_special_tokens=False)["input_ids"])
    # Without the space that the tokenizer takes to stand before a text.
    pieces = tokenizer.backend_tokenizer.model.tokenize(token.removeprefix(INSIDE))
    return [piece.id for piece in pieces] or [tokenizer.unk_token_id]


def embeddings_of_meanings(
    tokens: list[str],
    stream: NDArray[np.int32],
    glossary: dict[str, str],
    donor: Teacher,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the embeddings of our tokens in the donor's space, shape (n_tokens, width).

    stream: the corpus as ids of `tokens`.
    """
    table = donor.model.get_input_embeddings().weight.detach().numpy()
    made = np.zeros((len(tokens), table.shape[1]), dtype=np.float32)
    known = np.zeros(len(tokens), dtype=np.bool_)
    shared = donor.tokenizer.get_vocab()
    for row, token in enumerate(tokens):
        if token in glossary:
            told = donor.tokenizer(glossary[token], add_special_tokens=False)
            ids = told["input_ids"]
        else:
            ids = [shared[token]] if token in shared else []
        if ids:
            made[row] = table[ids].mean(axis=0)
            known[row] = True
    if not known.any():
        raise UserError("transplant: no token of ours has a meaning; is it the right glossary?")
    logger.info("transplant: %d of %d tokens have a meaning", known.sum(), len(tokens))
    vectors = company_vectors(stream, len(tokens), rng)
    made[~known] = _mapped(vectors[known], made[known], vectors[~known])
    return made


def company_vectors(
    stream: NDArray[np.int32], n_tokens: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return a vector for each token from the tokens around it, shape (n_tokens, N_DIMENSIONS).

    Positive pointwise mutual information with smoothed contexts, then a truncated SVD
    (Levy, Goldberg and Dagan 2015). A token that does not occur gets zeros.
    """
    counts = csr_matrix((n_tokens, n_tokens))
    for distance in range(1, WINDOW + 1):
        left, right = stream[:-distance], stream[distance:]
        weight = np.full(len(left), 1.0 / distance)
        counts += csr_matrix((weight, (left, right)), shape=(n_tokens, n_tokens))
    counts = (counts + counts.T).tocoo()
    token_sums = np.asarray(counts.sum(axis=1)).ravel()
    context_sums = token_sums**0.75
    expected = token_sums[counts.row] * context_sums[counts.col] / context_sums.sum()
    information = np.maximum(0, np.log(counts.data / expected))
    matrix = csr_matrix((information, (counts.row, counts.col)), shape=(n_tokens, n_tokens))
    seed = int(rng.integers(2**31))
    n_dimensions = min(N_DIMENSIONS, n_tokens - 1)
    left, values, _ = randomized_svd(matrix, n_dimensions, random_state=seed)
    vectors = left * np.sqrt(values)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))


def _mapped(
    known: NDArray[np.float64], targets: NDArray[np.float32], others: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the ridge regression from `known` to `targets` at `others`, as long as targets are."""
    mean = targets.mean(axis=0)
    gram = known.T @ known + RIDGE * np.eye(known.shape[1])
    found = others @ np.linalg.solve(gram, known.T @ (targets - mean)) + mean
    length = np.median(np.linalg.norm(targets, axis=1))
    return np.asarray(found * (length / np.linalg.norm(found, axis=1, keepdims=True)), np.float32)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the two columns of a TSV file; raise UserError at a line that is not a pair."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    pairs = []
    for number, line in enumerate(lines, start=1):
        first, _, second = line.partition("\t")
        if not (first.strip() and second.strip()) or "\t" in second:
            raise UserError(f"{path}:{number}: expected two texts with a tab between them")
        pairs.append((first.strip(), second.strip()))
    return pairs


def graft(model: Any, donor: Any, layers: list[int], table: NDArray[np.float32]) -> None:
    """Copy layers of the donor's body into a masked language model, with our embeddings."""
    state = {
        name: value
        for name, value in donor.state_dict().items()
        if not name.startswith(("embeddings.word_embeddings", "pooler", LAYER))
    }
    for place, layer in enumerate(layers):
        taken = donor.encoder.layer[layer].state_dict()
        state |= {f"{LAYER}{place}.{name}": value for name, value in taken.items()}
    missing, unexpected = model.base_model.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {"embeddings.word_embeddings.weight"}:
        raise UserError(f"the body does not fit: {(*unexpected, *missing)[0]}")
    model.get_input_embeddings().weight.data.copy_(torch.from_numpy(table))
