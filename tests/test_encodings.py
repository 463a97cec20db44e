import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saulyq.errors import UserError
from saulyq.tagging.streams import in_utf8, read_lines, unpacked
from saulyq.text.encodings import SAMPLE_BYTES, detect_encoding

KAZAKH = "Дәрігер науқасқа «ұзақ өмір сүру үшін көбірек жүріңіз» деп кеңес берді, һәм ғалымдар да."
KAZAKH_IN_CAPITALS = "ДӘРІГЕР НАУҚАСҚА ҰЗАҚ ӨМІР СҮРУ ҮШІН КӨБІРЕК ЖҮРІҢІЗ ДЕП КЕҢЕС БЕРДІ"
RUSSIAN = "Врач сказал, что больница № 5 работает и лечение пациентов будет для всех — бесплатным."
KAZAKH_CODECS = ["kz1048", "ptcp154", "utf-16-le", "utf-16-be", "utf-16", "utf-8", "utf-8-sig"]
RUSSIAN_CODECS = [*KAZAKH_CODECS, "cp1251"]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0" + bytes(range(256)) * 4
UTF8 = ("utf-8", "utf-8-sig")


def open_decoded(file):
    """The lines of a file in UTF-8, and the encoding that it had."""
    content, name = in_utf8(unpacked(file, ""), "file")
    return read_lines(content, "file"), name


def decoded(content):
    lines, _ = open_decoded(io.BytesIO(content))
    return b"".join(lines).decode("utf-8-sig")


@pytest.mark.parametrize("codec", KAZAKH_CODECS)
@pytest.mark.parametrize(
    "text", [KAZAKH, KAZAKH_IN_CAPITALS, KAZAKH * 2000, f"{KAZAKH}\n{RUSSIAN}", "Бұл қазақ тілі"]
)
def test_kazakh_is_read_in_every_encoding(text, codec):
    assert decoded(text.encode(codec)) == text


@pytest.mark.parametrize("codec", RUSSIAN_CODECS)
@pytest.mark.parametrize("text", [RUSSIAN, RUSSIAN.upper(), RUSSIAN * 2000])
def test_russian_is_read_in_every_encoding(text, codec):
    assert decoded(text.encode(codec)) == text


@pytest.mark.parametrize("codec", KAZAKH_CODECS)
def test_lines_end_where_those_of_the_text_do(codec):
    # U+0A0D and U+0D0A hold the bytes of line breaks in UTF-16, which are none there.
    odd = "\u0a0d\u0d0a" if codec.startswith("utf") else ""
    text = f'id,text\r\n1,"{KAZAKH}\n{odd}екінші жол"\r\n2,{RUSSIAN}\rүшінші'
    lines, _ = open_decoded(io.BytesIO(text.encode(codec)))
    expected = io.StringIO(text, newline="\n")
    assert [line.decode("utf-8-sig") for line in lines] == list(expected)


def test_encoding_is_named_by_its_codec():
    assert detect_encoding(KAZAKH.encode("kz1048")) == "kz1048"
    assert detect_encoding(KAZAKH.encode("ptcp154")) == "ptcp154"
    assert detect_encoding(KAZAKH.encode("utf-16-be")) == "utf-16-be"
    assert detect_encoding(KAZAKH.encode("utf-16")) == "utf-16"
    # Where cp1251 and kz1048 agree, kz1048: a Kazakh letter may come later in the file.
    assert detect_encoding(RUSSIAN.encode("cp1251")) == "kz1048"


def test_ukrainian_letters_in_russian_text_stay_what_they_are():
    text = f"{RUSSIAN} Врач Євген Їжакевич приехал из України."
    assert detect_encoding(text.encode("cp1251")) == "cp1251"
    assert decoded(text.encode("cp1251")) == text


def test_kazakh_after_a_long_russian_beginning_is_read():
    text = RUSSIAN * 1000 + KAZAKH
    assert len(text) > SAMPLE_BYTES
    assert decoded(text.encode("kz1048")) == text


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16"])
def test_sample_may_end_inside_a_character(codec):
    content = KAZAKH.encode(codec)
    whole = detect_encoding(content)
    assert {detect_encoding(content[:n]) for n in range(60, len(content))} == {whole}


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "kz1048"])
def test_file_longer_than_the_sample_is_read_across_its_end(codec):
    text = "a" + KAZAKH * 1500 + "\n" + KAZAKH
    assert decoded(text.encode(codec)) == text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"id,text\n1,Latin only\n",
        "Qazaq tılı – memlekettık tıl, äŋğüūqöş".encode(),
        PNG,
        KAZAKH.encode()[:50] + b"\xff" + KAZAKH.encode()[50:],
        "Überprüfung der Krankenhäuser".encode("latin-1"),
        RUSSIAN.encode("koi8-r", errors="ignore"),
        RUSSIAN.encode("cp866", errors="ignore"),
        (RUSSIAN + "\0\4").encode(),
    ],
)
def test_what_is_not_known_is_passed_on_untouched(content):
    lines, name = open_decoded(io.BytesIO(content))
    assert name == "utf-8"
    assert list(lines) == list(io.BytesIO(content))


def test_wrong_byte_is_named_with_its_offset_in_the_file():
    text = (KAZAKH + "\n") * 1000  # 87 * 1000 bytes, more than the sample
    lines, name = open_decoded(io.BytesIO(text.encode("kz1048") + b"\x98" + b"abc"))
    assert name == "kz1048"
    with pytest.raises(UserError, match=f"^file: byte 0x98 at offset {len(text)} is not kz1048; "):
        list(lines)


def test_half_of_a_character_at_the_end_is_named_with_its_offset():
    lines, _ = open_decoded(io.BytesIO(KAZAKH.encode("utf-16") + b"\x30"))
    with pytest.raises(UserError, match=f"byte 0x30 at offset {2 + 2 * len(KAZAKH)} is not utf-16"):
        list(lines)


def test_file_is_read_as_its_lines_are_asked_for():
    file = io.BytesIO((KAZAKH + "\n").encode("kz1048") * 5000)
    lines, _ = open_decoded(file)
    next(lines)
    assert file.tell() == SAMPLE_BYTES


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"]))
def test_random_bytes_end_in_lines_of_utf8_or_one_clear_line(content, mark):
    lines, name = open_decoded(io.BytesIO(mark + content))
    read, message = [], ""
    try:
        read = list(lines)
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert all(line.endswith(b"\n") for line in read[:-1])
    if name == "utf-8":
        assert read == list(io.BytesIO(mark + content))
    else:
        assert b"".join(read).decode() is not None


@given(st.text(alphabet="дәрігер ұзақ өмір ғалым үй һәм кеңес\n,.«»№1"), st.integers(1, 9))
def test_whatever_the_words_a_utf8_file_stays_as_it_is(text, cut):
    content = text.encode()[:-cut]
    lines, name = open_decoded(io.BytesIO(content))
    assert (b"".join(lines), name) == (content, "utf-8")
