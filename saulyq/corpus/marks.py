"""Whether the script and language marks of articles are true."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from saulyq.data import Paragraph
from saulyq.text.language import language_of, script_of
from saulyq.text.letters import KAZAKH_LETTER

LATIN_SIGNS = {
    "latin_2018": re.compile(r"[ÁáǴǵŃńÓóÚúÝý]"),
    "latin_2021": re.compile(r"[ÄäÖöÜüĞğŪūŞşÑñ]"),
    "latin_digraph": re.compile(r"sh|ch|gh|ng", re.IGNORECASE),
}


def wrong_marks(paragraphs: Sequence[Paragraph]) -> Iterator[str]:
    """Yield each article whose text is not in the script or language of its mark.

    Articles, not paragraphs: a single one may be a Russian quote or hardly hold a letter.
    """
    texts: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for p in paragraphs:
        if "script" not in p.details:  # a schema of another kind
            continue
        marks = (p.article_id, str(p.details.get("language")), str(p.details.get("script")))
        texts[marks].append(p.text)
    for (article, language, script), parts in texts.items():
        found = _mismatch(" ".join(parts), language, script)
        if found:
            yield f"article {article!r} is marked {language}, {script}; {found}"


def _mismatch(text: str, language: str, script: str) -> str:
    expected = script.partition("_")[0]
    if script_of(text) != expected:
        return f"its letters are {script_of(text)}"
    if script in LATIN_SIGNS and not LATIN_SIGNS[script].search(text):
        return "it has no letter of that alphabet"
    if script == "cyrillic_russian" and KAZAKH_LETTER.search(text):
        return "it has Kazakh letters"
    if script == "cyrillic" and language == "kk" and not KAZAKH_LETTER.search(text):
        return "it has no Kazakh letters"
    if language == "ru" and language_of(text) != "ru":
        return f"it reads as {language_of(text)}"
    return ""
