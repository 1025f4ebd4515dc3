"""message/rfc822: header fields, attachments and words; header fields by the email package.

Parts are split here, in blocks of lines: the email package holds a mail in memory four times and
recurses into it. An attached mail is one attachment.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import BinaryIO, NamedTuple

from chalicelib.documents import FailureCode, decode_rfc2047
from chalicelib.files import dates, text_codecs
from chalicelib.files.extracted_text import PARAGRAPH, TextCollector
from chalicelib.files.extraction import FileRejectedError, LimitExceededError
from chalicelib.files.extractors import markup, text
from chalicelib.files.metadata import RawMetadata

_MAX_LINE_BYTES = 65_536
"""A longer line is read as several, which only affects a boundary in it."""

_MAX_HEADER_BYTES = 262_144
"""Of one part. Mail servers reject longer ones."""

_MAX_FIELD = 20_000
"""Characters of a field that are parsed; the email package takes seconds for longer ones."""

_MAX_PARTS = 10_000
_MAX_NESTED = 50
_MAX_NAMES = 50

_REQUIRED = ("from", "date", "received", "message-id", "return-path", "subject", "to")
"""RFC 5322, 3.6, requires two of them; nonconforming mails have at least one."""

_MAILBOX_BEGIN = b"From "
"""RFC 4155."""

_NEXT_MAIL = re.compile(rb"\n\r*\nFrom ")
_MAX_BLANK_BYTES = 16
"""Of the end of a block, which may be the blank line before the next mail."""

_BOUNDARY_BEGIN = b"--"
"""RFC 2046, 5.1.1."""

_CHUNK_BYTES = 65_536

_BYTE_ORDER_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
"""Required by Python's codecs of these names, whatever the error handler."""

_EXCESSIVE = "The mail has more parts or longer fields than the limit."


@dataclass(slots=True)
class _Part:
    """A part without parts."""

    header: Message
    is_related: bool = False
    """Whether it is a part of multipart/related."""
    body: bytearray = field(default_factory=bytearray)
    """Encoded; kept for text only."""


class _Boundary(NamedTuple):
    """Of a multipart."""

    line: bytes
    is_related: bool


def prepare() -> None:
    """Load what extraction would load lazily: a mail names its encodings."""
    text_codecs.load_all()


def extract(
    content: BinaryIO,
    file_type: str,  # noqa: ARG001 - one type only
    collector: TextCollector | None = None,
) -> RawMetadata:
    """Header fields, attachments and words.

    - subject, from, messageId; sentAt (Date); to: its addresses, comma-separated.
    - toCount and ccCount: counts of addresses; absent if a recipient has none, and for a field
      that is too long to be parsed.
    - attachmentCount; attachmentNames: the first 50, comma-separated. What a page shows, a part of
      multipart/related without a name, is none: RFC 2387.
    - wordCount: whitespace-separated tokens of the text/plain parts that are not attachments;
      without any, of the visible text of the text/html parts.
    """
    if content.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        content.seek(0)
    source = _Source(content)
    header = _header(source)
    # A longer header is not a mail's: logs and calendars may begin like one.
    if header is None or not any(name in header for name in _REQUIRED):
        raise FileRejectedError(FailureCode.UNREADABLE, "The text has no mail header.")
    attachments, word_count = _contents(header, source, collector)
    to, to_count = _addresses(header, "to")
    return {
        "subject": _field(header, "subject"),
        "from": _field(header, "from"),
        "to": _decoded(", ".join(to)),
        "messageId": _field(header, "message-id"),
        "sentAt": _moment(_field(header, "date")),
        "toCount": to_count,
        "ccCount": _addresses(header, "cc")[1],
        "attachmentCount": len(attachments),
        "attachmentNames": ", ".join(filter(None, attachments[:_MAX_NAMES])) or None,
        "wordCount": word_count,
    }


class _Source:
    """The bytes of a mail, line by line or in blocks.

    Without blank lines before the header, and the first line of an mbox.
    """

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self._block = content.readline(_MAX_LINE_BYTES)
        while self._block and not self._block.strip(b"\r\n"):
            self._block = content.readline(_MAX_LINE_BYTES)
        self._is_mailbox = self._block.startswith(_MAILBOX_BEGIN)
        self._position = len(self._block) if self._is_mailbox else 0

    def line(self) -> bytes:
        """The next line with its end, or a part of a long one; empty at the end of the mail."""
        if self._position == len(self._block):
            self._load()
        return self._until(self._block.find(b"\n", self._position) + 1)

    def block(self) -> bytes:
        """The next lines up to one that begins like a boundary; empty if the next one does."""
        if self._position == len(self._block):
            self._load()
        if self._block.startswith(_BOUNDARY_BEGIN, self._position):
            return b""
        return self._until(self._block.find(b"\n" + _BOUNDARY_BEGIN, self._position) + 1)

    def _until(self, end: int) -> bytes:
        """The block up to this position, or to its end for 0."""
        begin, self._position = self._position, end or len(self._block)
        return self._block[begin : self._position]

    def _load(self) -> None:
        """Read the next lines; rejects an mbox with several mails."""
        before = self._block[-_MAX_BLANK_BYTES:]
        self._block = self._content.read(_CHUNK_BYTES)
        self._block += self._content.readline(_MAX_LINE_BYTES)
        self._position = 0
        if self._is_mailbox and _NEXT_MAIL.search(before + self._block):
            raise FileRejectedError(
                FailureCode.UNREADABLE, "The file is a mailbox with several mails."
            )


def _header(source: _Source) -> Message | None:
    """Consume and parse the header at the beginning of the lines; None if it exceeds the limit."""
    block = bytearray()
    while (line := source.line()).strip(b"\r\n"):
        block += line
        if len(block) > _MAX_HEADER_BYTES:
            return None
    return BytesHeaderParser().parsebytes(bytes(block))


