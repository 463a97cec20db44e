"""Settings of one pre-training run: typed, strict, from a YAML file and the command line."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from saulyq.config import Precision, SettingPath


class Transplant(BaseModel):
    """The body of a finished encoder, put under a vocabulary of ours (Minixhofer et al. 2022)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    body: str  # a BERT folder or hub name, with its tokenizer
    layers: list[Annotated[int, Field(ge=0)]] | None = None  # which of its layers; all if not set
    glossary: SettingPath | None = None  # for a body that does not know our languages. TSV: a word
    # of ours, what it means in the language of the body


class Size(BaseModel):
    """An encoder from random weights."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    architecture: Literal["bert", "modernbert"] = "bert"
    layers: int = Field(ge=1)
    width: int = Field(ge=8)
    heads: int = Field(ge=1)

    @model_validator(mode="after")
    def _whole_heads(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of heads {self.heads}")
        return self


class Meanings(BaseModel):
    """The vectors of lines learnt from a teacher (Reimers and Gurevych 2020)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    teacher: str  # a sentence encoder that averages its tokens: a folder or hub name
    prefix: str = ""  # what the teacher wants to read before each text
    weight: float = Field(default=10.0, gt=0)  # of the distance from the teacher in the loss


class PretrainConfig(BaseModel):
    """One run. It starts from exactly one of `transplant`, `size` and `start`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    output: SettingPath  # the checkpoint folder to write
    data: SettingPath = Path("data")  # train is read, valid and test are kept out
    transplant: Transplant | None = None
    size: Size | None = None
    start: SettingPath | None = None  # a checkpoint of an earlier run, vocabulary and all
    meanings: Meanings | None = None  # what a teacher makes of each line is learnt as well
    vocabulary: int = Field(default=16_000, ge=100)
    repeats: dict[
        str, Annotated[float, Field(ge=0)]
    ] = {}  # how often a file is read an epoch, by name; 1 if not named
    sources: dict[str, str] = {}  # where a file comes from and its licence, for the card
    train_repeats: float = Field(default=4.0, ge=0)  # the same for the train paragraphs
    sequence_length: int = Field(default=128, ge=16)
    mask_rate: float = Field(default=0.25, gt=0, lt=1)  # in the first epoch
    last_mask_rate: float = Field(default=0.25, gt=0, lt=1)  # in the last one
    epochs: int = Field(default=3, ge=1)
    max_steps: int | None = Field(default=None, ge=1)  # in place of epochs: for a quick trial
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0)
    warmup: float = Field(default=0.05, ge=0, lt=1)  # share of all steps
    weight_decay: float = Field(default=0.01, ge=0)
    precision: Precision = "auto"  # auto: bf16 where the machine is fast at it
    weights: Literal["fp32", "fp16"] = "fp32"  # how they are stored
    compile: bool = False  # torch.compile: worth its start on a GPU
    save_steps: int = Field(default=500, ge=1)
    seed: int = Field(default=0, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if sum(source is not None for source in (self.transplant, self.size, self.start)) != 1:
            raise ValueError("set exactly one of transplant, size and start")
        return self
