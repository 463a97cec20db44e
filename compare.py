"""Compare taggers on the same rows: figures with intervals, per topic, and a paired test."""

import argparse
import logging
import sys
import time
from pathlib import Path

from saulyq import artifacts, cards, evaluation, thresholds
from saulyq.artifacts import ModelFolder
from saulyq.blocks import renew_file
from saulyq.comparison import Result, check_same_topics, compare, markdown, names_of
from saulyq.data import Split, checksum, read_split, split_path
from saulyq.errors import UserError
from saulyq.robustness import markdown as robustness_table
from saulyq.robustness import robustness
from saulyq.scripts import positive, run_script, whole, with_dashes
from saulyq.taggers import BACKENDS


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    if args.update_cards and args.split != "test":
        raise UserError(f"--update-cards: cards have test figures, not those of {args.split}")
    models = [
        artifacts.load(folder, device=args.device, backend=args.backend) for folder in args.models
    ]
    check_same_topics(models)
    split = read_split(args.data, args.split, models[0].topics)

    names = names_of(models)
    results = [score(name, model, split) for name, model in zip(names, models, strict=True)]
    report = compare(split, results, seed=args.seed, resamples=args.resamples)
    report |= {
        "data": checksum(split_path(args.data, args.split)),
        "commit": artifacts.commit(),
        "read_by": [type(model.model).__name__ for model in models],
        "weights": [model.manifest["weights"] for model in models],
        "versions": artifacts.versions(),
    }
    print(markdown(report))
    if args.robustness:
        figures = {
            name: robustness(model, split, seed=args.seed)
            for name, model in zip(names, models, strict=True)
        }
        report["robustness"] = figures
        print(f"\n{robustness_table(figures)}")
    if args.output:
        write_report(args.output, report)
    if args.update_cards:
        for page in [*(model.folder / "README.md" for model in models), *args.update]:
            renew_file(page, {cards.TEST_FIGURES: markdown(report)})
    return 0


def score(name: str, model: ModelFolder, split: Split) -> Result:
    """Return what one model makes of the split, with its own stored thresholds."""
    start = time.perf_counter()
    scores, _ = model.model.score(split.texts)
    seconds = time.perf_counter() - start
    cutoffs = evaluation.cutoffs_of(model.thresholds, model.topics)
    report = evaluation.evaluate(split, scores, topics=model.topics, cutoffs=cutoffs)
    return Result(name, thresholds.apply(scores, cutoffs), report, seconds)


def write_report(folder: Path, report: dict[str, object]) -> None:
    """Write report.json into a folder, made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        artifacts.write_json(folder / "report.json", report)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from error
    print(f"\nreport written to {folder / 'report.json'}")


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "models", nargs="+", type=Path, metavar="MODEL", help="model folders; the first is the base"
    )
    add("--data", type=Path, default=Path("data"), help="a data folder (default: %(default)s)")
    add("--split", default="test", help="a .jsonl file of that folder (default: %(default)s)")
    add("--output", type=Path, help="a folder for report.json")
    add("--seed", type=whole, default=0, help="of the resamples (default: %(default)s)")
    add("--resamples", type=positive, default=2000, help="(default: %(default)s)")
    add("--robustness", action="store_true", help="also on the same paragraphs typed otherwise")
    add("--update-cards", action="store_true", help="put the figures into the models' cards")
    add("--update", type=Path, action="append", default=[], help="and into this page")
    add("--backend", choices=BACKENDS, default="auto", help="for transformers; auto: ONNX if there")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="for transformers")
    return parser.parse_args(with_dashes(sys.argv[1:] if argv is None else argv))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
