"""Make an encoder: unlabelled text in, a checkpoint out that `train.py --base_model` fine-tunes.

`python -m saulyq.pretraining --config configs/pretrain_compact.yaml --corpus FOLDER`
"""

import argparse
import logging
import sys
from pathlib import Path

from saulyq.artifacts import write_json, written_whole
from saulyq.config import read_config
from saulyq.data import read_split
from saulyq.pretraining import encoders
from saulyq.pretraining.card import make_card
from saulyq.pretraining.corpus import find_files, read_corpus
from saulyq.pretraining.meanings import Teacher, learn_meanings, read_pairs
from saulyq.pretraining.run import run
from saulyq.pretraining.sequences import PackedCorpus
from saulyq.pretraining.settings import PretrainConfig
from saulyq.pretraining.vocabulary import tokenizer_for
from saulyq.scripts import is_first_process, read_overrides, run_script
from saulyq.topics import load_topics


def main(argv: list[str] | None = None) -> int:
    args, rest = parse_args(argv)
    config = read_config(PretrainConfig, args.config, read_overrides(rest))
    topics = load_topics(config.data / "topics.yaml")
    train, valid, test = (read_split(config.data, s, topics) for s in ("train", "valid", "test"))
    held_out = valid.texts + test.texts  # read for this only
    files = find_files(args.corpus)
    corpus = read_corpus(files, config.weights, train.texts, config.train_weight, held_out)

    tokenizer = tokenizer_for(config, corpus)
    known = None
    if config.meanings:
        pairs = read_pairs(config.meanings.pairs)
        known = learn_meanings(pairs, Teacher(config.meanings.teacher), tokenizer)
    packed = PackedCorpus(corpus, tokenizer, config, known)
    learner = encoders.start(config, tokenizer, packed.packed.ravel())
    curve = run(learner, packed, tokenizer.pad_token_id, config, resume=args.resume)
    if is_first_process():
        with written_whole(config.output) as draft:
            encoders.kept(learner).save_pretrained(draft)
            tokenizer.save_pretrained(draft)
            write_json(draft / "loss.json", curve)
            card = make_card(config, files, curve[-1]["loss"])
            (draft / "README.md").write_text(card, encoding="utf-8")
        print(f"encoder written to {config.output}")
    return 0


def parse_args(argv: list[str] | None) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--config", type=Path, required=True, help="a YAML file, see configs/pretrain_compact.yaml")
    add("--corpus", required=True, help="a folder or a glob of .txt and .txt.gz files")
    add("--resume", action="store_true", help="go on from the last checkpoint")
    return parser.parse_known_args(argv)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
