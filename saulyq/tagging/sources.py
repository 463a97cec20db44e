"""Finding what is to be tagged: files, folders, patterns and standard input."""

import glob
import os
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from saulyq.data import checksum
from saulyq.errors import UserError
from saulyq.tagging.stored import StoredFile, is_uri, stored_files
from saulyq.tagging.streams import PACKED

TEXT_ENDINGS = (".txt", ".md")
LINE_ENDINGS = (*TEXT_ENDINGS, ".jsonl", ".csv")  # of files made of lines, which may be packed
ENDINGS = (*LINE_ENDINGS, ".parquet")

_MAGIC = re.compile(r"[*?\[]")
_Found = list[tuple[Path | StoredFile | None, str]]


@dataclass(frozen=True)
class Source:
    """A file to read; `path` None is standard input.

    name: stands in rejects and in ids made from lines. article: the id of a text file.
    """

    path: Path | StoredFile | None
    name: str
    article: str

    @property
    def ending(self) -> str:
        """What it is read as: one of ENDINGS; standard input is JSONL."""
        return split_name(self.path.name)[1] if self.path else ".jsonl"

    @property
    def packing(self) -> str:
        """How it is packed: one of PACKED, or "" for not."""
        return split_name(self.path.name)[2] if self.path else ""

    def is_text(self) -> bool:
        """Return whether it is an article, a paragraph a line, rather than a table of rows."""
        return self.ending in TEXT_ENDINGS


def split_name(name: str) -> tuple[str, str, str]:
    """Return stem, ending and packing: "news.jsonl.gz" is "news", ".jsonl", ".gz"."""
    stem, packing = _without_ending(name)
    if packing in PACKED:
        stem, ending = _without_ending(stem)
        return stem, ending, packing
    return stem, packing, ""


def _without_ending(name: str) -> tuple[str, str]:
    stem, ending = os.path.splitext(name)
    return stem, ending.lower()


def find_sources(inputs: list[str], written: Collection[Path] = ()) -> list[Source]:
    """Return the files named, those in folders named, and standard input for `-`, in order.

    A folder gives its files in order of name, with their path in it as name; hidden files,
    other endings, what this run writes itself and what others left (rejects, unfinished output)
    are passed over. So does a pattern (`*`, `?`, `[`, `**`) that is not the name of a file; its
    folder is what stands before the first of these. A URI (`s3://bucket/folder`) gives its file
    or those of its folder likewise; it takes no pattern. Raises UserError for what is not there
    or neither file nor folder, and if an input is to be written over.
    """
    found: _Found = []
    for text in inputs:
        try:
            found += [(None, "<stdin>")] if text == "-" else _files(text, written)
        except OSError as error:  # a name too long, a folder that is not ours
            raise not_read(text, error) from error
    return _told_apart(found)


def not_read(where: object, error: OSError) -> UserError:
    """Return what to tell of an input that cannot be opened or read."""
    return UserError(f"{where}: cannot be read ({error.strerror or error})")


def _files(text: str, written: Collection[Path]) -> _Found:
    if is_uri(text):
        return _stored(text, written)
    path = Path(text)
    if path.is_dir():
        inside = _inside(path, written)
        if not inside:
            raise UserError(f"{path}: no {', '.join(ENDINGS)} files in this folder")
        return [(p, p.relative_to(path).as_posix()) for p in inside]
    if not path.exists():
        if _MAGIC.search(text):
            return _matching(text, written)
        raise UserError(f"{path} not found")
    if not path.is_file():
        raise UserError(f"{path}: neither a file nor a folder; send what it gives to `-` as JSONL")
    if not _is_known(path):
        expected = f"{', '.join(ENDINGS)}, all but .parquet also with {' or '.join(PACKED)}"
        raise UserError(f"{path}: unknown ending; expected one of {expected}")
    if path.resolve() in written:
        raise UserError(f"{path} is an input and would be written over; name another output")
    return [(path, path.name)]


def _stored(uri: str, written: Collection[Path]) -> _Found:
    files = [
        (file, name)
        for file, name in stored_files(uri)
        if _is_known(file) and (file.is_named() or not _is_left_out(file, name, written))
    ]
    if not files:
        raise UserError(f"{uri}: no {', '.join(ENDINGS)} files there")
    if any(_is_written(file, written) for file, _ in files):
        raise UserError(f"{uri} is an input and would be written over; name another output")
    return [*files]


def _is_left_out(file: StoredFile, name: str, written: Collection[Path]) -> bool:
    place = PurePosixPath(name)
    return _is_hidden(place) or _is_of_a_run(place) or _is_written(file, written)


def _is_written(file: StoredFile, written: Collection[Path]) -> bool:
    return file.uri.startswith("file:") and Path(file.path).resolve() in written


def _matching(pattern: str, written: Collection[Path]) -> _Found:
    fixed = _MAGIC.split(pattern, maxsplit=1)[0]
    folder = Path(os.path.dirname(fixed))
    files: set[Path] = set()
    for path in map(Path, glob.glob(pattern, recursive=True)):
        files |= set(_inside(path, written) if path.is_dir() else [path])
    usable = [
        p
        for p in sorted(files)
        if _is_usable(p, written) and not _is_of_a_run(p.relative_to(folder))
    ]
    if not usable:
        raise UserError(f"{pattern}: no {', '.join(ENDINGS)} files match this pattern")
    return [(p, p.relative_to(folder).as_posix()) for p in usable]


def _inside(folder: Path, written: Collection[Path]) -> list[Path]:
    places = [(path, path.relative_to(folder)) for path in sorted(folder.rglob("*"))]
    files = [path for path, place in places if not (_is_hidden(place) or _is_of_a_run(place))]
    return [path for path in files if _is_usable(path, written)]


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_of_a_run(path: PurePath) -> bool:
    """Return whether a run left it beside its output: bad rows, or pieces not yet put together."""
    unfinished = any(part.endswith((".partial", ".gone")) for part in path.parts)
    return unfinished or path.name.endswith(".rejects.jsonl")


def _is_usable(path: Path, written: Collection[Path]) -> bool:
    return _is_known(path) and path.resolve() not in written and path.is_file()


def _is_known(path: Path | StoredFile) -> bool:
    _, ending, packing = split_name(path.name)
    return ending in (LINE_ENDINGS if packing else ENDINGS)


def _told_apart(found: _Found) -> list[Source]:
    """Return sources whose names and article ids are unique: the whole path where they are not."""
    for path, _ in found:
        if path is not None and not path.as_posix().isprintable():
            raise UserError(f"{path.as_posix()!r}: a file name with odd characters; rename it")
    names = Counter(name for _, name in found)
    articles = Counter(split_name(name)[0] for _, name in found)
    sources = []
    for path, name in found:
        unique = name if names[name] == 1 or path is None else path.as_posix()
        article = split_name(name)[0]
        sources.append(Source(path, unique, article if articles[article] == 1 else unique))
    return sources


def versions_of(sources: list[Source]) -> dict[str, str]:
    """Return what tells that an input is the same as before, by name: its checksum, or what object
    storage says of it. Raises UserError for one that cannot be read.
    """
    return {source.name: _version(source.path) for source in sources if source.path}


def _version(path: Path | StoredFile) -> str:
    if isinstance(path, StoredFile):
        return path.version
    try:
        return checksum(path)
    except OSError as error:
        raise not_read(path, error) from error
