"""Tag new text: articles and tables in, topics and scores out."""

import argparse
import logging
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from saulyq import artifacts, thresholds
from saulyq.errors import UserError
from saulyq.scripts import positive, run_script, with_dashes
from saulyq.taggers import BACKENDS
from saulyq.tagging import outputs
from saulyq.tagging.inputs import Columns, Reject, find_sources, read_inputs
from saulyq.tagging.run import Counts, Shape, make_records, tag_rows
from saulyq.tagging.tagger import Tagger

DEFAULT_MODEL = Path(__file__).resolve().parent / "models" / "compact"


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    paths = outputs.paths_of(args.output, args.rejects)
    paths.check(force=args.force)
    sources = find_sources(args.inputs, paths.written())
    tagger = load_tagger(args)
    counts = Counts()
    shape = Shape(args.by == "article", args.top, args.keep_text)

    with ExitStack() as files:
        write = open_output(paths.output, shape, tagger, files)
        reject = open_rejects(paths.rejects, args.strict, files)
        columns = Columns(args.text_column, args.id_column)
        rows = read_inputs(sources, columns, sys.stdin.buffer, counts.encodings)
        shown = tqdm(rows, unit=" rows", disable=not sys.stderr.isatty())
        skip, clean = args.skip_language, not args.no_clean
        pairs = tag_rows(shown, tagger, counts, reject, skip_foreign=skip, clean=clean)
        for record in make_records(pairs, tagger, shape):
            write(record)
        sys.stdout.flush()

    counts.check()
    if paths.run:
        write_run(paths.run, tagger, counts)
    print(counts.line(), file=sys.stderr)
    return 0


def load_tagger(args: argparse.Namespace) -> Tagger:
    """Return the tagger of --model, with --threshold put over its own thresholds."""
    loaded = artifacts.load(args.model, device=args.device, backend=args.backend)
    stored = thresholds.override(loaded.thresholds or {}, args.threshold, loaded.topics)
    return Tagger(loaded, stored or None)


def open_output(path: Path | None, shape: Shape, tagger: Tagger, files: ExitStack) -> outputs.Write:
    """Return the function that writes a record to a file, or to stdout as JSONL."""
    if path is None:
        return outputs.jsonl_writer(sys.stdout)
    file = files.enter_context(outputs.whole_file(path))
    if path.suffix.lower() == ".csv":
        return outputs.csv_writer(file, shape.columns(), tagger.topics)
    return outputs.jsonl_writer(file)


def open_rejects(path: Path | None, strict: bool, files: ExitStack) -> Callable[[Reject], None]:
    """Return what is done with a bad row: stop, a line in a file, or a line on stderr."""

    def stop(reject: Reject) -> None:
        raise UserError(f"{reject} (--strict stops at the first bad row)")

    def tell(reject: Reject) -> None:
        print(f"rejected: {reject}", file=sys.stderr)

    write = files.enter_context(outputs.RejectFile(path)) if path else tell
    return stop if strict else write


def write_run(path: Path, tagger: Tagger, counts: Counts) -> None:
    """Write which model, thresholds and versions made an output, and the counts."""
    run = {
        "model": tagger.loaded.manifest["weights"],
        "thresholds": tagger.thresholds,
        "versions": artifacts.versions(),
        "counts": counts.to_dict(),
    }
    with outputs.whole_file(path) as file:
        file.write(artifacts.to_json(run))


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "inputs", nargs="+", metavar="INPUT", help=".txt, .md, .jsonl, .csv, a folder, or - (JSONL)"
    )
    add("--model", type=Path, default=DEFAULT_MODEL, help="a model folder (default: %(default)s)")
    add("--output", type=Path, help="a .jsonl or .csv file (default: JSONL on stdout)")
    add("--by", choices=("paragraph", "article"), default="paragraph", help="one record for each")
    add("--threshold", action="append", default=[], metavar="X|TOPIC=X", help="may be repeated")
    add("--top", type=positive, default=0, metavar="N", help="the N best topics as `suggested`")
    add("--keep-text", action="store_true", help="put the text into the output")
    add("--text-column", default="text", help="of .jsonl and .csv (default: %(default)s)")
    add("--id-column", default="id", help="of .jsonl and .csv (default: %(default)s)")
    add("--rejects", type=Path, help="where bad rows go (default: OUTPUT.rejects.jsonl)")
    add("--strict", action="store_true", help="stop at the first bad row, exit 1")
    add("--no-clean", action="store_true", help="read page debris (dates, counters) as text")
    add("--skip-language", action="store_true", help="tag Kazakh and Russian paragraphs only")
    add("--force", action="store_true", help="replace an output that exists")
    add("--backend", choices=BACKENDS, default="auto", help="for transformers; auto: ONNX if there")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="for transformers")
    return parser.parse_args(with_dashes(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
