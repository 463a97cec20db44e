"""A checkpoint's tokenizer with our clean-up in front and a limit at its end.

Both live in `tokenizer.json`, so that a plain `pipeline()` has them too.
"""

import json
import re
from typing import Any

from tokenizers import Regex, Tokenizer, normalizers
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer

from saulyq.text import NORMALIZER

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_CUT = re.compile(r"\(\?m\)\\A\.\{(\d+)\}\\K\.\+")


def train_wordpiece(texts: list[str], vocabulary: int) -> Tokenizer:
    """Return a lower-case WordPiece tokenizer with about `vocabulary` tokens from `texts`.

    The same texts give the same tokenizer.
    """
    normalizer = normalizers.Sequence([NORMALIZER, normalizers.Lowercase()])
    letters = sorted(set().union(*(normalizer.normalize_str(text) for text in texts)) - {" "})
    # The trainer numbers letters inside words ("##a") in an order of chance, and breaks ties by
    # number. Named as special tokens they are numbered first, in our order.
    inside = [f"##{letter}" for letter in letters]
    draft = _wordpiece(WordPiece(unk_token="[UNK]"), normalizer)
    trainer = WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=SPECIAL_TOKENS + inside, show_progress=False
    )
    draft.train_from_iterator(texts, trainer)
    tokenizer = _wordpiece(WordPiece(draft.get_vocab(), unk_token="[UNK]"), normalizer)
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _wordpiece(model: WordPiece, normalizer: normalizers.Normalizer) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer


def with_clean_up(tokenizer: Tokenizer) -> Tokenizer:
    """Return the tokenizer with our normalizer before its own; once, however often called."""
    ours = _steps(json.loads(NORMALIZER.__getstate__()))
    own = _own_steps(tokenizer)
    if own[: len(ours)] == ours:
        return _with_steps(tokenizer, own)
    # A tokenizer made with an earlier clean-up has most of its steps already.
    rest = [step for step in own if step["type"] != "Replace" or step not in ours]
    return _with_steps(tokenizer, ours + rest)


def with_limit(tokenizer: Tokenizer, max_characters: int) -> Tokenizer:
    """Return the tokenizer that reads the first `max_characters` of a normalised text only.

    transformers resets a truncation saved in `tokenizer.json` when a pipeline calls the
    tokenizer without `truncation=True` (5.23), and a long article then runs off the position
    table. A normalizer that drops the rest of the text cannot be reset.
    """
    cut = normalizers.Replace(Regex(rf"(?m)\A.{{{max_characters}}}\K.+"), "")
    return _with_steps(tokenizer, [*_own_steps(tokenizer), json.loads(cut.__getstate__())])


def without_limit(tokenizer: Tokenizer) -> tuple[Tokenizer, int | None]:
    """Return the tokenizer without its limit, and that limit in characters."""
    steps = _steps(json.loads(tokenizer.to_str())["normalizer"])
    limits = [limit for step in steps if (limit := _limit(step)) is not None]
    return _with_steps(tokenizer, _own_steps(tokenizer)), min(limits, default=None)


def n_characters(tokenizer: Tokenizer, text: str) -> int:
    """Return the length of a text as the limit counts it: after all normalisation."""
    return len(tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text)


def tokens_per_character(tokenizer: Tokenizer) -> int:
    """Return an upper bound: 4 if a character may fall apart into its UTF-8 bytes, else 1."""
    state = tokenizer.to_str()
    return 4 if '"ByteLevel"' in state or '"byte_fallback":true' in state else 1


def _own_steps(tokenizer: Tokenizer) -> list[Any]:
    steps = _steps(json.loads(tokenizer.to_str())["normalizer"])
    return [step for step in steps if _limit(step) is None]


def _steps(state: Any) -> list[Any]:
    """Return the steps of a normalizer's JSON state, nested sequences laid flat."""
    if state is None:
        return []
    if state["type"] != "Sequence":
        return [state]
    return [step for inner in state["normalizers"] for step in _steps(inner)]


def _limit(step: Any) -> int | None:
    pattern = step.get("pattern") if step["type"] == "Replace" else None
    match = _CUT.fullmatch(pattern.get("Regex", "")) if isinstance(pattern, dict) else None
    return int(match.group(1)) if match else None


def _with_steps(tokenizer: Tokenizer, steps: list[Any]) -> Tokenizer:
    state = json.loads(tokenizer.to_str())
    state["normalizer"] = {"type": "Sequence", "normalizers": steps} if steps else None
    return Tokenizer.from_str(json.dumps(state))
