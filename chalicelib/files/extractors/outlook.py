"""Outlook messages (.msg): header fields, recipients, attachments and words.

Specifications: [MS-OXMSG] for the file, [MS-OXPROPS] for the properties. An attached message is one
attachment.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator
from datetime import datetime
from email.utils import getaddresses
from typing import BinaryIO

from chalicelib.files import code_pages, dates, text_codecs
from chalicelib.files.compound import CompoundFile, Storage, Stream
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extractors import property_sets, text
from chalicelib.files.metadata import RawMetadata

_PROPERTIES = "__properties_version1.0"
_HEADER_BYTES = {True: 32, False: 8}
"""Of the message, and of recipients and attachments: [MS-OXMSG] 2.4.1."""

_LONG, _TIME, _STRING_8, _STRING = 0x0003, 0x0040, 0x001E, 0x001F
"""[MS-OXCDATA] 2.11.1."""

_MESSAGE_CLASS = 0x001A
_SUBJECT = 0x0037
_SUBMIT_TIME = 0x0039
_TRANSPORT_HEADERS = 0x007D
_BODY = 0x1000
_MESSAGE_ID = 0x1035
_MESSAGE_CODE_PAGE, _LOCALE, _INTERNET_CODE_PAGE = 0x3FFD, 0x3FF1, 0x3FDE
_RECIPIENT_TYPE = 0x0C15
_ADDRESS_TYPE, _ADDRESS, _SMTP_ADDRESS = 0x3002, 0x3003, 0x39FE
_FILE_NAME, _LONG_FILE_NAME = 0x3704, 0x3707

_SENDERS = ((0x0042, 0x0064, 0x0065, 0x5D02), (0x0C1A, 0x0C1E, 0x0C1F, 0x5D01))
"""Name, address type, address and SMTP address: whom the message is from, and who sent it for them.
[MS-OXCMAIL] 2.2.1.2 makes them the fields From and Sender."""

_FROM = re.compile(r"^From:(.{,1000}(?:\n[ \t].{,1000}){,10})", re.MULTILINE | re.IGNORECASE)
"""In the header that the message was transported with: [MS-OXOMSG] 2.2.1.61."""

_TO, _CC = 1, 2
"""[MS-OXOMSG] 2.2.3.1."""

_MAIL_CLASSES = ("ipm.note", "report", "ipm.schedule.meeting")
"""Of messages that have recipients, at their beginning: [MS-OXCMSG] 2.2.1.3."""

_FIXED = frozenset(
    {_SUBMIT_TIME, _MESSAGE_CODE_PAGE, _LOCALE, _INTERNET_CODE_PAGE, _RECIPIENT_TYPE}
)
"""Properties of fixed length that are kept."""

_MAX_PROPERTIES_BYTES = 65_536
"""Of one object: 4,000 properties."""

_CHUNK_BYTES = 65_536
_MAX_STRING_BYTES = 65_536
"""More than a record stores."""

_MAX_NAMES = 50


def prepare() -> None:
    """Load what extraction would load lazily: a message names its code page."""
    text_codecs.load_all()


def extract(
    content: BinaryIO,
    file_type: str,  # noqa: ARG001 - one type only
    collector: TextCollector | None = None,
) -> RawMetadata:
    """The same as for a mail.

    - subject, from, messageId; sentAt, when it was submitted; to: the SMTP addresses.
    - toCount and ccCount: of recipients; absent for contacts and the like.
    - attachmentCount; attachmentNames: the first 50, comma-separated.
    - wordCount: whitespace-separated tokens of the plain text.
    """
    file = CompoundFile(content)
    message = _Properties(file, file.root, is_message=True)
    recipients = [
        _Properties(file, each, message.code_page) for each in _inner(file, "__recip_version1.0_#")
    ]
    attachments = _inner(file, "__attach_version1.0_#")
    named = [_Properties(file, each, message.code_page) for each in attachments[:_MAX_NAMES]]
    kinds = [recipient.number(_RECIPIENT_TYPE) for recipient in recipients]
    to = [_address(each) for each, kind in zip(recipients, kinds, strict=True) if kind == _TO]
    names = [each.text(_LONG_FILE_NAME) or each.text(_FILE_NAME) for each in named]
    has_recipients = recipients or _is_mail(message)
    return {
        "subject": message.text(_SUBJECT),
        "from": _sender(message),
        "to": ", ".join(filter(None, to)) or None,
        "messageId": message.text(_MESSAGE_ID),
        "sentAt": dates.to_iso8601(message.time(_SUBMIT_TIME)),
        "toCount": len(to) if has_recipients else None,
        "ccCount": kinds.count(_CC) if has_recipients else None,
        "attachmentCount": len(attachments),
        "attachmentNames": ", ".join(filter(None, names)) or None,
        "wordCount": _word_count(message, collector),
    }


class _Properties:
    """The properties of a message, recipient or attachment."""

    def __init__(
        self,
        file: CompoundFile,
        storage: Storage,
        code_page: int | None = None,
        *,
        is_message: bool = False,
    ) -> None:
        """Read those of fixed length; text is read on demand."""
        self._file = file
        self._storage = storage
        data = file.read(_PROPERTIES, storage, _MAX_PROPERTIES_BYTES)[_HEADER_BYTES[is_message] :]
        entries = struct.iter_unpack("<HH4x8s", data[: len(data) // 16 * 16])
        self._fixed = {(number, kind): value for kind, number, value in entries if number in _FIXED}
        self.code_page = self._code_page() if is_message else code_page
        """Of text that is not in Unicode; None if unknown."""

    def _code_page(self) -> int | None:
        # The code page of the Internet is that of HTML, and may differ from the writer's.
        return (
            self.number(_MESSAGE_CODE_PAGE)
            or code_pages.of_locale(self.number(_LOCALE) or 0)
            or self.number(_INTERNET_CODE_PAGE)
        )

    def number(self, number: int) -> int | None:
        """The integer with this identifier."""
        value = self._fixed.get((number, _LONG))
        return None if value is None else int.from_bytes(value[:4], "little")

    def time(self, number: int) -> datetime | None:
        """The time with this identifier."""
        value = self._fixed.get((number, _TIME))
        return None if value is None else property_sets.moment(int.from_bytes(value, "little"))

    def text(self, number: int) -> str | None:
        """The text with this identifier, at most what a record stores."""
        stream, codec = self.stream(number, _MAX_STRING_BYTES)
        if stream is None or codec is None:
            return None
        decoder = codecs.getincrementaldecoder(codec)()
        try:
            return decoder.decode(stream.read(0, stream.size)).partition("\0")[0]
        except UnicodeDecodeError:  # of another code page
            return None

    def stream(self, number: int, most: int | None = None) -> tuple[Stream | None, str | None]:
        """The text with this identifier, at most so many bytes, and its codec.

        The codec is None if Python has none, and ASCII for text of an unknown code page.
        """
        name = f"__substg1.0_{number:04x}"
        stream = self._file.stream(f"{name}{_STRING:04x}", self._storage, most)
        if stream is not None:
            return stream, "utf-16-le"
        stream = self._file.stream(f"{name}{_STRING_8:04x}", self._storage, most)
        if self.code_page is not None and self.code_page != code_pages.UTF_16:
            return stream, code_pages.codec_of(self.code_page)
        return stream, "ascii"


def _inner(file: CompoundFile, prefix: str) -> list[Storage]:
    """The storages with this prefix, in the order of their names."""
    names = sorted(name for name in file.root.storages if name.startswith(prefix))
    return [file.root.storages[name] for name in names]


def _is_mail(message: _Properties) -> bool:
    return (message.text(_MESSAGE_CLASS) or "").lower().startswith(_MAIL_CLASSES)


def _sender(message: _Properties) -> str | None:
    """As in a mail: the name with the address, or either."""
    for name, *address in _SENDERS:
        found = message.text(name), _address(message, *address) or _transported_address(message)
        if any(found):
            display, mailbox = found
            different = display and mailbox and display != mailbox
            return f"{display} <{mailbox}>" if different else mailbox or display
    return None


def _transported_address(message: _Properties) -> str | None:
    """The address in the field From of the mail that the message was; None if it was none."""
    header_field = _FROM.search(message.text(_TRANSPORT_HEADERS) or "")
    found = getaddresses([header_field[1]]) if header_field else []
    return found[0][1] if len(found) == 1 and "@" in found[0][1] else None


def _address(
    properties: _Properties,
    address_type: int = _ADDRESS_TYPE,
    address: int = _ADDRESS,
    smtp_address: int = _SMTP_ADDRESS,
) -> str | None:
    """The SMTP address; None for an address within an Exchange organization only."""
    if found := properties.text(smtp_address):
        return found
    is_smtp = (properties.text(address_type) or "").upper() == "SMTP"
    found = properties.text(address) if is_smtp else None
    return found if found and "@" in found else None  # some have a name instead


def _word_count(message: _Properties, collector: TextCollector | None) -> int | None:
    stream, codec = message.stream(_BODY)
    if stream is None or codec is None:
        return None
    try:
        return text.word_count(_pieces(stream, codec), collector)
    except UnicodeDecodeError:  # of an unknown code page
        if collector:
            collector.clear()
        return None


def _pieces(stream: Stream, codec: str) -> Iterator[str]:
    errors = "strict" if codec == "ascii" else "replace"
    decoder = codecs.getincrementaldecoder(codec)(errors=errors)
    for position in range(0, stream.size, _CHUNK_BYTES):
        yield decoder.decode(stream.read(position, _CHUNK_BYTES))
