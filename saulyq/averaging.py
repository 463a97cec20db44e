"""Average taggers that were fine-tuned from one encoder into one of the same size (a model soup).

`python -m saulyq.averaging MODEL MODEL... --output models/averaged`: the weights are averaged
(Wortsman et al. 2022), then calibration and thresholds are made anew on valid. It helps where the
models lie close together; look at the valid figures that it prints.
"""

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saulyq import artifacts, cards, evaluation
from saulyq.artifacts import ModelFolder
from saulyq.comparison import check_same_topics
from saulyq.data import languages_of, read_split
from saulyq.errors import UserError
from saulyq.scripts import run_script

if TYPE_CHECKING:
    from saulyq.taggers.transformer import TransformerModel


def main(argv: list[str] | None = None) -> int:
    args = parse_args(argv)
    artifacts.check_output(args.output)
    loaded = [artifacts.load(folder, backend="torch") for folder in args.models]
    check_same_topics(loaded)
    topics = loaded[0].topics
    train, valid = (read_split(args.data, split, topics) for split in ("train", "valid"))

    model = averaged(loaded)
    cutoffs = evaluation.calibrate(model, valid)
    scores, _ = model.score(valid.texts)
    report = evaluation.evaluate(valid, scores, topics=topics, cutoffs=cutoffs)
    stored = evaluation.stored_cutoffs(cutoffs, topics)
    manifest = manifest_of(loaded)
    made = ModelFolder(args.output, model, topics, stored, manifest)
    artifacts.save(made, report, cards.make_card(made, report, languages_of(train)))
    print(report.table())
    print(f"model written to {args.output}")
    return 0


def averaged(loaded: list[ModelFolder]) -> "TransformerModel":
    """Return the first tagger model with the mean of all weights, in place."""
    from saulyq.taggers import checkpoint
    from saulyq.taggers.transformer import TransformerModel

    models = [folder.model for folder in loaded]
    transformers = [model for model in models if isinstance(model, TransformerModel)]
    if len(transformers) < max(2, len(models)):
        raise UserError("expected two transformers or more; other kinds cannot be averaged")
    first = transformers[0]
    for model in transformers:  # their longest texts may have given them tables of other lengths
        checkpoint.cut_positions(model.model, first.max_tokens)
    states: list[dict[str, Any]] = [model.model.state_dict() for model in transformers]
    shapes = [{name: tuple(value.shape) for name, value in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise UserError("the models have different shapes; average those of one encoder")
    mean = {
        name: sum(state[name] for state in states) / len(states)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    first.model.load_state_dict(mean)
    checkpoint.lengthen_positions(first.model, first.n_positions())
    config = loaded[0].manifest["config"]
    first.stored_as, first.writes_onnx = config["weights"], config["onnx"]
    first.round_weights()
    return first


def manifest_of(loaded: list[ModelFolder]) -> dict[str, Any]:
    """Return one manifest: the first model's, with the data of all and what was averaged."""
    manifests = [folder.manifest for folder in loaded]
    extra = [m["config"]["extra_train"] for m in manifests if m["config"].get("extra_train")]
    settings = {"averaged": len(loaded)} | ({"extra_train": extra[0]} if extra else {})
    return manifests[0] | {
        "commit": artifacts.commit(),
        "versions": artifacts.versions(),
        "config": manifests[0]["config"] | settings,
        "data": {name: checksum for m in manifests for name, checksum in m["data"].items()},
        "n_train": max(m["n_train"] for m in manifests),
        "averaged": [m["weights"] for m in manifests],
    }


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("models", nargs="+", type=Path, metavar="MODEL", help="fine-tuned from one encoder")
    add("--data", type=Path, default=Path("data"), help="whose valid split calibrates")
    add("--output", type=Path, required=True, help="a model folder")
    return parser.parse_args(argv)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.exit(run_script(main))
