"""Outlook messages: the same metadata as of a mail."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from chalicelib.documents import Metadata
from chalicelib.files import types
from tests.support.files_ole2 import message
from tests.support.metadata import extract

CLASS, SUBJECT, BODY, MESSAGE_ID = 0x1A, 0x37, 0x1000, 0x1035
FROM_NAME, FROM_TYPE, FROM_ADDRESS = 0x42, 0x64, 0x65
SENDER_NAME, SENDER_SMTP = 0x0C1A, 0x5D01
HEADERS = 0x007D
SUBMITTED, DELIVERED = 0x39, 0x0E06
ADDRESS_TYPE, ADDRESS, SMTP_ADDRESS, RECIPIENT_TYPE = 0x3002, 0x3003, 0x39FE, 0x0C15
SHORT_NAME, LONG_NAME = 0x3704, 0x3707
LOCALE, INTERNET_CODE_PAGE = 0x3FF1, 0x3FDE

FILETIME = (
    int((datetime(2024, 5, 1, 8, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds())
    * 10**7
)

Inner = Mapping[str, tuple[Mapping[int, str], Mapping[int, int]]]


def recipient(
    kind: int, address: str, address_type: str = "SMTP"
) -> tuple[dict[int, str], dict[int, int]]:
    """The properties of a recipient."""
    return {ADDRESS_TYPE: address_type, ADDRESS: address}, {RECIPIENT_TYPE: kind}


def found_in(content: bytes) -> Metadata:
    """The metadata of a message."""
    return extract(io.BytesIO(content), types.MSG)


def test_message() -> None:
    """Subject, sender, recipients, time, attachments and words of a message are extracted."""
    texts = {
        CLASS: "IPM.Note",
        SUBJECT: "Grüße",
        BODY: "one two\r\nthree",
        MESSAGE_ID: "<1@example.com>",
        FROM_NAME: "An Author",
        FROM_TYPE: "SMTP",
        FROM_ADDRESS: "author@example.com",
        SENDER_NAME: "An Assistant",
    }
    exchange = recipient(1, "/o=Example/cn=d", "EX")
    inner: Inner = {
        "__recip_version1.0_#00000000": recipient(1, "a@example.com"),
        "__recip_version1.0_#00000001": recipient(1, "/o=Example/cn=b", "EX"),
        "__recip_version1.0_#00000002": (
            {**exchange[0], SMTP_ADDRESS: "c@example.com"},
            exchange[1],
        ),
        "__recip_version1.0_#00000003": recipient(2, "copy@example.com"),
        "__recip_version1.0_#00000004": recipient(3, "hidden@example.com"),
        "__attach_version1.0_#00000000": (
            {SHORT_NAME: "LONGNA~1.PDF", LONG_NAME: "long name.pdf"},
            {},
        ),
        "__attach_version1.0_#00000001": ({SHORT_NAME: "short.txt"}, {}),
        "__attach_version1.0_#00000002": ({}, {}),
    }
    content = message(texts, {SUBMITTED: FILETIME, DELIVERED: FILETIME + 10**10}, inner)

    assert found_in(content) == {
        "subject": "Grüße",
        "from": "An Author <author@example.com>",
        "to": "a@example.com, c@example.com",
        "messageId": "<1@example.com>",
        "sentAt": "2024-05-01T08:00:00Z",
        "toCount": 3,
        "ccCount": 1,
        "attachmentCount": 3,
        "attachmentNames": "long name.pdf, short.txt",
        "wordCount": 3,
    }


def test_contact() -> None:
    """Of a contact, nothing is said about recipients, a time or a body."""
    content = message({CLASS: "IPM.Contact", SUBJECT: "A Person"}, {DELIVERED: FILETIME})

    assert found_in(content) == {"subject": "A Person", "attachmentCount": 0}


def test_draft() -> None:
    """A message without recipients has none."""
    found = found_in(message({CLASS: "IPM.Note"}))

    assert (found["toCount"], found["ccCount"]) == (0, 0)


@pytest.mark.parametrize(
    ("texts", "sender"),
    [
        pytest.param(
            {SENDER_NAME: "A", SENDER_SMTP: "a@example.com"}, "A <a@example.com>", id="sender"
        ),
        pytest.param({FROM_NAME: "a@example.com"}, "a@example.com", id="name"),
        pytest.param(
            {FROM_NAME: "a@example.com", FROM_TYPE: "SMTP", FROM_ADDRESS: "a@example.com"},
            "a@example.com",
            id="same",
        ),
        pytest.param(
            {FROM_NAME: "A", FROM_TYPE: "EX", FROM_ADDRESS: "/o=x/cn=a"}, "A", id="Exchange"
        ),
        pytest.param(
            {FROM_NAME: "A", FROM_TYPE: "SMTP", FROM_ADDRESS: "Mr A"}, "A", id="no address"
        ),
        pytest.param(
            {FROM_NAME: "A", FROM_TYPE: "EX", HEADERS: "To: b@c.d\r\nFrom:\r\n A <a@b.c>\r\nX: y"},
            "A <a@b.c>",
            id="transported",
        ),
        pytest.param({FROM_NAME: "A", HEADERS: "From: a@b.c, d@b.c"}, "A", id="several"),
        pytest.param({FROM_NAME: "A", HEADERS: "From: A"}, "A", id="transported name"),
        pytest.param({}, None, id="unknown"),
    ],
)
def test_sender(texts: dict[int, str], sender: str | None) -> None:
    """The sender is the name with the SMTP address, or the one that there is."""
    assert sender == found_in(message(texts)).get("from")


@pytest.mark.parametrize(
    ("page", "numbers", "subject"),
    [
        pytest.param(1251, {}, "Тема", id="of the message"),
        pytest.param(None, {LOCALE: 1049, INTERNET_CODE_PAGE: 65001}, "Тема", id="of the locale"),
        pytest.param(None, {INTERNET_CODE_PAGE: 1251}, "Тема", id="of the Internet"),
        pytest.param(None, {INTERNET_CODE_PAGE: 65001}, None, id="another one"),
        pytest.param(None, {}, None, id="none"),
    ],
)
def test_code_page(page: int | None, numbers: dict[int, int], subject: str | None) -> None:
    """Text that is not in Unicode is decoded with a code page that it fits, else left out."""
    content = message({SUBJECT: "Тема", BODY: "Это текст"}, numbers, code_page=1251)
    if page is None:
        content = content.replace(b"\3\0\xfd\x3f", b"\3\0\0\0")
    found = found_in(content)

    assert subject == found.get("subject")
    assert ("wordCount" in found) is (subject is not None or bool(numbers))


def test_long_body() -> None:
    """Words across the pieces in which a body is read are counted once."""
    assert found_in(message({BODY: "word " * 50_000}))["wordCount"] == 50_000


def test_many_recipients() -> None:
    """A message to 5,000 recipients takes a few seconds."""
    inner = {f"__recip_version1.0_#{n:08X}": recipient(1, f"{n}@example.com") for n in range(5_000)}
    content = message({}, {}, inner)
    begin = time.process_time()

    assert found_in(content)["toCount"] == 5_000
    assert time.process_time() - begin < 8
