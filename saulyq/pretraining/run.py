"""Masked-language-model training with the Hugging Face Trainer."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from saulyq.errors import UserError
from saulyq.pretraining.sequences import Collator, PackedCorpus
from saulyq.pretraining.settings import PretrainConfig
from saulyq.taggers.precision import uses_bf16

logger = logging.getLogger(__name__)


def run(
    model: Any, packed: PackedCorpus, padding: int, config: PretrainConfig, *, resume: bool
) -> list[dict[str, float]]:
    """Train the model in place and return the loss curve: step, epoch and loss, a point each."""
    folder = config.output.with_name(config.output.name + ".partial")
    arguments = _arguments(config, folder)
    with arguments.main_process_first(local=False, desc="checkpoint folder"):
        if arguments.process_index == 0:
            _prepare(folder, config, resume=resume)
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=packed,
        data_collator=Collator(padding),
    )
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)) if resume else None)
    points = [entry for entry in trainer.state.log_history if "loss" in entry]
    return [{name: point[name] for name in ("step", "epoch", "loss")} for point in points]


def _arguments(config: PretrainConfig, folder: Path) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
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
        seed=config.seed,
        data_seed=config.seed,
        remove_unused_columns=False,
        dataloader_pin_memory=on_gpu,
        report_to="none",
        disable_tqdm=None,
        use_cpu=not on_gpu,
    )


def _prepare(folder: Path, config: PretrainConfig, *, resume: bool) -> None:
    """Check that a checkpoint has our settings; without --resume, clear what a run left."""
    settings = config.model_dump(mode="json")
    written = folder / "settings.json"
    if resume and written.is_file() and get_last_checkpoint(str(folder)):
        before = json.loads(written.read_text(encoding="utf-8"))
        if changed := [name for name in settings if settings[name] != before.get(name)]:
            raise UserError(
                f"--resume: {changed[0]} is {settings[changed[0]]!r} but the checkpoint has "
                f"{before.get(changed[0])!r}; use the same settings or run without --resume"
            )
        return
    if resume:
        logger.warning("--resume: no checkpoint in %s; it starts from the beginning", folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written.write_text(json.dumps(settings), encoding="utf-8")
