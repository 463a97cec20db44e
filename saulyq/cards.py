"""The model card of a model folder: Markdown with the metadata the Hugging Face hub reads."""

from pathlib import Path

import yaml

from saulyq.artifacts import ModelFolder
from saulyq.evaluation import Report, number

TEST_START = "<!-- test figures: compare.py --update-cards -->"
TEST_END = "<!-- end of test figures -->"

_PIPELINE = """```python
from transformers import pipeline

tag = pipeline("text-classification", model="{name}", top_k=None)
tag("Аудандық емханаға екі педиатр келді.")
```

A pipeline gives one calibrated score per topic and reads the start of a long text only;
`predict.py` and `Tagger` read all of it and apply the thresholds below."""

_TAGGER = """```python
from saulyq import Tagger

Tagger.load("{name}").tag(["Аудандық емханаға екі педиатр келді."])
```"""


def make_card(trained: ModelFolder, report: Report) -> str:
    """Return the card of a model freshly trained, with its valid figures."""
    name, topics, manifest = trained.folder.name, trained.topics, trained.manifest
    languages = sorted({code for topic in topics.topics for code in topic.names}) or ["kk"]
    metadata = {
        "license": "apache-2.0",
        "language": languages,
        "pipeline_tag": "text-classification",
        "library_name": "transformers" if manifest["tagger"] == "transformer" else "saulyq",
        "tags": ["saulyq", "topic-tagging", "kazakh"],
    }
    extra = manifest["config"].get("extra_train")
    lines = [
        "---",
        yaml.safe_dump(metadata, allow_unicode=True, sort_keys=False).strip(),
        "---",
        f"# {name}",
        "",
        f"A {manifest['tagger']} tagger. It gives a paragraph "
        + ("any number of these topics, or none:" if topics.mode == "multi" else "one of:"),
        "",
        *(f"- `{topic.id}`{_definition(topic.definition)}" for topic in topics.topics),
        "",
        "## Use",
        "",
        _TAGGER.format(name=f"models/{name}"),
        "",
        *(
            [_PIPELINE.format(name=f"models/{name}"), ""]
            if manifest["tagger"] == "transformer"
            else []
        ),
        "## Figures on valid",
        "",
        "Thresholds and calibration were chosen on valid, so these figures flatter the model; "
        "the test figures below do not.",
        "",
        _topic_table(report),
        "",
        f"macro-F1 {number(report.macro_f1)}, micro-F1 {number(report.micro_f1)} on "
        f"{report.n_paragraphs} paragraphs of {report.n_articles} articles.",
        "",
        "## Figures on test",
        "",
        TEST_START,
        "Not measured yet: `python compare.py <model folder> --split test --update-cards`.",
        TEST_END,
        "",
        "## How it was made",
        "",
        f"- trained on {manifest['n_train']} paragraphs"
        + (" (with the rows of an extra file, `extra_train`)" if extra else "")
        + f"; commit `{manifest['commit']}`, seed {manifest['seed']}",
        f"- train data SHA-256 `{manifest['data'].get('train', '-')}`",
        "- settings: `"
        + ", ".join(f"{k}={v}" for k, v in manifest["config"].items() if v is not None)
        + "`",
        "",
        "## Intended use and limits",
        "",
        "For sorting news and official text by topic, with a person reading what matters. Not for "
        "decisions about a person, and not a medical device. A paragraph is judged by its own "
        "words alone. Scores are calibrated for text like the training data; on text of another "
        "kind, choose thresholds on a sample of it.",
        "",
    ]
    return "\n".join(lines)


def put_test_figures(card: Path, figures: str) -> None:
    """Put the test figures of a comparison into a card, in place of older ones."""
    text = card.read_text(encoding="utf-8")
    before, _, rest = text.partition(TEST_START)
    _, _, after = rest.partition(TEST_END)
    card.write_text(f"{before}{TEST_START}\n{figures}\n{TEST_END}{after}", encoding="utf-8")


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
