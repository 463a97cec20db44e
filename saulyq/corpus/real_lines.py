"""Labelled lines of public corpora as train rows: `python -m saulyq.corpus.real_lines`.

The texts are not ours to ship. `data/real-lines.jsonl` holds a label and a pointer for each: the
name of a corpus file, the number of a line, and a checksum, so that a wrong line is noticed. The
file made here goes into `train.py --extra_train`.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from saulyq.artifacts import check_parent
from saulyq.errors import UserError
from saulyq.pretraining.corpus import find_files, read_lines, stem_of
from saulyq.reading import LineError, parse_object
from saulyq.scripts import run_script


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--pointers", type=Path, default=Path("data/real-lines.jsonl"))
    parser.add_argument("--corpus", required=True, help="a folder or a glob of .txt, .txt.gz")
    parser.add_argument("--output", type=Path, required=True, help="a JSONL file")
    args = parser.parse_args(argv)
    check_parent(args.output)
    texts = {stem_of(path): list(read_lines(path)) for path in find_files(args.corpus)}
    rows = list(labelled(args.pointers, texts))
    with args.output.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(rows)} labelled lines written to {args.output}")
    return 0


def labelled(pointers: Path, texts: dict[str, list[str]]) -> Iterator[dict[str, object]]:
    """Yield a train row for each pointer; raise UserError if the line is not the one meant."""
    for number, line in enumerate(read_lines(pointers), start=1):
        where = f"{pointers}:{number}"
        try:
            pointer = parse_object(line)
            source, place = str(pointer["source"]), int(pointer["line"])
            check, topics = pointer["check"], pointer["topics"]
        except (LineError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{where}: expected source, line, check and topics ({error!r})"
            ) from error
        if source not in texts:
            raise UserError(f"{where}: the corpus has no file {source}.txt or {source}.txt.gz")
        if not 1 <= place <= len(texts[source]):
            raise UserError(f"{where}: {source} has {len(texts[source])} lines, not {place}")
        text = texts[source][place - 1].strip()
        if check_of(text) != check:
            raise UserError(f"{where}: line {place} of {source} is another one; get that version")
        id = f"{source}:{place}"
        yield {"id": id, "article_id": id, "text": text, "topics": topics}


def check_of(text: str) -> str:
    """Return eight digits that tell one line from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


if __name__ == "__main__":
    sys.exit(run_script(main))
