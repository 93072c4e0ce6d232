"""Shows which parts of a mail are its words, and in which characters they are read."""

import pytest

from sequences.inbound.reading import read


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("no-such", "Grüße".encode(), "Grüße"),
        ("punycode", b"abc", "abc"),
        ("utf-8", "Grüße".encode("latin-1"), "Grüße"),
    ],
)
def test_characters_are_read_as_declared_or_as_they_look(charset: str, body: bytes, text: str) -> None:
    raw = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + body
    assert read(raw).text == text


def test_words_of_a_message_inside_are_somebody_elses() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nLook.\r\n"
        b"--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nunsubscribe me\r\n--a--\r\n"
    )
    mail = read(raw)
    assert (mail.text.strip(), mail.parts) == ("Look.", ("text/plain", "message/rfc822"))


def test_a_multipart_without_parts_is_read_as_it_stands() -> None:
    raw = b'Content-Type: multipart/report; boundary="=_x"\r\n\r\nYour message was read.\r\n'
    assert "was read" in read(raw).text
