"""Mails: simple, with attachments, in old encodings, nested and hostile."""

from __future__ import annotations

import base64
import io
from email.message import EmailMessage

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.extraction import FileRejectedError
from tests.support.metadata import extract

MAIL = "message/rfc822"


def simple(text: str = "one two\n") -> EmailMessage:
    """A mail in text."""
    message = EmailMessage()
    message["From"] = "Zoë <a@example.com>"
    message["To"] = "b@example.com, Many: c@example.com, d@example.com;"
    message["Subject"] = "Grüße aus Köln"
    message["Date"] = "Wed, 01 May 2024 10:00:00 +0200"
    message["Message-ID"] = "<1@example.com>"
    message.set_content(text)
    return message


def test_simple_mail() -> None:
    """Sender, date, subject and word count of an email are extracted."""
    assert extract(io.BytesIO(bytes(simple())), MAIL) == {
        "subject": "Grüße aus Köln",
        "from": "Zoë <a@example.com>",
        "messageId": "<1@example.com>",
        "sentAt": "2024-05-01T08:00:00Z",
        "to": "b@example.com, c@example.com, d@example.com",
        "toCount": 3,
        "ccCount": 0,
        "attachmentCount": 0,
        "wordCount": 2,
    }


def test_leading_blank_lines() -> None:
    """Blank lines before the header, as some exports have, do not hide it."""
    mail = bytes(simple())

    assert extract(io.BytesIO(mail), MAIL) == extract(io.BytesIO(b"\r\n\n" + mail), MAIL)


def test_attachments() -> None:
    """Attachments are counted and named, their words are not the mail's; nor are HTML's twice."""
    message = simple()
    message.add_alternative("<p>one two three four</p>", subtype="html")
    message.add_attachment("some text", filename="nötes.txt")
    message.add_attachment(bytes(99), "application", "pdf", filename="b.pdf")
    message.add_attachment(simple("of another mail"))
    found = extract(io.BytesIO(bytes(message)), MAIL)

    assert (3, "nötes.txt, b.pdf") == (found["attachmentCount"], found["attachmentNames"])
    assert found["wordCount"] == 2


def test_related_parts() -> None:
    """What a page shows is not an attachment, unless it has a name or is declared as one."""
    message = simple()
    message.set_content("<img src='cid:1'>", subtype="html")
    message.add_related(b"GIF89a", "image", "gif", cid="<1>")
    message.add_related(b"GIF89a", "image", "gif", cid="<2>", filename="named.gif")
    message.add_related(b"GIF89a", "image", "gif", cid="<3>", disposition="attachment")
    message.make_mixed()
    message.attach(part := EmailMessage())
    part.set_content(b"%PDF", "application", "pdf", disposition="inline")

    assert 3 == extract(io.BytesIO(bytes(message)), MAIL)["attachmentCount"]


def test_recipients_without_addresses() -> None:
    """Names are no addresses, and the number of recipients is unknown with them."""
    found = extract(io.BytesIO(b"To: An Author, b@example.com, Other\n\n"), MAIL)

    assert (None, "b@example.com") == (found.get("toCount"), found["to"])


def test_no_address() -> None:
    """Without any address of a recipient, there is none."""
    assert "to" not in extract(io.BytesIO(b"To: An Author\n\n"), MAIL)


@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_html_only(encoding: str) -> None:
    """A mail in HTML alone has the words that its page shows, however it is encoded."""
    message = simple()
    message.set_content("<p>one<p>two =3D &nbsp;", subtype="html", cte=encoding)

    assert extract(io.BytesIO(bytes(message)), MAIL)["wordCount"] == 3


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("UTF16", "utf-16-le"),
        ("utf-16be", "utf-16-be"),
        ("utf-32", "utf-32-le"),
        ("utf-8", "utf-8"),
    ],
)
def test_charset(charset: str, codec: str) -> None:
    """A text is read in the charset that its header names, with a byte order mark or without."""
    content = b"From: a@example.com\nContent-Type: text/plain; charset=%s\n" % charset.encode()
    content += b"Content-Transfer-Encoding: base64\n\n" + base64.b64encode("é ü".encode(codec))

    assert extract(io.BytesIO(content), MAIL)["wordCount"] == 2


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"Subject: =?koi8-r?B?8NLJ18XU?=", "Привет"),
        (b"Subject: caf\xc3\xa9", "café"),
        (b"Subject: =?no-such?Q?x?=", "=?no-such?Q?x?="),
        (b"Subject: a\n b", "a b"),
        (b"X-Other: x", None),
    ],
)
def test_subject(header: bytes, subject: str | None) -> None:
    """A subject is decoded where it can be, and left as it is where not."""
    content = b"From: a@example.com\n" + header + b"\n\nx"

    assert subject == extract(io.BytesIO(content), MAIL).get("subject")


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"Date: not yet", id="date"),
        pytest.param(b"Date: Wed, 99 May 2024 99:00:00 +9999", id="impossible date"),
        pytest.param(b"Content-Type: multipart/mixed", id="no boundary"),
        pytest.param(b"Content-Type: text/plain; charset=base64", id="charset"),
        pytest.param(b"Content-Transfer-Encoding: base64", id="base64"),
        pytest.param(b"To: " + b"a@example.com, " * 9_999, id="many recipients"),
        pytest.param(b"Subject: " + b"=?utf-8?q?a?= " * 9_999, id="many encoded words"),
    ],
)
def test_odd_header(header: bytes) -> None:
    """A field that makes no sense, or too much of it, costs nothing but itself."""
    content = b"From: a@example.com\n" + header + b"\n\none"

    assert extract(io.BytesIO(content), MAIL)["from"] == "a@example.com"


