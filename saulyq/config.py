"""Settings of one training run: typed, strict, from a YAML file and the command line."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from saulyq.errors import UserError
from saulyq.yaml_files import read_yaml

# YAML gives text where Python wants a path.
SettingPath = Annotated[Path, BeforeValidator(lambda v: Path(v) if isinstance(v, str) else v)]


Config = TypeVar("Config", bound=BaseModel)
Precision = Literal["auto", "bf16", "fp32"]


class RunConfig(BaseModel):
    """What every run needs. What must be decided for each run has no default."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    tagger: str
    output: SettingPath  # the model folder to write
    data: SettingPath = Path("data")
    extra_train: SettingPath | None = None  # a JSONL file whose rows are added to train only
    seed: int = Field(default=0, ge=0, lt=2**32)
    noise: float = Field(default=0.0, ge=0, le=1)  # share of train paragraphs also seen spoilt


class PriorConfig(RunConfig):
    """Topic frequencies: the floor that any tagger has to beat."""

    tagger: Literal["prior"]


class TfidfConfig(RunConfig):
    """Word and character n-grams with one linear classifier per topic."""

    tagger: Literal["tfidf"]
    word_ngrams: int = Field(default=2, ge=1, le=5)  # words and runs of up to this many
    char_ngrams: int = Field(default=5, ge=2, le=8)  # characters inside words, from 2
    min_paragraphs: int = Field(default=2, ge=1)  # rarer n-grams are left out
    max_features: int = Field(default=50_000, ge=1)  # of each of the two kinds
    regularisation: float = Field(default=10.0, gt=0)  # C of the logistic regression
    balanced: bool = False  # weigh rare topics up


