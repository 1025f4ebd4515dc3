"""message/rfc822: who, when, about what, with which files; header fields by the email package.

The parts are found here, line by line: the email package keeps a mail in memory four times over and
recurses into it. A mail within the mail is one attachment, whatever is in it.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, markup, moments, text

_LONGEST_LINE_BYTES = 65_536
"""A longer one is read as several, which can only matter to a boundary in it."""

_LONGEST_HEADER_BYTES = 262_144
"""Of one part. Mail servers refuse longer ones."""

_LONGEST_FIELD = 20_000
"""Characters of a field that are parsed; with some thousand, the email package takes seconds."""

_MOST_PARTS = 10_000
_MOST_NESTED = 50
_MOST_NAMES = 50

_REQUIRED = ("from", "date", "received", "message-id", "return-path", "subject", "to")
"""RFC 5322, 3.6, has two of them required; old and foreign mails have at least one."""

_MAILBOX_BEGIN = b"From "
"""RFC 4155."""

_CHUNK_BYTES = 65_536

_BYTE_ORDER_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
"""Which Python's codecs of these names want to be there, whatever they are told to do of errors."""

_EXCESSIVE = "The mail has more parts, or longer fields, than are read of one file."


@dataclass(slots=True)
class _Part:
    """A part that has no parts."""

    header: Message
    body: bytearray = field(default_factory=bytearray)
    """Encoded; kept of texts only."""


def extract(content: BinaryIO, file_type: str) -> Found:  # noqa: ARG001 - there is only this
    """What the mail's header tells, its attachments and the words of its text.

    - subject, from, messageId; sentAt, from its Date; toCount and ccCount, of addresses.
    - attachmentCount; attachmentNames of the first 50 that have one, joined by a comma.
    - wordCount: whitespace-separated tokens of the parts in text/plain that are no attachments; of
      those in text/html, as a page shows them, where there is no text/plain.
    """
    if content.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        content.seek(0)
    lines = _lines(content)
    header = _header(lines)
    if not any(name in header for name in _REQUIRED):
        raise Refused(FailureCode.UNREADABLE, "The text has no mail's header.")
    attachments: list[str | None] = []
    words: dict[str, int] = {}
    for part in _parts(header, lines):
        kind = part.header.get_content_type()
        if _is_attachment(part.header):
            attachments.append(_decoded(part.header.get_filename()))
        elif kind in ("text/plain", "text/html"):
            words[kind] = words.get(kind, 0) + _word_count(part, kind)
    return {
        "subject": _field(header, "subject"),
        "from": _field(header, "from"),
        "messageId": _field(header, "message-id"),
        "sentAt": _moment(_field(header, "date")),
        "toCount": _address_count(header, "to"),
        "ccCount": _address_count(header, "cc"),
        "attachmentCount": len(attachments),
        "attachmentNames": ", ".join(filter(None, attachments[:_MOST_NAMES])) or None,
        "wordCount": words.get("text/plain", words.get("text/html", 0)),
    }


def _lines(content: BinaryIO) -> Iterator[bytes]:
    """The lines, without the one that a mailbox begins a mail with; Refused at its second mail."""
    first = content.readline(_LONGEST_LINE_BYTES)
    is_mailbox = first.startswith(_MAILBOX_BEGIN)
    if not is_mailbox:
        yield first
    is_after_blank = False
    while line := content.readline(_LONGEST_LINE_BYTES):
        if is_mailbox and is_after_blank and line.startswith(_MAILBOX_BEGIN):
            raise Refused(FailureCode.UNREADABLE, "The file is a box of several mails.")
        is_after_blank = not line.strip(b"\r\n")
        yield line


def _header(lines: Iterator[bytes]) -> Message:
    """The header that the lines begin with; they stand behind it afterwards."""
    block = bytearray()
    for line in lines:
        if not line.strip(b"\r\n"):
            break
        block += line
        if len(block) > _LONGEST_HEADER_BYTES:
            raise Refused(FailureCode.UNREADABLE, _EXCESSIVE)
    return BytesHeaderParser().parsebytes(bytes(block))


