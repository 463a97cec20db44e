"""Train a tagger: labelled paragraphs in, a model folder out."""

import argparse
import logging
import sys
from pathlib import Path

from saulyq import artifacts, cards, evaluation
from saulyq.config import load_config, setting_names
from saulyq.data import check_apart, languages_of, read_split
from saulyq.scripts import is_first_process, parse_with_settings, run_script
from saulyq.taggers import tagger_class
from saulyq.taggers.base import Checkpoints
from saulyq.topics import load_topics


def main(argv: list[str] | None = None) -> int:
    args, overrides = parse_args(argv)
    config = load_config(args.config, overrides)
    topics = load_topics(config.data / "topics.yaml")
    train = read_split(config.data, "train", topics, extra=config.extra_train)
    valid = read_split(config.data, "valid", topics)
    for held_out in (valid, read_split(config.data, "test", topics)):
        check_apart(train, held_out)  # test is read for this only
    artifacts.check_output(config.output)

    model = tagger_class(config.tagger)(topics)
    checkpoints = Checkpoints(config.output.with_name(config.output.name + ".partial"), args.resume)
    model.fit(config, train, valid, checkpoints=checkpoints)
    if not is_first_process():
        return 0

    cutoffs = evaluation.calibrate(model, valid)
    scores, _ = model.score(valid.texts)
    report = evaluation.evaluate(valid, scores, topics=topics, cutoffs=cutoffs)

    manifest = artifacts.manifest_of(config, n_train=len(train), n_valid=len(valid))
    stored = evaluation.stored_cutoffs(cutoffs, topics)
    trained = artifacts.ModelFolder(config.output, model, topics, stored, manifest)
    artifacts.save(trained, report, cards.make_card(trained, report, languages_of(train)))
    checkpoints.clear()
    print(report.table())
    print(f"model written to {config.output}")
    return 0


def parse_args(argv: list[str] | None) -> tuple[argparse.Namespace, dict[str, str]]:
    """Return what is not a setting, and the settings given as `--name value`."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=setting_names(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", type=Path, required=True, help="a YAML file, see configs/")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    return parse_with_settings(parser, argv)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
