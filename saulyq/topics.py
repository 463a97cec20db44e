"""The schema: which topics there are, and in which order."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray

from saulyq.errors import UserError
from saulyq.yaml_files import read_yaml

Mode = Literal["multi", "single"]


@dataclass(frozen=True)
class Topic:
    """One topic: its id, its name per language code, and what it covers."""

    id: str
    names: dict[str, str] = field(default_factory=dict)
    definition: str = ""


@dataclass(frozen=True)
class TopicSet:
    """Topics in the order of the columns of every matrix in this project.

    mode: "multi", where a paragraph carries any number of topics, or "single", exactly one.
    """

    topics: tuple[Topic, ...]
    mode: Mode = "multi"

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(topic.id for topic in self.topics)

    def __len__(self) -> int:
        return len(self.topics)

    def check(self, topics: Sequence[str]) -> None:
        """Raise UserError unless `topics` is a valid answer for one paragraph."""
        for topic in topics:
            if topic not in self.ids:
                near = difflib.get_close_matches(topic, self.ids, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                known = ", ".join(self.ids)
                raise UserError(f"unknown topic {topic!r}; topics: {known}{hint}")
        if len(set(topics)) < len(topics):
            raise UserError(f"a topic is named twice: {', '.join(topics)}; name each once")
        if self.mode == "single" and len(topics) != 1:
            raise UserError(
                f"{len(topics)} topics; with `mode: single` each paragraph has exactly one"
            )

    def to_matrix(self, topics_per_paragraph: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        """Return gold topics as a bool matrix of shape (n_paragraphs, n_topics).

        A paragraph without topics becomes a row of False.
        Raises UserError when a topic is not in the schema.
        """
        column = {topic: i for i, topic in enumerate(self.ids)}
        matrix = np.zeros((len(topics_per_paragraph), len(self)), dtype=np.bool_)
        for row, topics in enumerate(topics_per_paragraph):
            self.check(topics)
            matrix[row, [column[topic] for topic in topics]] = True
        return matrix

    def to_ids(self, matrix: NDArray[np.bool_]) -> list[list[str]]:
        """Return the topics of each row of a matrix of shape (n_paragraphs, n_topics)."""
        return [[self.ids[column] for column in np.flatnonzero(row)] for row in matrix]


def load_topics(path: Path) -> TopicSet:
    """Return the schema in a `topics.yaml`; raise UserError if it is missing or malformed."""
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); expected a schema") from error
    except (UserError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("topics"), list):
        raise UserError(f"{path}: expected a list under `topics:`; see data/topics.yaml")
    unknown = sorted(str(key) for key in content.keys() - {"mode", "topics"})
    if unknown:
        raise UserError(f"{path}: unknown setting {unknown[0]!r}; expected `mode` and `topics`")
    mode = content.get("mode", "multi")
    if mode not in ("multi", "single"):
        raise UserError(f"{path}: mode is {mode!r}; expected 'multi' or 'single'")
    topics = tuple(_topic(entry, f"{path}: topic {i}") for i, entry in enumerate(content["topics"]))
    topic_set = TopicSet(topics, mode)
    repeated = {id for id in topic_set.ids if topic_set.ids.count(id) > 1}
    if repeated:
        raise UserError(f"{path}: topic {sorted(repeated)[0]!r} is listed twice")
    fewest = 2 if mode == "single" else 1
    if len(topics) < fewest:
        raise UserError(f"{path}: {len(topics)} topics; expected at least {fewest}")
    return topic_set


def save_topics(path: Path, topic_set: TopicSet) -> None:
    """Write the schema in the form that `load_topics` reads."""
    entries = []
    for topic in topic_set.topics:
        entry = {"id": topic.id, **topic.names}
        entries.append(entry | ({"definition": topic.definition} if topic.definition else {}))
    content = {"mode": topic_set.mode, "topics": entries}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _topic(entry: Any, where: str) -> Topic:
    if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
        raise UserError(f"{where}: expected text under `id` and under each language code")
    names = {str(key): value for key, value in entry.items() if key not in ("id", "definition")}
    wrong = [key for key in names if not (key.isalpha() and key.islower() and len(key) in (2, 3))]
    if wrong:
        raise UserError(f"{where}: {wrong[0]!r} is neither id, definition nor a language code")
    # ';' joins topics in CSV output and '=' sets a threshold: neither may be in an id.
    if not entry.get("id") or set(entry["id"]) & set(";,= \t\n"):
        raise UserError(f"{where}: expected an `id` without blanks, commas, ';' or '='")
    return Topic(entry["id"], names, entry.get("definition", ""))
