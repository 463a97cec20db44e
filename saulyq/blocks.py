"""Parts of a Markdown file that commands renew: `<!-- NAME -->` to `<!-- end of NAME -->`."""

from pathlib import Path

from saulyq.errors import UserError


def block(name: str, text: str) -> str:
    """Return a block with its two marks."""
    return f"<!-- {name} -->\n{text}\n<!-- end of {name} -->"


def renewed(content: str, blocks: dict[str, str], where: str) -> str:
    """Return the content with these blocks in place of the old ones.

    Raises UserError if a block is not there exactly once.
    """
    for name, text in blocks.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if content.count(start) != 1 or content.count(end) != 1:
            raise UserError(f"{where}: no block {start} ... {end}; add the two lines")
        before, _, rest = content.partition(start)
        content = before + block(name, text) + rest.partition(end)[2]
    return content


def renew_file(path: Path, blocks: dict[str, str]) -> None:
    """Renew blocks of a file; raise UserError if it cannot be read or lacks one."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    path.write_text(renewed(content, blocks, str(path)), encoding="utf-8")
