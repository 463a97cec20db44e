"""Tag new text: articles and tables in, topics and scores out."""

import argparse
import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from saulyq import artifacts, thresholds
from saulyq.scripts import positive, run_script, with_dashes
from saulyq.taggers import BACKENDS
from saulyq.tagging import outputs
from saulyq.tagging.blocks import (
    FIRST_ROWS,
    FULL_CHARACTERS,
    FULL_ROWS,
    Ahead,
    Block,
    StrictStopError,
    Tally,
    cut,
    good_rows,
    without_repeats,
)
from saulyq.tagging.engines import Job, ray_engine, tag_blocks
from saulyq.tagging.ids import RepeatedIds
from saulyq.tagging.inputs import Columns, Reject, Row, Source, find_sources, read_inputs
from saulyq.tagging.kept import first_columns, fitting
from saulyq.tagging.results import Results, Stream, open_files
from saulyq.tagging.run import Counts, Options, Shape
from saulyq.tagging.sources import versions_of
from saulyq.tagging.tagger import Tagger

DEFAULT_MODEL = Path(__file__).resolve().parent / "models" / "compact"


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    paths = outputs.paths_of(args.output, args.rejects)
    paths.check(force=args.force, resume=args.resume)
    if args.engine == "ray":
        ray_engine().check_address(args.ray_address)
    sources = find_sources(args.inputs, paths.written())
    columns = Columns(args.text_column, args.id_column, keep=args.keep_columns)
    options = options_of(args, sources, columns)
    tagger = load_tagger(args)
    job = Job(args.model, tagger.thresholds, options, args.backend, args.device)

    results = open_results(args, paths, tagger, options, sources)
    if results is None:
        print(f"{args.output} is finished already", file=sys.stderr)
        return 0
    counts, ids, tally = Counts(), RepeatedIds(), Tally()
    rows = tally.of(read_inputs(sources, columns, standard_input(args), counts.encodings))
    blocks = ids.counted(blocks_of(rows, sources, options, args))
    blocks = islice(blocks, results.n_blocks, None)  # those before are done
    by = {"engine": args.engine, "n_workers": args.workers, "ray_address": args.ray_address}
    try:
        for done in tag_blocks(blocks, job, tagger, **by):
            results.write(done)
    except StrictStopError:
        results.discard()
        raise

    counts.repeated_ids = ids.n_repeated
    counts.add(results.counts)
    counts.check(tally.n_rows)
    results.finish(counts)
    print(counts.line(), file=sys.stderr)
    return 0


def standard_input(args: argparse.Namespace) -> BinaryIO:
    """Return what `-` reads.

    Not sys.stdin: Python aborts if a thread still waits for that when the process ends.
    """
    return open(0, "rb", closefd=False) if "-" in args.inputs else BytesIO()


def load_tagger(args: argparse.Namespace) -> Tagger:
    """Return the tagger of --model, with --threshold put over its own thresholds."""
    loaded = artifacts.load(args.model, device=args.device, backend=args.backend)
    stored = thresholds.override(loaded.thresholds or {}, args.threshold, loaded.topics)
    return Tagger(loaded, stored or None)


def options_of(args: argparse.Namespace, sources: list[Source], columns: Columns) -> Options:
    """Return what is done with each block."""
    ending = args.output.suffix.lower() if args.output else ".jsonl"
    kept: tuple[str, ...] | None = ()
    if args.keep_columns:
        kept = None if ending == ".jsonl" else first_columns(sources, columns)
    shape = Shape(args.by == "article", args.top, args.keep_text, kept)
    return Options(shape, not args.no_clean, args.skip_language, ending)


