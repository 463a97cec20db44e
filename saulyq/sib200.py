"""SIB-200 as a data folder: `python -m saulyq.sib200 FOLDER --output data_sib`.

FOLDER holds train.tsv, dev.tsv and test.tsv of one language (Adelani et al., EACL 2024). Each
sentence has exactly one of seven topics, so the folder is a schema in single mode:
`train.py --config configs/benchmarks/sib200.yaml --data data_sib` and
`compare.py MODEL --data data_sib` work on it as on our own.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

from saulyq.errors import UserError
from saulyq.scripts import run_script
from saulyq.topics import Topic, TopicSet, save_topics

SPLITS = {"train": "train", "dev": "valid", "test": "test"}
COLUMNS = ("index_id", "category", "text")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="with train.tsv, dev.tsv, test.tsv")
    parser.add_argument("--output", type=Path, required=True, help="the data folder to write")
    args = parser.parse_args(argv)
    if (args.output / "topics.yaml").exists():
        raise UserError(f"{args.output} holds a data folder; name another --output")
    splits = {ours: read_sentences(args.folder / f"{s}.tsv") for s, ours in SPLITS.items()}
    categories = sorted({row["category"] for rows in splits.values() for row in rows})
    args.output.mkdir(parents=True, exist_ok=True)
    save_topics(
        args.output / "topics.yaml",
        TopicSet(tuple(map(Topic, map(topic_id, categories))), "single"),
    )
    for split, rows in splits.items():
        with (args.output / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(as_paragraph(row, split), ensure_ascii=False) + "\n")
        print(f"{split}: {len(rows)} sentences")
    return 0


def read_sentences(path: Path) -> list[dict[str, str]]:
    """Return the rows of a TSV file without quoting; raise UserError if a column is missing."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    for number, row in enumerate(rows, start=2):
        if any(not row.get(column) for column in COLUMNS):
            raise UserError(f"{path}:{number}: expected the columns {', '.join(COLUMNS)}")
    return rows


def topic_id(category: str) -> str:
    """Return a category as a topic id: "science/technology" is science_technology."""
    return category.replace("/", "_")


def as_paragraph(row: dict[str, str], split: str) -> dict[str, object]:
    """Return a sentence as a paragraph that is an article of its own."""
    id = f"{split}-{row['index_id']}"
    return {"id": id, "article_id": id, "text": row["text"], "topics": [topic_id(row["category"])]}


if __name__ == "__main__":
    sys.exit(run_script(main))
