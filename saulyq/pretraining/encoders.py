"""The model that pre-training starts from, and the form in which it is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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
from saulyq.pretraining.meanings import Known, Teacher, read_pairs
from saulyq.pretraining.sequences import IGNORED
from saulyq.pretraining.settings import PretrainConfig, Size
from saulyq.pretraining.transplant import embeddings, graft


class Learner:
    """What a masked language model is trained on; mixed into a class of transformers.

    Scores are made for the guessed tokens only: the vocabulary is most of the work.
    """

    meaning_weight = 1.0

    def forward(
        self: Any,
        input_ids: torch.Tensor,
        labels: torch.Tensor,
        sentences: torch.Tensor | None = None,
        sentence_mask: torch.Tensor | None = None,
        meanings: torch.Tensor | None = None,
    ) -> MaskedLMOutput:
        """Return the loss: mean cross-entropy in nats of the guessed tokens, and for sentences
        whose meaning is known, how far the vector of their [CLS] points away from it.
        """
        hidden = self.base_model(input_ids=input_ids).last_hidden_state
        guessed = labels != IGNORED
        loss = cross_entropy(self.vocabulary_scores(hidden[guessed]).float(), labels[guessed])
        if sentences is not None and meanings is not None:
            read = self.base_model(input_ids=sentences, attention_mask=sentence_mask)
            vectors = read.last_hidden_state[:, 0].float()
            distance = 1 - cosine_similarity(vectors, meanings, dim=1).mean()
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


def start(
    config: PretrainConfig, tokenizer: Any, stream: NDArray[np.int32], known: Known | None
) -> Any:
    """Return the model to train; `stream` is the corpus as ids, for the meanings of tokens.

    Raises UserError if it cannot read the sequences or be as wide as the vectors of `known`.
    """
    learner = _start(config, tokenizer, stream)
    longest = learner.config.max_position_embeddings
    if config.sequence_length > longest:
        raise UserError(f"sequence_length is {config.sequence_length}; it reads at most {longest}")
    if config.meanings is not None and known is not None:
        learner.meaning_weight = config.meanings.weight
        ours, theirs = learner.config.hidden_size, known.vectors.shape[1]
        if ours != theirs:
            raise UserError(f"meanings: the encoder is {ours} wide, its teacher {theirs}")
    return learner


def _start(config: PretrainConfig, tokenizer: Any, stream: NDArray[np.int32]) -> Any:
    if config.start is not None:
        return _learner_of(config.start)
    if config.size is not None:
        return _random(config.size, tokenizer)
    assert config.transplant is not None
    teacher = Teacher(config.transplant.body)
    if (kind := teacher.model.config.model_type) != "bert":
        raise UserError(f"transplant.body is a {kind}; expected a bert")
    settings = BertConfig.from_pretrained(config.transplant.body, **_vocabulary(tokenizer))
    model = BertLearner(settings)
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    glossary = dict(read_pairs(config.transplant.glossary))
    rng = np.random.default_rng(config.seed)
    graft(model, teacher.model, embeddings(tokens, stream, glossary, teacher, rng))
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
