"""Removing what a web page leaves in scraped Kazakh text: counters, credits, menus.

Precision before recall: whatever might be the author's own words stays.
"""

import re
from collections import Counter

from saulyq.text.split_words import join_split_words

_LOWER = "а-яёәіңғүұқөһ"
_UPPER = "А-ЯЁӘІҢҒҮҰҚӨҺ"

# Debris stands on a line of its own or between sentences, never in the middle of one.
_BEFORE = r"(?:^|(?<=[.!?…»\n])\s*)"
_AFTER = rf"\s*(?=$|\n|[«\"“]?[{_UPPER}A-ZÀ-Ž])"

_DAY = r"(?:\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2} [^\W\d]{3,9} \d{4})"
_STAMP = rf"{_DAY},? \d{{1,2}}:\d{{2}}"
_COUNTED = (
    r"(?:Оқылды|Оқылғаны|Оқылым|Қаралды|Қаралым|Қаралымдар|Көрілім|Көрсетілім|Пікір|Пікірлер"
    r"|Просмотров|Просмотры|Комментариев|Комментарии|Views|Comments)"
)
_COUNTS = rf"(?:{_COUNTED} ?(?:: ?\d{{1,9}}|\(\d{{1,9}}\)))"
_CURRENCIES = "USD|EUR|RUB|RUR|CNY|GBP|KGS|UZS"
_RATE = rf"(?:(?:{_CURRENCIES})[ :=]*\d{{1,4}}(?:[.,]\d{{1,4}})?\s?[↑↓▲▼]?)"
_SITE = r"(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:kz|ru|com|org|net|kg|uz|info|media)\b"
_SOURCE = (
    rf"(?:{_SITE}|[Аа]шық (?:дерек ?көз\w*|интернет\w*)|[Ии]нтернет(?:тен)?\b|[Дд]ерек ?көз\w*"
    r"|из открытых источников|открытые источники|(?i:depositphotos|pixabay|freepik|unsplash"
    r"|shutterstock|pexels|getty ?images|istock|kazinform|reuters)\b)"
)
_OWNER = (
    r"(?:[^.!?:\n]{0,60}(?:баспасөз қызметі\w*|мұрағаты?\w*|архиві\w*|пресс-служба[^.!?\n]{0,40})"
    rf"|[{_UPPER}]\. ?[{_UPPER}][{_LOWER}]+|[A-Za-z][A-Za-z .&/-]{{0,40}})?"
)
_NETWORKS = (
    "Telegram|WhatsApp|Facebook|Twitter|Instagram|VKontakte|VK|ВКонтакте|Viber|YouTube|TikTok"
    "|LinkedIn|Одноклассники|Messenger|Threads"
)
_NETWORK = rf"(?:{_NETWORKS})"
_SHARE = r"(?:Бөлісу|Бөлісіңіз|Поделиться|Share):"
_MENUS = (
    "Сейчас читают|Читайте также|Соңғы жаңалықтар|Тағы оқыңыз|Ұқсас жаңалықтар|Ең көп оқылған"
    "|Толығырақ оқу|Басып шығару|Бөлісу|Поделиться"
)
_NOTHING = "None|null|undefined"

