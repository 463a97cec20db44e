"""Fine-tuning with the Hugging Face Trainer."""

import hashlib
import logging
import re
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset as TorchDataset
from transformers import (
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainingArguments,
)

from saulyq import metrics, thresholds
from saulyq.calibration import scores_of
from saulyq.config import TransformerConfig
from saulyq.data import Split
from saulyq.errors import UserError
from saulyq.taggers.base import Checkpoints
from saulyq.taggers.checkpoint import Checkpoint
from saulyq.taggers.precision import uses_bf16
from saulyq.taggers.soft_labels import SoftLabels, read_soft_labels
from saulyq.text.noise import spoil_some
from saulyq.topics import Mode

logger = logging.getLogger(__name__)

# What a run writes, not how it trains: these may differ when it goes on.
NOT_TRAINING = {"output", "onnx", "weights"}

_LAYER = re.compile(r"\.layers?\.(\d+)\.")


def run(
    start: Checkpoint,
    config: TransformerConfig,
    train: Split,
    valid: Split,
    *,
    mode: Mode,
    checkpoints: Checkpoints,
) -> None:
    """Fine-tune the model in place and leave it at its best epoch by valid macro-F1.

    Under `torchrun` or `accelerate launch` every process calls this; the batches are shared out.
    """
    soft = _soft_labels(config, mode, n_topics=train.gold.shape[1])
    arguments = _arguments(config, checkpoints)
    with arguments.main_process_first(local=False, desc="checkpoint folder"):
        if arguments.process_index == 0:
            told = {"paragraphs": _fingerprint(train, valid, soft=soft)}
            checkpoints.prepare(config.model_dump(mode="json", exclude=NOT_TRAINING) | told)
    _warn_of_cut(train, start.tokenizer)
    paragraphs = Paragraphs(train, start.tokenizer, mode, config)
    if soft is not None:
        paragraphs.add(soft)
    trainer = Trainer(
        model=start.model,
        args=arguments,
        train_dataset=paragraphs,
        eval_dataset=Paragraphs(valid, start.tokenizer, mode, config),
        data_collator=DataCollatorWithPadding(start.tokenizer),
        compute_metrics=lambda prediction: _valid_metrics(prediction, mode),
        callbacks=[EarlyStoppingCallback(early_stopping_patience=config.patience)],
        optimizers=(_optimizer(start.model, config), None),
    )
    with checkpoints.damage_told():
        trainer.train(resume_from_checkpoint=checkpoints.last())
    # Accelerate puts half precision around `forward`; scores are made in fp32.
    trainer.accelerator.unwrap_model(start.model, keep_fp32_wrapper=False)


def _arguments(config: TransformerConfig, checkpoints: Checkpoints) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    bf16 = uses_bf16(config.precision)
    return TrainingArguments(
        output_dir=str(checkpoints.folder),
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_steps=config.warmup,  # below 1 it is a share of all steps
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        greater_is_better=True,
        logging_strategy="epoch",
        bf16=bf16,
        fp16=on_gpu and not bf16 and config.precision == "auto",
        seed=config.seed,
        data_seed=config.seed,
        report_to="none",
        disable_tqdm=None,
        restore_callback_states_from_checkpoint=True,
        dataloader_pin_memory=on_gpu,
        use_cpu=not on_gpu,  # without it, processes on a CPU do not find each other
    )


def _optimizer(model: Any, config: TransformerConfig) -> torch.optim.Optimizer:
    """Return AdamW with a rate for each layer, `layer_decay` times that of the layer above it."""
    names = [name for name, _ in model.named_parameters()]
    top = 1 + max((_depth(name) for name in names if _LAYER.search(name)), default=0)
    embeddings = {name for name in names if "embeddings." in name}
    groups: dict[tuple[int, bool], list[Any]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        depth = 0 if name in embeddings else _depth(name) if _LAYER.search(name) else top
        groups[depth, parameter.ndim > 1].append(parameter)  # biases and norms do not decay
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": config.learning_rate * config.layer_decay ** (top - depth),
                "weight_decay": config.weight_decay if decays else 0.0,
            }
            for (depth, decays), parameters in groups.items()
        ],
        lr=config.learning_rate,
    )


def _depth(name: str) -> int:
    """Return the number of the layer that a parameter is in, from 1."""
    match = _LAYER.search(name)
    assert match is not None
    return 1 + int(match.group(1))


def _soft_labels(config: TransformerConfig, mode: Mode, *, n_topics: int) -> SoftLabels | None:
    if config.soft_labels is None:
        return None
    if mode == "single":
        raise UserError("soft_labels: only for schemas that give any number of topics")
    return read_soft_labels(config.soft_labels, n_topics)


def _fingerprint(*splits: Split, soft: SoftLabels | None) -> str:
    """Return a checksum of all texts, gold topics and soft labels: a checkpoint goes with no
    others.
    """
    total = hashlib.sha256()
    if soft is not None:
        total.update(repr((soft.texts, soft.scores)).encode())
    for split in splits:
        total.update("\0".join(split.texts).encode())
        total.update(split.gold.tobytes())
    return total.hexdigest()


class Paragraphs(TorchDataset[dict[str, Any]]):
    """The paragraphs of a split, tokenised when they are asked for.

    With noise, some are spoilt anew in each epoch: which and how depends on seed, epoch and
    paragraph alone, so that a resumed run sees what an uninterrupted one would.
    """

    def __init__(self, split: Split, tokenizer: Any, mode: Mode, config: TransformerConfig) -> None:
        self.texts = split.texts
        self.tokenizer = tokenizer
        if mode == "multi":
            self.labels = split.gold.astype(np.float32).tolist()
        else:
            self.labels = split.gold.argmax(axis=1).tolist()
        self.noise = config.noise if split.name == "train" else 0.0
        self.seed = config.seed
        self.epoch = 0

    def add(self, more: SoftLabels) -> None:
        """Put texts with soft labels after those of the split."""
        self.texts = [*self.texts, *more.texts]
        self.labels = [*self.labels, *more.scores]

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> dict[str, Any]:
        text = self.texts[index]
        if self.noise:
            rng = np.random.default_rng((self.seed, self.epoch, index))
            (text,) = spoil_some([text], self.noise, rng)
        return {**self.tokenizer(text, truncation=True), "labels": self.labels[index]}


def _warn_of_cut(split: Split, tokenizer: Any) -> None:
    encoded = tokenizer(split.texts, truncation=True)
    n_cut = sum(len(ids) == tokenizer.model_max_length for ids in encoded["input_ids"])
    if n_cut:
        logger.warning(
            "%s: %d of %d paragraphs fill all %d tokens; of longer ones only the start is learnt",
            split.name,
            n_cut,
            len(split),
            tokenizer.model_max_length,
        )


def _valid_metrics(prediction: EvalPrediction, mode: Mode) -> dict[str, float]:
    margins = np.asarray(prediction.predictions, dtype=float)
    scores = scores_of(margins, mode)
    labels = np.asarray(prediction.label_ids)
    if mode == "multi":
        gold = labels > 0.5
        cutoffs = thresholds.choose(gold, scores)
    else:
        gold = np.eye(scores.shape[1], dtype=np.bool_)[labels]
        cutoffs = None
    tags = thresholds.apply(scores, cutoffs)
    return {
        "macro_f1": float(np.nan_to_num(metrics.macro_f1(gold, tags))),
        "micro_f1": float(np.nan_to_num(metrics.micro_f1(gold, tags))),
    }