def _parts(header: Message, lines: Iterator[bytes]) -> Iterator[_Part]:
    """The parts that have no parts, each once its end is read."""
    boundaries: list[bytes] = []
    count = 0
    part = _begun(header, boundaries)
    for line in lines:
        ended = _boundary_at(line, boundaries)
        if ended is None:
            if part and not _is_attachment(part.header):
                part.body += line
            continue
        if part:
            yield part
            part = None
        level, is_last = ended
        del boundaries[level + (not is_last) :]
        if not is_last:
            count += 1
            if count > _MOST_PARTS:
                raise Refused(FailureCode.UNREADABLE, _EXCESSIVE)
            part = _begun(_header(lines), boundaries)
    if part:
        yield part


def _begun(header: Message, boundaries: list[bytes]) -> _Part | None:
    """The part that follows this header, or None and one more boundary where it has parts."""
    boundary = header.get_boundary() if header.get_content_maintype() == "multipart" else None
    if not boundary:
        return _Part(header)
    if len(boundaries) == _MOST_NESTED:
        raise Refused(FailureCode.UNREADABLE, _EXCESSIVE)
    boundaries.append(b"--" + boundary.encode("utf-8", errors="surrogateescape"))
    return None


def _boundary_at(line: bytes, boundaries: list[bytes]) -> tuple[int, bool] | None:
    """Which boundary this line is, and whether it is its last one; None where it is none."""
    if not line.startswith(b"--"):
        return None
    line = line.rstrip()
    for level in range(len(boundaries) - 1, -1, -1):
        if line == boundaries[level]:
            return level, False
        if line == boundaries[level] + b"--":
            return level, True
    return None


def _is_attachment(header: Message) -> bool:
    disposition = header.get_content_disposition()
    is_text = header.get_content_maintype() in ("text", "multipart")
    return disposition == "attachment" or (not is_text) or header.get_filename() is not None


def _word_count(part: _Part, kind: str) -> int:
    pieces = _pieces(_body(part), part.header.get_content_charset() or "utf-8")
    return markup.html_word_count(pieces) if kind == "text/html" else text.word_count(pieces)


def _body(part: _Part) -> bytes:
    match str(part.header.get("content-transfer-encoding", "")).strip().lower():
        case "base64":
            try:
                return base64.b64decode(part.body + b"==")
            except binascii.Error:
                return b""
        case "quoted-printable":
            return quopri.decodestring(part.body)
    return bytes(part.body)


def _pieces(body: bytes, charset: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(_codec(body, charset))(errors="replace")
    for start in range(0, len(body), _CHUNK_BYTES):
        yield decoder.decode(body[start : start + _CHUNK_BYTES])
    yield decoder.decode(b"", final=True)


def _codec(body: bytes, charset: str) -> str:
    """The name of a codec that decodes any body, if need be with replacements."""
    try:
        bytes(range(256)).decode(charset, errors="replace")
    except (LookupError, ValueError):  # a name that is none, or of a codec for something else
        return "utf-8"
    name = codecs.lookup(charset).name
    if body.startswith(_BYTE_ORDER_MARKS.get(name, b"")):
        return name
    return f"{name}-le"  # as who leaves the mark out mostly has it


def _field(header: Message, name: str) -> str | None:
    """The first field of this name, decoded."""
    values = [value for key, value in header.raw_items() if key.lower() == name]
    return _decoded(str(values[0])[:_LONGEST_FIELD]) if values else None


def _decoded(raw: str | None) -> str | None:
    """Encoded words (RFC 2047) as what they stand for; bytes as the UTF-8 that they are."""
    if raw is None:
        return None
    value = raw.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
    value = " ".join(value.split())
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _address_count(header: Message, name: str) -> int:
    values = [str(value) for key, value in header.raw_items() if key.lower() == name]
    return sum(bool(address) for _, address in getaddresses([",".join(values)[:_LONGEST_FIELD]]))


def _moment(date: str | None) -> str | None:
    try:
        return moments.written(parsedate_to_datetime(date)) if date else None
    except (ValueError, TypeError, IndexError, OverflowError):  # what it says to no date
        return None