class RandomInit(BaseModel):
    """A small BERT from random weights, with a vocabulary made from the train split."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    layers: int = Field(ge=1)
    width: int = Field(ge=8)
    heads: int = Field(ge=1)
    vocabulary: int = Field(ge=100)


class TransformerConfig(RunConfig):
    """Fine-tuning of any `AutoModelForSequenceClassification` checkpoint."""

    tagger: Literal["transformer"]
    base_model: str | None = None  # a hub name or a local folder
    random_init: RandomInit | None = None  # instead of base_model
    max_tokens: int = Field(default=256, ge=16)  # longer paragraphs are read in windows
    learning_rate: float = Field(default=2e-5, gt=0)
    epochs: int = Field(default=10, ge=1)
    patience: int = Field(default=3, ge=1)  # epochs without a better valid macro-F1
    batch_size: int = Field(default=16, ge=1)  # a device, before accumulation
    gradient_accumulation: int = Field(default=1, ge=1)
    warmup: float = Field(default=0.1, ge=0, lt=1)  # share of all steps
    weight_decay: float = Field(default=0.01, ge=0)
    dropout: float | None = Field(default=None, ge=0, lt=1)  # as the checkpoint says, if not set
    layer_decay: float = Field(default=1.0, gt=0, le=1)  # rate of a layer, of that of the one above
    precision: Precision = "auto"  # of computing; auto: bf16 where the machine is fast at it
    weights: Literal["fp32", "fp16"] = "fp32"  # how they are stored
    onnx: bool = False  # write an 8-bit ONNX file as well: tagging without torch
    soft_labels: SettingPath | None = None  # texts scored by other taggers: saulyq.distillation


CONFIGS: dict[str, type[RunConfig]] = {
    "prior": PriorConfig,
    "tfidf": TfidfConfig,
    "transformer": TransformerConfig,
}


def load_config(path: Path, overrides: dict[str, str]) -> RunConfig:
    """Return the settings in a YAML file, with those of the command line put over them.

    overrides: setting to its text; `random_init.layers` reaches into a group.
    Raises UserError that names the setting, what was found and what was expected.
    """
    settings = _with_overrides(path, overrides)
    tagger = settings.get("tagger")
    if not isinstance(tagger, str) or tagger not in CONFIGS:
        raise UserError(f"{path}: tagger is {tagger!r}; choose one of {', '.join(CONFIGS)}")
    config = _validated(CONFIGS[tagger], settings, path)
    if isinstance(config, TransformerConfig):
        _check_transformer(config, path)
    return config


def read_config(kind: type[Config], path: Path, overrides: dict[str, str]) -> Config:
    """Return the settings of a run of one kind, read as `load_config` reads them."""
    return _validated(kind, _with_overrides(path, overrides), path)


def _with_overrides(path: Path, overrides: dict[str, str]) -> dict[str, Any]:
    settings = _read_settings(path)
    for given, text in overrides.items():
        setting, dot, inner = given.partition(".")  # file names in a group keep their dashes
        name = setting.replace("-", "_") + dot + inner
        _put(settings, name, _parse(text, name))
    return settings


def _validated(kind: type[Config], settings: dict[str, Any], path: Path) -> Config:
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        raise UserError(f"{path}: {_explain(error, kind)}") from error


def _check_transformer(config: TransformerConfig, path: Path) -> None:
    if (config.base_model is None) == (config.random_init is None):
        raise UserError(f"{path}: set exactly one of base_model and random_init")
    if config.random_init and config.random_init.width % config.random_init.heads:
        width, heads = config.random_init.width, config.random_init.heads
        raise UserError(f"{path}: random_init.width {width} is not a multiple of heads {heads}")


def setting_names() -> str:
    """Return every setting with its type and default, a line each, grouped by tagger."""
    lines = []
    for tagger, config in CONFIGS.items():
        lines.append(f"settings of {tagger}:")
        for name, info in config.model_fields.items():
            kind = getattr(info.annotation, "__name__", str(info.annotation))
            default = "required" if info.is_required() else f"default {info.default}"
            lines.append(f"  --{name} ({kind}; {default})")
    return "\n".join(lines)


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); see configs/") from error
    except (UserError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    if not isinstance(settings, dict):
        raise UserError(f"{path}: expected `setting: value` lines")
    return {str(name): value for name, value in settings.items()}


# Their values are text as it is given: in YAML, `try #1` or `123` would be something else.
_TEXT_SETTINGS = {"tagger", "output", "data", "extra_train", "base_model", "start", "soft_labels"}


def _parse(text: str, name: str) -> Any:
    if name in _TEXT_SETTINGS:
        return text
    try:
        return read_yaml(text)
    except UserError as error:
        raise UserError(f"--{name} {text}: {error}") from error


def _put(settings: dict[str, Any], name: str, value: Any) -> None:
    group, _, inner = name.partition(".")
    if not inner:
        settings[name] = value
        return
    if not isinstance(settings.get(group), dict):
        raise UserError(f"--{name}: there is no group {group!r} in the config file")
    settings[group] = settings[group] | {inner: value}


def _explain(error: ValidationError, config: type[BaseModel]) -> str:
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"]]
    name = ".".join(place)
    if problem["type"] == "extra_forbidden":
        known = sorted(_settings_beside(place, config))
        near = difflib.get_close_matches(place[-1], known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; settings: {', '.join(known)}"
        return f"unknown setting {name!r}{hint}"
    if problem["type"] == "missing":
        return f"setting {name!r} is missing"
    if problem["type"] == "value_error":  # a check of several settings together
        message = str(problem["msg"]).removeprefix("Value error, ")
        return f"{name}: {message}" if name else message
    return f"setting {name!r} is {problem['input']!r}; {problem['msg']}"


def _settings_beside(place: list[str], config: type[BaseModel]) -> set[str]:
    """Return the settings of the group that a wrong name stands in."""
    for group in place[:-1]:
        kinds = get_args(config.model_fields[group].annotation)
        config = next(kind for kind in kinds if kind is not type(None))
    return set(config.model_fields)
