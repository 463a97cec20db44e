"""Speed and memory of tagging, side by side in one run: `python -m saulyq.benchmark [MODEL...]`.

Things are measured in turn, round after round; the median counts. Machines differ and are noisy:
read the ratios, not the milliseconds.
"""

import argparse
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from saulyq import artifacts
from saulyq.artifacts import ModelFolder
from saulyq.benchmarks import memory, quantisation, start, steps, throughput
from saulyq.benchmarks.texts import evenly, real_lengths
from saulyq.blocks import renew_file, renewed
from saulyq.data import Paragraph, checksum, read_paragraphs, read_split, split_path
from saulyq.errors import UserError
from saulyq.scripts import positive, run_script, whole, with_dashes
from saulyq.taggers import BACKENDS
from saulyq.taggers.onnx import n_cores
from saulyq.topics import load_topics

MODELS = (Path("models/compact"), Path("models/tfidf"))


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    if args.update:
        check_page(args.update, [block_of(part) for part in args.only])
    measured_on = conditions(args)  # before a page is renewed, which makes the commit dirty
    for part in args.only:
        figures = f"{measured_on}\n\n{PARTS[part](args)}"
        print(f"## {part}\n\n{figures}\n", flush=True)
        if args.update:  # at once: the next part may take an hour
            renew_file(args.update, {block_of(part): figures})
    return 0


def block_of(part: str) -> str:
    """Return the name of the block that has the figures of a part; see `saulyq.blocks`."""
    return f"{part} figures"


def check_page(page: Path, blocks: list[str]) -> None:
    """Raise UserError if a page lacks a place for figures, before any time is spent."""
    try:
        content = page.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{page}: cannot be read ({error.strerror})") from error
    renewed(content, dict.fromkeys(blocks, ""), str(page))


def conditions(args: argparse.Namespace) -> str:
    """Return on what the figures were taken."""
    train = checksum(split_path(args.data, "train"))
    return (
        f"Commit {artifacts.commit()}, {n_cores()} cores ({platform.machine()}), train SHA-256 "
        f"{train[:12]}, seed {args.seed}; medians, with the lowest and the highest in brackets."
    )


def throughput_figures(args: argparse.Namespace) -> str:
    """Return paragraphs a second of our paths and of a pipeline, and the hours for a million."""
    first = throughput.load_onnx(args.models[0])
    texts = texts_of(args)
    few = evenly(texts, args.slow_paragraphs)
    found = throughput.contenders(args.models, texts, few)
    rates = throughput.measure(found, args.rounds)

    kinds = {str(model): artifacts.load(model).manifest["tagger"] for model in args.models[1:]}
    tfidf = [name for name, kind in kinds.items() if kind == "tfidf"]
    goals = throughput.judged(rates, str(args.models[0]), tfidf)
    n_paragraphs = {name: contender.n_paragraphs for name, contender in found.items()}
    ours = [name for name in found if name not in (throughput.PLAIN, throughput.BATCHED)]
    n_tokens, n_tokens_few = (throughput.mean_tokens(first, some) for some in (texts, few))
    return (
        f"Kazakh paragraphs of {n_tokens:.0f} tokens on average (the {len(few):,} for what is "
        f"slow: {n_tokens_few:.0f}); {args.rounds} rounds; the start of workers is counted.\n\n"
        f"{throughput.markdown(rates, n_paragraphs, goals)}\n\n"
        f"{throughput.million(rates, ours, n_tokens)}"
    )


def start_figures(args: argparse.Namespace) -> str:
    """Return how soon a new process tags its first paragraph."""
    throughput.load_onnx(args.models[0])  # a pipeline reads transformers only
    (text,) = evenly(texts_of(args), 1)
    seconds = start.measure(args.models[0], text, args.starts)
    return f"One paragraph, {args.starts} processes of each.\n\n{start.markdown(seconds)}"