# Kind; strings of which one stands in all such debris (a cheap look before a dear one); pattern.
_CUTS = [
    (kind, hints.split("|"), re.compile(pattern))
    for kind, hints, pattern in (
        (
            "date",
            "date ",
            rf"^\s*date \d{{4}}-\d\d-\d\d(?: {_STAMP}(?: \d+){{0,2}})?(?!\S)\s*",
        ),
        ("date", ":", rf"^\s*{_STAMP}(?:(?: \d{{1,7}}){{1,3}}{_AFTER}|\s*$)"),
        # Not a year, nor a figure with its thousands set apart: those may be headings.
        ("counter", "", r"^\s*(?:(?!(?:19|20)\d\d\s*$)\d{1,6}|0 \d{1,6}|\d{1,6} 0)\s*$"),
        ("counter", ":|)", rf"{_BEFORE}{_COUNTS}(?:[ ,|]*{_COUNTS})*{_AFTER}"),
        ("ticker", _CURRENCIES, rf"(?<!\S){_RATE}(?:[ |;]*{_RATE})+(?![\w,%]){_AFTER}"),
        ("ticker", _CURRENCIES, rf"^\s*{_RATE}\s*$"),
        ("photo", "Фото|Foto", rf"^\s*(?:Фото|Foto): ?(?:{_SOURCE}|{_OWNER})\s*$"),
        ("photo", "Фото", rf"(?<!\S)Фото: ?{_SOURCE}\.?{_AFTER}"),
        ("photo", "©", rf"^\s*©[^.!?\n]{{0,60}}$|\s*©(?: ?\d{{4}})? ?{_SOURCE}{_AFTER}"),
        ("none", _NOTHING, rf"{_BEFORE}(?:{_NOTHING})(?: (?:{_NOTHING}))*{_AFTER}"),
        ("share", "Бөліс|Поделиться|Share", rf"{_BEFORE}{_SHARE}(?:[ |]+{_NETWORK})*\s*$"),
        (
            "share",
            _NETWORKS,
            rf"{_BEFORE}(?:{_SHARE}[ |]+)?{_NETWORK}(?:[ |]+{_NETWORK})+{_AFTER}",
        ),
        ("share", _MENUS, rf"^\s*(?:{_MENUS}):?\s*$"),
    )
]
# Debris without any of these, a menu or a counter, is the whole of a short paragraph.
_MAY_CUT = re.compile(r"[A-Za-z:©)]")
_SHORT = 40

_TITLE = re.compile(rf"\s*([«\"]?[{_UPPER}\dA-Z][^\n]{{19,199}}?)(?:\s+(?:[|–—-]\s+)?\1)+(?=\s|$)")
_TITLE_BEGINS = 20  # letters
WORDS_IN_TITLE = 3  # fewer may be a refrain
LINES_OF_TITLE = 4  # a title is repeated at the top, a refrain or a heading anywhere

_STOP = re.compile(
    rf"([.!?])(?:(?<=[{_LOWER}]{{2}}.)(?=«?[{_UPPER}][{_LOWER}])"
    rf"|(?<=[{_LOWER}][»\"].)(?=[{_UPPER}][{_LOWER}]))"
)


def clean_text(text: str) -> tuple[str, Counter[str]]:
    """Return a paragraph without debris, and how many repairs of each kind were made.

    Kinds: date, counter, ticker, photo, none, share (cut), title (said once), split, hyphen
    (joined), stop (given its space). A paragraph that is all debris becomes empty. Text without
    debris comes back unchanged, blanks at its ends included; so does a text already cleaned.
    """
    made: Counter[str] = Counter()
    while (cleaned := _clean_once(text, made)) != text:  # one cut may bare another
        text = cleaned
    return text, +made


def _clean_once(text: str, made: Counter[str]) -> str:
    if len(text.strip()) < _SHORT or _MAY_CUT.search(text):
        text = _cut(text, made)
    if text.find(text.lstrip()[:_TITLE_BEGINS], _TITLE_BEGINS) > 0:
        title = _TITLE.match(text)
        if title and len(title[1].split()) >= WORDS_IN_TITLE:
            text = title[1] + text[title.end() :]
            made["title"] += 1
    text, n = _STOP.subn(r"\1 ", text)
    made["stop"] += n
    text, n_hyphens, n_blanks = join_split_words(text)
    made.update(hyphen=n_hyphens, split=n_blanks)
    return text


def _cut(text: str, made: Counter[str]) -> str:
    for kind, hints, pattern in _CUTS:
        if any(map(text.__contains__, hints)):  # half the time of a generator
            text, n = pattern.subn(" ", text)
            made[kind] += n
            text = text.strip() if n else text
    return text