def _contents(
    header: Message, source: _Source, collector: TextCollector | None
) -> tuple[list[str | None], int]:
    """The names of the attachments, and the number of words."""
    attachments: list[str | None] = []
    words: dict[str, int] = {}
    for part in _parts(header, source):
        kind = part.header.get_content_type()
        if _is_attachment(part):
            attachments.append(_decoded(part.header.get_filename()))
        elif kind in ("text/plain", "text/html"):
            if collector and kind == "text/plain" and words.keys() == {"text/html"}:
                collector.clear()
            wanted = collector if kind == "text/plain" or "text/plain" not in words else None
            words[kind] = words.get(kind, 0) + _word_count(part, kind, wanted)
            if wanted:
                wanted.add(PARAGRAPH)
    return attachments, words.get("text/plain", words.get("text/html", 0))


def _parts(header: Message, source: _Source) -> Iterator[_Part]:
    """The parts without parts, each once its end is read."""
    boundaries: list[_Boundary] = []
    count = 0
    part = _begin_part(header, boundaries)
    while block := source.block() or source.line():
        ended = _boundary_at(block, boundaries)
        if ended is None:
            if part and not _is_attachment(part):
                part.body += block
            continue
        if part:
            yield part
            part = None
        level, is_last = ended
        del boundaries[level + (not is_last) :]
        if not is_last:
            count += 1
            inner = _header(source)
            if count > _MAX_PARTS or inner is None:
                raise LimitExceededError(_EXCESSIVE)
            part = _begin_part(inner, boundaries)
    if part:
        yield part


def _begin_part(header: Message, boundaries: list[_Boundary]) -> _Part | None:
    """The part with this header; None, and one more boundary, for a multipart."""
    boundary = header.get_boundary() if header.get_content_maintype() == "multipart" else None
    if not boundary:
        return _Part(header, is_related=bool(boundaries) and boundaries[-1].is_related)
    if len(boundaries) == _MAX_NESTED:
        raise LimitExceededError(_EXCESSIVE)
    line = b"--" + boundary.encode("utf-8", errors="surrogateescape")
    boundaries.append(_Boundary(line, header.get_content_subtype() == "related"))
    return None


def _boundary_at(line: bytes, boundaries: list[_Boundary]) -> tuple[int, bool] | None:
    """Level of the boundary in this line, and whether it closes; None for other lines."""
    if not line.startswith(_BOUNDARY_BEGIN):
        return None
    line = line.rstrip()
    for level in range(len(boundaries) - 1, -1, -1):
        if line == boundaries[level].line:
            return level, False
        if line == boundaries[level].line + b"--":
            return level, True
    return None


def _is_attachment(part: _Part) -> bool:
    header = part.header
    if header.get_content_disposition() == "attachment" or header.get_filename() is not None:
        return True
    is_text = header.get_content_maintype() in ("text", "multipart")
    return not is_text and not part.is_related


def _word_count(part: _Part, kind: str, collector: TextCollector | None) -> int:
    pieces = _pieces(_body(part), part.header.get_content_charset() or "utf-8")
    count = markup.html_word_count if kind == "text/html" else text.word_count
    return count(pieces, collector)


def _body(part: _Part) -> bytes | bytearray:
    match str(part.header.get("content-transfer-encoding", "")).strip().lower():
        case "base64":
            try:
                return base64.b64decode(part.body + b"==")
            except binascii.Error:
                return b""
        case "quoted-printable":
            return quopri.decodestring(part.body)
    return part.body


def _pieces(body: bytes | bytearray, charset: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(_codec(body, charset))(errors="replace")
    for start in range(0, len(body), _CHUNK_BYTES):
        yield decoder.decode(body[start : start + _CHUNK_BYTES])
    yield decoder.decode(b"", final=True)


def _codec(body: bytes | bytearray, charset: str) -> str:
    """The name of a codec that decodes any body, with replacements if necessary."""
    try:
        bytes(range(256)).decode(charset, errors="replace")
    except (LookupError, ValueError):  # unknown, or not a text encoding
        return "utf-8"
    name = codecs.lookup(charset).name
    if body.startswith(_BYTE_ORDER_MARKS.get(name, b"")):
        return name
    return f"{name}-le"  # the usual order without a mark


def _field(header: Message, name: str) -> str | None:
    """The first field of this name, decoded."""
    values = [value for key, value in header.raw_items() if key.lower() == name]
    return _decoded(str(values[0])[:_MAX_FIELD]) if values else None


def _decoded(raw: str | None) -> str | None:
    """The text with encoded words (RFC 2047) and raw UTF-8 decoded."""
    if raw is None:
        return None
    value = raw.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
    return decode_rfc2047(" ".join(value.split()))


def _addresses(header: Message, name: str) -> tuple[list[str], int | None]:
    """The addresses in the fields of this name, and how many there are; None if unknown.

    `undisclosed recipients` and names of local users are no addresses.
    """
    value = ",".join(str(value) for key, value in header.raw_items() if key.lower() == name)
    mailboxes = [address for _, address in getaddresses([value[:_MAX_FIELD]]) if address]
    is_cut = len(value) > _MAX_FIELD
    if is_cut and mailboxes:
        del mailboxes[-1]
    addresses = [address for address in mailboxes if "@" in address]
    is_known = not is_cut and len(addresses) == len(mailboxes)
    return addresses, len(addresses) if is_known else None


def _moment(date: str | None) -> str | None:
    try:
        return dates.to_iso8601(parsedate_to_datetime(date)) if date else None
    except (ValueError, TypeError, IndexError, OverflowError):  # raised for an invalid date
        return None
