"""Masked-language-model training with the Hugging Face Trainer."""

import math
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from saulyq.pretraining.sequences import PackedCorpus, collate
from saulyq.pretraining.settings import PretrainConfig
from saulyq.taggers.base import Checkpoints
from saulyq.taggers.precision import uses_bf16


class Epochs(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tells the corpus which epoch begins.

    The data loader does so for some samplers only: not under torchrun, nor in a resumed epoch.
    """

    def __init__(self, packed: PackedCorpus) -> None:
        self.packed = packed

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.packed.set_epoch(math.floor((state.epoch or 0) + 1e-6))


def run(
    model: Any,
    packed: PackedCorpus,
    config: PretrainConfig,
    checkpoints: Checkpoints,
    *,
    fingerprint: str,
) -> list[dict[str, float]]:
    """Train the model in place and return the loss curve: step, epoch and loss, a point each.

    fingerprint: of the text; a checkpoint made from other text is not gone on from.
    """
    arguments = _arguments(config, checkpoints.folder)
    with arguments.main_process_first(local=False, desc="checkpoint folder"):
        if arguments.process_index == 0:
            settings = config.model_dump(mode="json", exclude={"output", "sources"})
            checkpoints.prepare(settings | {"text": fingerprint})
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=packed,
        data_collator=collate,
        callbacks=[Epochs(packed)],
    )
    with checkpoints.damage_told():
        done = trainer.train(resume_from_checkpoint=checkpoints.last())
    points = [entry for entry in trainer.state.log_history if "loss" in entry]
    curve = [{name: point[name] for name in ("step", "epoch", "loss")} for point in points]
    if not curve:  # fewer steps than between two points
        curve = [{"step": done.global_step, "epoch": config.epochs, "loss": done.training_loss}]
    return curve


def _arguments(config: PretrainConfig, folder: Path) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,  # below 1 it is a share of all steps
        weight_decay=config.weight_decay,
        lr_scheduler_type="cosine",
        bf16=uses_bf16(config.precision),
        torch_compile=config.compile,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=1,
        logging_steps=50,
        logging_first_step=True,
        seed=config.seed,
        data_seed=config.seed,
        remove_unused_columns=False,
        dataloader_pin_memory=on_gpu,
        report_to="none",
        disable_tqdm=None,
        use_cpu=not on_gpu,
    )