def open_results(
    args: argparse.Namespace,
    paths: outputs.Paths,
    tagger: Tagger,
    options: Options,
    sources: list[Source],
) -> Results | None:
    """Return where the results go; None if a finished run has written them already."""
    if paths.output is None:
        return Stream(sys.stdout.buffer, paths.rejects, lambda told: print(told, file=sys.stderr))
    made_from = {
        "model": tagger.loaded.manifest["weights"],
        "thresholds": tagger.thresholds,
        "options": asdict(options) | {"columns": [args.text_column, args.id_column]},
        "strict": args.strict,
        "inputs": versions_of(sources),
        "order": [source.name for source in sources],
        "blocks": [FIRST_ROWS, FULL_ROWS, FULL_CHARACTERS],
        "computed by": [type(tagger.loaded.model).__name__, args.device],
        "versions": artifacts.versions(),
    }
    header = outputs.header(options.ending, options.shape.columns(), tagger.topics)
    return open_files(paths, made_from, header, resume=args.resume)


def blocks_of(
    rows: Iterable[Row | Reject], sources: list[Source], options: Options, args: argparse.Namespace
) -> Iterator[Block]:
    """Yield the rows in blocks; what comes from standard input does not wait for what does not."""
    rows = tqdm(rows, unit=" rows", disable=not sys.stderr.isatty())
    rows = fitting(rows, options.shape.kept)
    if args.strict:
        rows = good_rows(rows)
    items = without_repeats(rows) if options.clean else rows
    if all(source.path for source in sources):
        return cut(items, by_article=options.shape.by_article)
    ahead = Ahead(items, FULL_ROWS)
    return cut(ahead, by_article=options.shape.by_article, must_wait=ahead.must_wait)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help=".txt, .md, .jsonl, .csv (.gz, .zst), .parquet, a folder, a glob, a URI "
        "(s3://, gs://) of a file or folder, or - (JSONL)",
    )
    add("--model", type=Path, default=DEFAULT_MODEL, help="a model folder (default: %(default)s)")
    add("--output", type=Path, help=".jsonl, .csv or .parquet (default: JSONL on stdout)")
    add("--by", choices=("paragraph", "article"), default="paragraph", help="one record for each")
    add("--threshold", action="append", default=[], metavar="X|TOPIC=X", help="may be repeated")
    add("--top", type=positive, default=0, metavar="N", help="the N best topics as `suggested`")
    add("--keep-text", action="store_true", help="put the text into the output")
    add("--keep-columns", action="store_true", help="put all other columns into the output")
    add("--text-column", default="text", help="of a table (default: %(default)s)")
    add("--id-column", default="id", help="of a table (default: %(default)s)")
    add("--rejects", type=Path, help="where bad rows go (default: OUTPUT.rejects.jsonl)")
    add("--strict", action="store_true", help="stop at the first bad row, exit 1")
    add("--no-clean", action="store_true", help="read page debris (dates, counters) as text")
    add("--skip-language", action="store_true", help="tag Kazakh and Russian paragraphs only")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with a run that was broken off")
    again.add_argument("--force", action="store_true", help="replace an output that exists")
    add("--engine", choices=("local", "ray"), default="local", help="what does the work")
    add("--ray-address", metavar="ADDRESS", help="HOST:PORT or auto (default: Ray is started)")
    add("--workers", type=positive, metavar="N", help="processes (default: 1; with Ray, all CPUs)")
    add("--backend", choices=BACKENDS, default="auto", help="for transformers; auto: ONNX if there")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="for transformers")
    args = parser.parse_args(with_dashes(sys.argv[1:] if argv is None else argv))
    check_usage(args, parser)
    return args


def check_usage(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Stop with exit 2 at options that do not go together."""
    if args.resume and not args.output:
        parser.error("--resume goes on with a file; name it with --output")
    if args.resume and "-" in args.inputs:
        parser.error("--resume reads its inputs again; standard input cannot be")
    if args.engine == "ray" and "-" in args.inputs:
        parser.error("--engine ray tags files; standard input goes with --engine local")
    if args.ray_address and args.engine != "ray":
        parser.error("--ray-address goes with --engine ray")
    if args.keep_columns and args.by == "article":
        parser.error("--keep-columns goes with --by paragraph: an article has many rows")
    if args.keep_columns and "-" in args.inputs and args.output and args.output.suffix != ".jsonl":
        parser.error("--keep-columns from standard input goes with .jsonl")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
