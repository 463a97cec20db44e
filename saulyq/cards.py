"""The model card of a model folder: Markdown with the metadata the Hugging Face hub reads."""

from pathlib import Path

from saulyq.artifacts import ModelFolder
from saulyq.blocks import block
from saulyq.evaluation import Report, number

TEST_FIGURES = "test figures"
LICENCE = "apache-2.0"

_CARD = """---
{metadata}
---
# {name}

A {kind} tagger. It gives a paragraph {answer}:

{topics}

## Use

```python
from saulyq import Tagger

Tagger.load("path/to/{name}").tag(["a paragraph"])
```
{pipeline}
## Figures on valid

Thresholds and calibration were chosen on valid, so these figures flatter the model; the test
figures below do not.

{valid}

macro-F1 {macro}, micro-F1 {micro} on {n_paragraphs} paragraphs of {n_articles} articles.

## Figures on test

{test}

## How it was made

- trained on {n_train} paragraphs{extra}; commit `{commit}`, seed {seed}
- train data SHA-256 `{checksum}`
- settings: `{settings}`

## Intended use and limits

For sorting text by topic, with a person reading what matters. Not for decisions about a person.
A paragraph is judged by its own words alone. Scores are calibrated for text like the training data;
on text of another kind, choose thresholds on a sample of it.
"""

_PIPELINE = """
```python
from transformers import pipeline

pipeline("text-classification", model="path/to/{name}", top_k=None)(["a paragraph"])
```

A pipeline gives one calibrated score per topic and reads the start of a long text only. `Tagger`
and `predict.py` read all of it, convert other scripts first and apply the thresholds below.
"""

_NOT_YET = "Not measured yet: `python compare.py path/to/{name} --update-cards`."


def make_card(trained: ModelFolder, report: Report, languages: list[str]) -> str:
    """Return the card of a model freshly trained, with its valid figures.

    languages: codes of the languages of its train paragraphs, [] if they are not marked.
    """
    name, topics, manifest = trained.folder.name, trained.topics, trained.manifest
    is_transformer = manifest["tagger"] == "transformer"
    settings = {key: value for key, value in manifest["config"].items() if value is not None}
    return _CARD.format(
        metadata=metadata(
            languages,
            task="text-classification",
            library="transformers" if is_transformer else "saulyq",
            base_model=_hub_name(settings.get("base_model")),
        ),
        name=name,
        kind=manifest["tagger"],
        answer="any number of these topics, or none" if topics.mode == "multi" else "one of these",
        topics="\n".join(f"- `{t.id}`{_definition(t.definition)}" for t in topics.topics),
        pipeline=_PIPELINE.format(name=name) if is_transformer else "",
        valid=_topic_table(report),
        macro=number(report.macro_f1),
        micro=number(report.micro_f1),
        n_paragraphs=report.n_paragraphs,
        n_articles=report.n_articles,
        test=block(TEST_FIGURES, _NOT_YET.format(name=name)),
        n_train=manifest["n_train"],
        extra=", those of an extra file (`extra_train`) among them" * ("extra_train" in settings),
        commit=manifest["commit"],
        seed=manifest["seed"],
        checksum=manifest["data"]["train"],
        settings=", ".join(f"{key}={value}" for key, value in settings.items()),
    )


def metadata(
    languages: list[str], *, task: str, library: str, base_model: str | None = None
) -> str:
    """Return the metadata that the Hugging Face hub reads at the head of a card, as YAML."""
    from huggingface_hub import ModelCardData

    told = ModelCardData(
        language=languages or None,
        license=LICENCE,
        library_name=library,
        pipeline_tag=task,
        base_model=base_model,
        tags=["saulyq", "topic-tagging"],
    )
    return str(told.to_yaml()).strip()


def _hub_name(base_model: str | None) -> str | None:
    """Return the name of a checkpoint on the hub; None for a folder, which it does not know."""
    return None if base_model is None or Path(base_model).is_dir() else base_model


def _definition(text: str) -> str:
    return f": {' '.join(text.split())}" if text else ""


def _topic_table(report: Report) -> str:
    rows = [
        "| topic | support | precision | recall | F1 | threshold |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for t in report.topics:
        cells = (t.precision, t.recall, t.f1, t.threshold)
        rows.append(f"| {t.topic} | {t.support} | {' | '.join(number(cell) for cell in cells)} |")
    return "\n".join(rows)
