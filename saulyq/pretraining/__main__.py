"""Make an encoder: unlabelled text in, a checkpoint out that `train.py --base_model` fine-tunes.

`python -m saulyq.pretraining --config configs/pretrain_compact.yaml --corpus FOLDER`
"""

import argparse
import hashlib
import logging
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transformers import set_seed

from saulyq.artifacts import check_parent, write_json, written_whole
from saulyq.config import read_config
from saulyq.data import read_split
from saulyq.errors import UserError
from saulyq.pretraining import encoders
from saulyq.pretraining.card import make_card
from saulyq.pretraining.corpus import Corpus, find_files, held_out_texts, read_corpus
from saulyq.pretraining.meanings import Teacher, centred
from saulyq.pretraining.run import run
from saulyq.pretraining.sequences import PackedCorpus
from saulyq.pretraining.settings import PretrainConfig
from saulyq.pretraining.vocabulary import tokenizer_for
from saulyq.scripts import is_first_process, parse_with_settings, run_script
from saulyq.taggers.base import Checkpoints
from saulyq.taggers.checkpoint import save_weights
from saulyq.topics import load_topics

logger = logging.getLogger(__name__)

CURVE = "loss.json"  # also the mark of a folder that may be written over


def main(argv: list[str] | None = None) -> int:
    args, overrides = parse_args(argv)
    config = read_config(PretrainConfig, args.config, overrides)
    check_output(config.output)
    topics = load_topics(config.data / "topics.yaml")
    train = read_split(config.data, "train", topics)
    held_out = held_out_texts(config.data, topics)  # read for this only
    files = find_files(args.corpus)
    corpus = read_corpus(files, config.repeats, train.texts, config.train_repeats, held_out)

    tokenizer = tokenizer_for(config, corpus)
    corpus = corpus.in_pieces(tokenizer.backend_tokenizer, config.sequence_length)
    packed = PackedCorpus(corpus, tokenizer, config, meanings_of(corpus, config))
    set_seed(config.seed)  # weights that start at random draw from it, dropout too
    learner = encoders.start(config, tokenizer, packed)
    checkpoints = Checkpoints(config.output.with_name(config.output.name + ".partial"), args.resume)
    curve = run(learner, packed, config, checkpoints, fingerprint=fingerprint(corpus))
    if not is_first_process():
        return 0

    card = make_card(config, corpus, curve[-1]["loss"])
    with written_whole(config.output) as draft:
        save_weights(encoders.kept(learner), draft, config.weights)
        tokenizer.save_pretrained(draft)
        write_json(draft / CURVE, curve)
        (draft / "README.md").write_text(card, encoding="utf-8")
    checkpoints.clear()
    print(f"encoder written to {config.output}")
    return 0


def check_output(folder: Path) -> None:
    """Raise UserError if an encoder cannot be written to `folder`, before any time is spent."""
    if folder.exists() and not (folder / CURVE).is_file():
        raise UserError(f"{folder} exists and is not an encoder of ours; choose another --output")
    check_parent(folder)


def meanings_of(corpus: Corpus, config: PretrainConfig) -> NDArray[np.float32] | None:
    """Return what the teacher makes of each line, (n_lines, width); None without a teacher."""
    if config.meanings is None:
        return None
    teacher = Teacher(config.meanings.teacher, config.meanings.prefix)
    logger.info("the teacher reads %d lines", len(corpus.lines))
    return centred(teacher.vectors(corpus.lines))


def fingerprint(corpus: Corpus) -> str:
    """Return a checksum of all text: the vocabulary of a checkpoint goes with no other."""
    total = hashlib.sha256("\0".join(corpus.lines).encode())
    total.update(corpus.repeats.tobytes())
    return total.hexdigest()


def parse_args(argv: list[str] | None) -> tuple[argparse.Namespace, dict[str, str]]:
    """Return what is not a setting, and the settings given as `--name value`."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--config", type=Path, required=True, help="a YAML file, see configs/pretrain_compact.yaml")
    add("--corpus", required=True, help="a folder or a glob of .txt and .txt.gz files")
    add("--resume", action="store_true", help="go on from the last checkpoint")
    return parse_with_settings(parser, argv)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