@pytest.mark.parametrize(
    ("field", "to", "count"),
    [
        pytest.param(b"undisclosed-recipients:;", None, 0, id="empty group"),
        pytest.param(b"undisclosed recipients", None, None, id="no address"),
        pytest.param(b"root, a@example.com", "a@example.com", None, id="local user"),
        pytest.param(b"a@example.com,, b@example.com", "a@example.com, b@example.com", 2, id="two"),
    ],
)
def test_recipients(field: bytes, to: str | None, count: int | None) -> None:
    """Only addresses are recorded; their count is unknown if a recipient has none."""
    found = extract(io.BytesIO(b"From: a@example.com\nTo: " + field + b"\n\n"), MAIL)

    assert (to, count) == (found.get("to"), found.get("toCount"))


@pytest.mark.parametrize("name", ["To", "Cc"])
def test_many_recipients(name: str) -> None:
    """Recipients in a field that is too long to be parsed are not counted."""
    recipients = ", ".join(f"Person <person{number}@example.com>" for number in range(3_000))
    found = extract(io.BytesIO(f"From: a@b.c\n{name}: {recipients}\n\n".encode()), MAIL)

    assert f"{name.lower()}Count" not in found
    assert (name == "To") is str(found.get("to")).startswith("person0@example.com, person1@")


def test_mailbox_of_one() -> None:
    """A mail that begins as in a mailbox is a mail; a mailbox of several is not."""
    mail = b"From a@example.com Wed May  1 10:00:00 2024\n" + bytes(simple()) + b"\n"

    assert extract(io.BytesIO(mail), MAIL)["wordCount"] == 2
    with pytest.raises(FileRejectedError, match="several mails"):
        extract(io.BytesIO(mail + mail), MAIL)


def up_to_block(begin: bytes, less: int) -> bytes:
    """The beginning, padded so that so many bytes are missing to the end of the first block."""
    header_bytes = begin.index(b"\n") + 1  # the first line is read before
    lines = begin + b"x\n" * 9_999
    return lines + b"x" * (65_536 + header_bytes - len(lines) - less)


@pytest.mark.parametrize("less", range(-3, 12))
@pytest.mark.parametrize(
    ("end", "words"),
    [
        pytest.param(b"\n--b--\nnot counted", 1, id="boundary"),
        pytest.param(b"\n--b\n\ntwo", 2, id="next part"),
        pytest.param(b"\n--c\ntwo", 3, id="other boundary"),
    ],
)
def test_boundary_of_blocks(end: bytes, words: int, less: int) -> None:
    """A boundary is found wherever the blocks in which a mail is read end."""
    begin = b"From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
    content = up_to_block(begin, less) + end

    assert 9_999 + words == extract(io.BytesIO(content), MAIL)["wordCount"]


@pytest.mark.parametrize("less", range(-3, 12))
@pytest.mark.parametrize("blank", [b"\n\n", b"\r\n\r\n"])
def test_mailbox_of_blocks(blank: bytes, less: int) -> None:
    """The second mail of a mailbox is found wherever the blocks in which it is read end."""
    begin = b"From a@example.com\nFrom: a@example.com\n\n"
    content = up_to_block(begin, less) + blank + b"From b"

    with pytest.raises(FileRejectedError, match="several mails"):
        extract(io.BytesIO(content), MAIL)


def nested(levels: int) -> bytes:
    """A mail of multiparts in each other."""
    return b"From: a@example.com\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"one two", id="no header"),
        pytest.param(b"Key: value\n\nmore", id="header of something else"),
        pytest.param(nested(1_000), id="nested"),
        pytest.param(nested(1) + b"\n--b0\n" * 20_000, id="many parts"),
        pytest.param(b"From: " + b"x" * 999_999, id="long field"),
    ],
)
def test_unreadable(content: bytes) -> None:
    """A text that is not a mail, or exceeds a limit, is unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        extract(io.BytesIO(content), MAIL)

    assert refusal.value.code is FailureCode.UNREADABLE