def memory_figures(args: argparse.Namespace) -> str:
    """Return the peak memory of tagging short and long files."""
    first, large = args.models[0], args.large_model or args.models[-1]
    n = args.memory_paragraphs
    plan = dict.fromkeys([(first, n), (large, n), (large, n * args.times)])
    runs = memory.measure(list(plan), texts_of(args))
    return f"A process each, from its start to its end.\n\n{memory.markdown(runs, first)}"


def quantisation_figures(args: argparse.Namespace) -> str:
    """Return what fewer bits a weight cost and gain, measured on valid."""
    loaded = throughput.load_onnx(args.models[0])
    valid = read_split(args.data, "valid", loaded.topics)
    variants = quantisation.stored(args.models[0])
    if args.quantisations:
        variants |= quantisation.made(loaded)
    found = quantisation.measure(variants, loaded, valid, args.rounds)
    return (
        f"{args.models[0]} on {len(valid)} paragraphs of valid, at its own thresholds; "
        f"{args.rounds} rounds.\n\n{quantisation.markdown(found)}"
    )


def step_figures(args: argparse.Namespace) -> str:
    """Return the time of each step of tagging, on train paragraphs as they are."""
    models = [load(folder, args) for folder in args.models]
    texts = [p.text for p in train_paragraphs(args)][: args.paragraphs]
    figures = steps.measure(models, texts, args.rounds)
    return (
        f"{len(texts):,} paragraphs, {args.rounds} rounds.\n\n"
        f"{steps.markdown(figures, len(models))}"
    )


PARTS: dict[str, Callable[[argparse.Namespace], str]] = {
    "throughput": throughput_figures,
    "start": start_figures,
    "memory": memory_figures,
    "quantisation": quantisation_figures,
    "steps": step_figures,
}


def load(folder: Path, args: argparse.Namespace) -> ModelFolder:
    """Return a model folder, read by --backend."""
    return artifacts.load(folder, backend=args.backend)


def train_paragraphs(args: argparse.Namespace) -> list[Paragraph]:
    """Return the train paragraphs of --data."""
    path = split_path(args.data, "train")
    return list(read_paragraphs(path, load_topics(args.data / "topics.yaml")))


def texts_of(args: argparse.Namespace) -> list[str]:
    """Return the texts that are tagged: train paragraphs, cut to the lengths of real ones."""
    return real_lengths(
        train_paragraphs(args),
        args.paragraphs,
        mean_words=args.mean_words,
        rng=np.random.default_rng(args.seed),
    )


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "models",
        nargs="*",
        type=Path,
        default=list(MODELS),
        metavar="MODEL",
        help="model folders; the first, a transformer, is measured in all parts "
        "(default: models/compact models/tfidf)",
    )
    add("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="(default: all)")
    add("--data", type=Path, default=Path("data"), help="whose paragraphs are read")
    add("--paragraphs", type=positive, default=4000, help="(default: %(default)s)")
    add(
        "--slow-paragraphs",
        type=positive,
        default=400,
        help="so many of them for pipelines and torch (default: %(default)s)",
    )
    add(
        "--mean-words",
        type=positive,
        default=53,
        help="of a paragraph; 53 are about 90 tokens (default: %(default)s)",
    )
    add("--rounds", type=positive, default=5, help="(default: %(default)s)")
    add("--starts", type=positive, default=10, help="rounds of start (default: %(default)s)")
    add(
        "--memory-paragraphs",
        type=positive,
        default=10_000,
        help="of the short file (default: %(default)s)",
    )
    add("--times", type=positive, default=100, help="so much longer is the long file (%(default)s)")
    add("--large-model", type=Path, help="tags the long file (default: the last MODEL)")
    add("--quantisations", action="store_true", help="also other ways of keeping the weights")
    add("--seed", type=whole, default=0, help="of the order of texts (default: %(default)s)")
    add("--backend", choices=BACKENDS, default="auto", help="of steps, for transformers")
    add("--update", type=Path, metavar="PAGE", help="put the figures into this page")
    return parser.parse_args(with_dashes(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    sys.exit(run_script(main))
