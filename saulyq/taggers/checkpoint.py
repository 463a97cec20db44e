"""Where a transformer comes from, and how it is made fit for topics and for any length."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging as transformers_logging

from saulyq.config import RandomInit, TransformerConfig
from saulyq.errors import UserError
from saulyq.taggers.tokenizer import train_wordpiece, with_clean_up
from saulyq.topics import TopicSet

# Each vain attempt to reach the hub would be a line; the error at the end says it once.
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
# Bars for loading weights would stand between the lines of a script's own output.
transformers_logging.disable_progress_bar()

logger = logging.getLogger(__name__)

# What a WordPiece tokenizer of ours is called by and gives.
SPECIALS = {f"{n}_token": f"[{n.upper()}]" for n in ("pad", "unk", "cls", "sep", "mask")}
INPUTS = ["input_ids", "token_type_ids", "attention_mask"]
SPECIAL_NAMES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")


@dataclass
class Checkpoint:
    """A model with one output per topic, and its tokenizer with our clean-up in front."""

    model: Any  # transformers' PreTrainedModel
    tokenizer: Any  # PreTrainedTokenizerFast


def start(config: TransformerConfig, topics: TopicSet, texts: list[str]) -> Checkpoint:
    """Return the checkpoint that a run starts from; `texts` make a vocabulary if it has none.

    Raises UserError when the checkpoint cannot be had or does not fit.
    """
    outputs = head_settings(topics)
    if config.dropout is not None:
        outputs |= dict.fromkeys(("hidden_dropout_prob", "classifier_dropout"), config.dropout)
    if config.random_init is not None:
        return _random(config.random_init, config.max_tokens, texts, outputs)
    name = str(config.base_model)
    logger.info("loading %s from its folder, the cache or the hub", name)
    try:
        settings = AutoConfig.from_pretrained(name, **outputs)
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForSequenceClassification.from_pretrained(
            name, config=settings, ignore_mismatched_sizes=True, dtype=torch.float32
        )
    # A missing file or network, a folder that holds no model, an architecture without a head.
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"base_model {name!r} cannot be had ({reason}); without network, copy the model to a "
            "folder and name that: --base_model path/to/folder"
        ) from error
    if not tokenizer.is_fast:
        raise UserError(f"base_model {name!r} has no fast tokenizer (tokenizer.json); convert it")
    longest = _n_positions(model, getattr(settings, "max_position_embeddings", config.max_tokens))
    if config.max_tokens > longest:
        raise UserError(f"max_tokens is {config.max_tokens}; {name!r} reads at most {longest}")
    return Checkpoint(model, clean_tokenizer(tokenizer, config.max_tokens))


def _n_positions(model: Any, declared: int) -> int:
    """Return how many tokens a model reads; RoBERTa and its kin spend some positions on padding."""
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return declared if padding is None else declared - padding - 1


def head_settings(topics: TopicSet) -> dict[str, Any]:
    """Return the settings of `config.json` that say what the outputs mean."""
    problem = "multi_label" if topics.mode == "multi" else "single_label"
    return {
        "num_labels": len(topics),
        "id2label": dict(enumerate(topics.ids)),
        "label2id": {topic: i for i, topic in enumerate(topics.ids)},
        "problem_type": f"{problem}_classification",
    }


def clean_tokenizer(tokenizer: Any, max_tokens: int) -> Any:
    """Return the tokenizer as a plain PreTrainedTokenizerFast with our clean-up in front.

    Plain, because the tokenizer class of a model family rebuilds its own normalizer on loading.
    """
    return wrap(
        with_clean_up(tokenizer.backend_tokenizer),
        max_tokens,
        {f"{n}_token": t for n in SPECIAL_NAMES if (t := getattr(tokenizer, f"{n}_token", None))},
        list(tokenizer.model_input_names),
    )


def wrap(
    backend: Tokenizer, max_tokens: int, specials: dict[str, str], inputs: list[str]
) -> PreTrainedTokenizerFast:
    """Return a backend tokenizer as transformers wants it, truncation saved."""
    backend.enable_truncation(max_tokens)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=max_tokens, model_input_names=inputs, **specials
    )


def lengthen_positions(model: Any, n_tokens: int) -> None:
    """Give a model with a table of positions room for `n_tokens`, in place.

    The rows added repeat the last one. They are there so that an over-long text in a plain
    pipeline is read badly at its end instead of raising; our own windows never reach them.
    """
    embeddings = getattr(model.base_model, "embeddings", None)
    table = getattr(embeddings, "position_embeddings", None)
    if embeddings is None or not isinstance(table, nn.Embedding):
        return
    # RoBERTa and its kin count positions from the padding index on.
    needed = n_tokens + (0 if table.padding_idx is None else table.padding_idx + 1)
    missing = needed - table.num_embeddings
    if missing > 0:
        weight = torch.cat([table.weight.data, table.weight.data[-1:].repeat(missing, 1)])
        _put_positions(model, weight)


def cut_positions(model: Any, n_tokens: int) -> None:
    """Take away, in place, the rows that `lengthen_positions` added beyond `n_tokens`."""
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    if isinstance(table, nn.Embedding):
        kept = n_tokens + (0 if table.padding_idx is None else table.padding_idx + 1)
        _put_positions(model, table.weight.data[:kept])


def _put_positions(model: Any, weight: torch.Tensor) -> None:
    embeddings = model.base_model.embeddings
    needed, width = weight.shape
    padding = embeddings.position_embeddings.padding_idx
    embeddings.position_embeddings = nn.Embedding(needed, width, padding_idx=padding)
    embeddings.position_embeddings.weight = nn.Parameter(weight)
    for name, buffer in [("position_ids", torch.arange(needed)), ("token_type_ids", None)]:
        if hasattr(embeddings, name):
            value = torch.zeros(needed, dtype=torch.long) if buffer is None else buffer
            embeddings.register_buffer(name, value.unsqueeze(0), persistent=False)
    model.config.max_position_embeddings = needed


def last_layer(model: Any) -> nn.Linear:
    """Return the linear layer whose outputs are the margins."""
    found = [m for m in model.modules() if isinstance(m, nn.Linear)]
    heads = [m for m in found if m.out_features == model.config.num_labels]
    if not heads or heads[-1].bias is None:
        kind = type(model).__name__
        raise UserError(f"{kind}: no last layer with a bias, so calibration cannot be folded in")
    return heads[-1]


def _random(
    size: RandomInit, max_tokens: int, texts: list[str], outputs: dict[str, Any]
) -> Checkpoint:
    backend = train_wordpiece(texts, size.vocabulary)
    settings = BertConfig(
        vocab_size=backend.get_vocab_size(),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.width,
        max_position_embeddings=max_tokens,
        pad_token_id=backend.token_to_id("[PAD]"),
        **outputs,
    )
    model = AutoModelForSequenceClassification.from_config(settings)
    return Checkpoint(model, wrap(backend, max_tokens, SPECIALS, INPUTS))


def round_weights(model: Any, stored_as: Literal["fp32", "fp16"]) -> None:
    """Give the weights, in place, the values that they will have when they are read back."""
    if stored_as == "fp16":
        for parameter in model.parameters():
            parameter.data = parameter.data.half().float()


def save_weights(model: Any, folder: Path, stored_as: Literal["fp32", "fp16"]) -> None:
    """Write a model's weights and config; half the digits in half the space with fp16.

    The config says fp32 all the same, so that whoever loads it computes in fp32: a CPU is slow and
    coarse in fp16.
    """
    if stored_as == "fp32":
        model.save_pretrained(folder)
        return
    halves: dict[int, torch.Tensor] = {}  # by place in memory: what was shared stays shared
    halved = {
        name: halves.setdefault(value.data_ptr(), value.half())
        if value.is_floating_point()
        else value
        for name, value in model.state_dict().items()
    }
    model.save_pretrained(folder, state_dict=halved)
    path = folder / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32"}
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load(folder: Path) -> Checkpoint:
    """Return the checkpoint in a model folder; raise UserError if it is not whole."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{folder}: no whole model ({str(error).splitlines()[0]})") from error
    return Checkpoint(model, tokenizer)
