"""YAML as people read it."""

import re
from typing import Any

import yaml

from saulyq.errors import UserError


class StrictLoader(yaml.SafeLoader):
    """YAML 1.2 as people read it: `2e-5` is a number, `no` and dates are text, keys stand once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        repeated = [key for key in keys if keys.count(key) > 1]
        if repeated:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"{repeated[0]!r} is given twice, from line {line} on")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_KEPT = ("null", "merge")
StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in _KEPT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DIGITS = list("-+.0123456789")
_RESOLVERS = {
    "bool": (r"true|false", list("tf")),
    "int": (r"[-+]?\d+", _DIGITS),
    "float": (r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?", _DIGITS),
}
for _kind, (_pattern, _first) in _RESOLVERS.items():
    StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first
    )


def read_yaml(text: str) -> Any:
    """Return what a YAML text holds; raise UserError, in one line, if it is not valid."""
    try:
        return yaml.load(text, Loader=StrictLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"not valid YAML ({' '.join(str(error).split())})") from error
