"""The model that pre-training starts from, and the form in which it is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cosine_similarity, cross_entropy
from transformers import (
    AutoConfig,
    BertConfig,
    BertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
)
from transformers.modeling_outputs import MaskedLMOutput

from saulyq.errors import UserError
from saulyq.pretraining.meanings import Teacher
from saulyq.pretraining.sequences import IGNORED, PackedCorpus
from saulyq.pretraining.settings import PretrainConfig, Size, Transplant
from saulyq.pretraining.transplant import (
    embeddings_of_meanings,
    embeddings_of_pieces,
    graft,
    read_pairs,
)


class Learner:
    """What a masked language model is trained on; mixed into a class of transformers.

    Scores are made for the guessed tokens only: the vocabulary is most of the work.
    """

    meaning_weight = 1.0

    def forward(
        self: Any,
        input_ids: torch.Tensor,
        labels: torch.Tensor,
        segments: torch.Tensor,
        positions: torch.Tensor,
        meanings: torch.Tensor | None = None,
    ) -> MaskedLMOutput:
        """Return the loss: mean cross-entropy in nats of the guessed tokens, and where the meaning
        of lines is known, how far the vector of their [CLS] points away from it on average.

        A token sees those of its own segment only.
        """
        together = segments[:, None, :, None] == segments[:, None, None, :]
        read = self.base_model(input_ids=input_ids, attention_mask=together, position_ids=positions)
        hidden = read.last_hidden_state
        guessed = labels != IGNORED
        loss = cross_entropy(self.vocabulary_scores(hidden[guessed]).float(), labels[guessed])
        if meanings is not None:
            starts = (positions == 0) & (segments > 0)
            told = meanings[torch.arange(meanings.shape[1]) < starts.sum(dim=1, keepdim=True)]
            distance = 1 - cosine_similarity(hidden[starts].float(), told, dim=1).mean()
            loss = loss + self.meaning_weight * distance
        return MaskedLMOutput(loss=loss)


class BertLearner(Learner, BertForMaskedLM):  # type: ignore[misc]  # transformers is untyped here
    kept_as = BertForMaskedLM

    def vocabulary_scores(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.cls(hidden))


class ModernBertLearner(Learner, ModernBertForMaskedLM):  # type: ignore[misc]
    kept_as = ModernBertForMaskedLM

    def vocabulary_scores(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.decoder(self.head(hidden)))


def start(config: PretrainConfig, tokenizer: Any, packed: PackedCorpus) -> Any:
    """Return the model to train on `packed`.

    Raises UserError if it cannot read the rows or is not as wide as the vectors to learn.
    """
    learner = _start(config, tokenizer, packed)
    longest = learner.config.max_position_embeddings
    if config.sequence_length > longest:
        raise UserError(f"sequence_length is {config.sequence_length}; it reads at most {longest}")
    if config.meanings is not None and packed.meanings is not None:
        learner.meaning_weight = config.meanings.weight
        ours, theirs = learner.config.hidden_size, packed.meanings.shape[1]
        if ours != theirs:
            raise UserError(f"meanings: the encoder is {ours} wide, its teacher {theirs}")
    return learner


def _start(config: PretrainConfig, tokenizer: Any, packed: PackedCorpus) -> Any:
    if config.start is not None:
        return _learner_of(config.start)
    if config.size is not None:
        return _random(config.size, tokenizer)
    assert config.transplant is not None
    return _transplanted(config.transplant, tokenizer, packed)


def _transplanted(transplant: Transplant, tokenizer: Any, packed: PackedCorpus) -> Any:
    donor = Teacher(transplant.body)
    if (kind := donor.model.config.model_type) != "bert":
        raise UserError(f"transplant.body is a {kind}; expected a bert")
    n_layers = donor.model.config.num_hidden_layers
    layers = list(range(n_layers)) if transplant.layers is None else transplant.layers
    if max(layers, default=n_layers) >= n_layers:
        raise UserError(f"transplant.layers is {layers}; the body has layers 0 to {n_layers - 1}")
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    if transplant.glossary is None:
        table = embeddings_of_pieces(tokens, donor)
    else:
        glossary = dict(read_pairs(transplant.glossary))
        stream = np.concatenate(packed.lines)
        rng = np.random.default_rng(packed.config.seed)
        table = embeddings_of_meanings(tokens, stream, glossary, donor, rng)
    shape = _vocabulary(tokenizer) | {"num_hidden_layers": len(layers)}
    model = BertLearner(BertConfig.from_pretrained(transplant.body, **shape))
    graft(model, donor.model, layers, table)
    return model


def kept(learner: Any) -> Any:
    """Return the model in the class that transformers knows, with the same weights."""
    model = learner.kept_as(learner.config)
    model.load_state_dict(learner.state_dict())
    return model


def _learner_of(folder: Path) -> Any:
    try:
        kind = AutoConfig.from_pretrained(folder).model_type
        return LEARNERS[kind].from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise UserError(f"start {folder}: no checkpoint ({str(error).splitlines()[0]})") from error
    except KeyError as error:
        raise UserError(f"start {folder}: {kind}; expected {' or '.join(LEARNERS)}") from error


def _random(size: Size, tokenizer: Any) -> Any:
    shape = {
        "hidden_size": size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
    }
    shape |= _vocabulary(tokenizer)
    if size.architecture == "bert":
        return BertLearner(BertConfig(**shape, intermediate_size=4 * size.width))
    # The gated layer has two matrices in: twice the width is as much work as four times before.
    special = {f"{n}_token_id": getattr(tokenizer, f"{n}_token_id") for n in ("cls", "sep")}
    special |= {"bos_token_id": special["cls_token_id"], "eos_token_id": special["sep_token_id"]}
    return ModernBertLearner(
        ModernBertConfig(
            **shape, **special, intermediate_size=2 * size.width, global_attn_every_n_layers=1
        )
    )


def _vocabulary(tokenizer: Any) -> dict[str, int]:
    return {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}


LEARNERS: dict[str, Any] = {"bert": BertLearner, "modernbert": ModernBertLearner}
