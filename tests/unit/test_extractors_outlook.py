"""Outlook messages: the same metadata as of a mail."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from chalicelib.documents import Metadata
from chalicelib.files import types
from chalicelib.files.extraction import LimitExceededError
from tests.support.files_ole2 import compound, message
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
    """A contact has no recipients, time or body."""
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


def test_many_attachments() -> None:
    """All attachments are counted, and the first 50 named, in the order of their storages."""
    inner: Inner = {f"__attach_version1.0_#{n:08X}": ({LONG_NAME: f"{n}"}, {}) for n in range(60)}
    found = found_in(message({}, {}, inner))

    assert found["attachmentCount"] == 60
    assert found["attachmentNames"] == ", ".join(map(str, range(50)))


def fragmented(streams: int) -> bytes:
    """A message of so many recipients whose address is one text in 12,000 scattered sectors."""
    sectors = 12_000
    names = [f"__recip_version1.0_#{n:08X}/__substg1.0_39FE001F" for n in range(streams)]
    to = {f"__recip_version1.0_#{n:08X}/__properties_version1.0": TO for n in range(streams)}
    properties = {"__properties_version1.0": bytes(32)}
    content = compound(
        {"text": b"a\0" * 256 * sectors, **properties, **dict.fromkeys(names, b""), **to}
    )
    order = [*range(0, sectors, 2), *range(1, sectors, 2)]
    fat = dict(zip(order, [*order[1:], 0xFFFFFFFE], strict=True))
    chain = struct.pack(f"<{sectors}L", *range(1, sectors), 0xFFFFFFFE)
    content = content.replace(chain, struct.pack(f"<{sectors}L", *(fat[n] for n in range(sectors))))
    empty, shared = (struct.pack("<LQ", *at) for at in ((0xFFFFFFFE, 0), (0, sectors * 512)))
    return content.replace(empty, shared)


TO = struct.pack("<8xHHLQ", 3, RECIPIENT_TYPE, 6, 1)


def test_scattered_text() -> None:
    """Of a long text only the beginning is located and read, for each of 60 recipients."""
    assert found_in(fragmented(60))["toCount"] == 60


def test_shared_text() -> None:
    """A message is rejected if its texts together are longer than the file."""
    with pytest.raises(LimitExceededError):
        found_in(fragmented(200))


def test_memory_of_many_properties() -> None:
    """A message with 400,000 properties takes little more memory than one with a few."""
    properties = bytes(32) + b"".join(struct.pack("<LLQ", n, 6, n) for n in range(400_000))
    content = io.BytesIO(compound({"__properties_version1.0": properties}))
    tracemalloc.start()
    try:
        assert extract(content, types.MSG) == {"attachmentCount": 0}
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_body_of_unknown_code_page() -> None:
    """Words of an ASCII body are counted whatever its code page; of another one they are not."""
    ascii_body = message({BODY: "one two"}, code_page=1251)
    other = message({BODY: "one два"}, code_page=1251)
    without = [each.replace(b"\3\0\xfd\x3f", b"\3\0\0\0") for each in (ascii_body, other)]

    assert found_in(without[0])["wordCount"] == 2
    assert "wordCount" not in found_in(without[1])
