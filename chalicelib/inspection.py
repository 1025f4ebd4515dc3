"""The bytes of an upload -> facts or a refusal: limits, type detection, the choice of extractor.

The type comes from the bytes, never from a name. `filetype` finds formats by signature; what it
gets wrong or does not know (text) is put right here.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import filetype

from chalicelib.documents import Failure, FailureCode, Metadata, one_line
from chalicelib.extractors import Refused
from chalicelib.extractors.text import is_text

HEAD_BYTES = 8_192
"""What filetype looks at, and all that is read of a file whose type is not wanted."""

_CHUNK_BYTES = 1_048_576

_TEXT = "text/plain"
_PDF = "application/pdf"
_UNKNOWN = "application/octet-stream"

_PDF_MARKER = b"%PDF-"
_PDF_MARKER_WITHIN_BYTES = 1_024
"""As viewers have it: PDF Reference 1.7, implementation note 13 in appendix H."""

_TEXTUAL_FORMATS = {
    _PDF_MARKER: _PDF,
    b"{\\rtf": "application/rtf",
    b"%!PS": "application/postscript",
}
"""Formats whose files may be all printable; any other signature in a text is just its words."""

_ALIASES = {
    "application/x-pdf": _PDF,
    "image/apng": "image/png",  # every animated PNG is a PNG, and is declared as one
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
}

_DECLARES_NOTHING = frozenset({_UNKNOWN, "binary/octet-stream"})
"""What uploaders send that know no better; the second is S3's own default."""

_TEXTUAL_TYPES = frozenset(
    {
        "application/csv",
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/mbox",
        "application/ndjson",
        "application/sql",
        "application/toml",
        "application/typescript",
        "application/vnd.ms-excel",  # so Windows declares CSV
        "application/x-csv",
        "application/x-httpd-php",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-sql",
        "application/x-tex",
        "application/x-toml",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    }
)
"""Declared types that a plain text does not contradict."""

_TEXTUAL_SUFFIXES = ("+json", "+xml", "+yaml")

_LONGEST_QUOTE = 100
"""Characters of a declared type that a message quotes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted."""

    largest_file_bytes: int
    allowed_types: frozenset[str]
    """MIME types as the bytes show them, all among `extractors.SUPPORTED_TYPES`."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the bytes tell. Exactly one of metadata and failure is None."""

    file_type: str | None = None
    """MIME type found in the bytes; None where they were not looked at."""
    sha256: str | None = None
    """Hex, of the content; None when it was not read to its end."""
    metadata: Metadata | None = None
    failure: Failure | None = None


class Body(Protocol):
    """Bytes to be read once, as botocore's StreamingBody."""

    def read(self, amount: int, /) -> bytes:
        """At most this many bytes; none at the end."""


Extract = Callable[[BinaryIO, str], Metadata]
"""The metadata of a content of this type, or `Refused` raised, as by `extractors.extract`."""


def inspect(
    body: Body, size_bytes: int, declared_type: str | None, limits: Limits, extract: Extract
) -> Inspection:
    """The facts of a file or why it is refused, reading no further than that takes.

    Only a bad file is a refusal: what the body raises passes through, and a body that does not
    hold exactly `size_bytes` raises EOFError. The content that `extract` gets is a real file.
    """
    if size_bytes == 0:
        return _refused(FailureCode.EMPTY, "The file is empty.")
    if size_bytes > (largest := limits.largest_file_bytes):
        return _refused(
            FailureCode.TOO_LARGE,
            f"The file has {size_bytes:,} bytes; at most {largest:,} are allowed.",
        )
    head = _head(body, min(size_bytes, HEAD_BYTES))
    found = possible_types(head, is_whole_file=size_bytes <= HEAD_BYTES)
    allowed = [file_type for file_type in found if file_type in limits.allowed_types]
    if not allowed:
        return _refused(
            FailureCode.TYPE_NOT_ALLOWED, f"Files of type {found[0]} are not allowed.", found[0]
        )
    agreeing = [file_type for file_type in allowed if not contradicts(declared_type, file_type)]
    if not agreeing:
        return _refused(FailureCode.TYPE_MISMATCH, _mismatch(declared_type, allowed[0]), allowed[0])
    with tempfile.TemporaryFile() as content:
        sha256 = _spool(head, body, content, size_bytes)
        return _extracted(content, agreeing, sha256, extract)


def possible_types(head: bytes, *, is_whole_file: bool) -> Sequence[str]:
    """The MIME types that a file beginning like this may have, likeliest first; never none.

    More than one only for a text that speaks of `%PDF-` near its beginning: it may be a PDF with
    something before its header, which only the attempt to read it tells.
    """
    for marker, file_type in _TEXTUAL_FORMATS.items():
        if head.startswith(marker):
            return [file_type]
    text = is_text(head, is_whole_file=is_whole_file)
    signature: str | None = None if text else filetype.guess_mime(head)
    if signature:
        return [_ALIASES.get(signature, signature)]
    if _PDF_MARKER in head[:_PDF_MARKER_WITHIN_BYTES]:
        return [_PDF, _TEXT] if text else [_PDF]
    return [_TEXT if text else _UNKNOWN]


def contradicts(declared_type: str | None, file_type: str) -> bool:
    """Whether the uploader said something else than what the bytes are.

    A declared type without a slash is none, so it declares nothing. What does have one is compared
    without its parameters and case, however odd it is.
    """
    declared = (declared_type or "").partition(";")[0].strip().lower()
    if "/" not in declared or declared in _DECLARES_NOTHING:
        return False
    if file_type == _TEXT and _is_textual(declared):
        return False
    return _ALIASES.get(declared, declared) != file_type


def _is_textual(declared: str) -> bool:
    return (
        declared.startswith(("text/", "message/"))
        or declared.endswith(_TEXTUAL_SUFFIXES)
        or declared in _TEXTUAL_TYPES
    )


def _mismatch(declared_type: str | None, file_type: str) -> str:
    declared = one_line(declared_type or "")
    if len(declared) > _LONGEST_QUOTE:
        declared = declared[:_LONGEST_QUOTE] + "..."
    return f"Declared as {declared}, but the bytes are {file_type}."


def _refused(code: FailureCode, message: str, file_type: str | None = None) -> Inspection:
    return Inspection(file_type=file_type, failure=Failure(code, message))


def _head(body: Body, size_bytes: int) -> bytes:
    head = bytearray()
    while len(head) < size_bytes:
        chunk = body.read(size_bytes - len(head))
        if not chunk:
            raise EOFError(f"the body ended after {len(head)} of at least {size_bytes} bytes")
        head += chunk
    return bytes(head)


def _spool(head: bytes, body: Body, content: BinaryIO, size_bytes: int) -> str:
    """Write the whole body to the content; its SHA-256 in hex."""
    digest = hashlib.sha256(head)
    content.write(head)
    received = len(head)
    while chunk := body.read(_CHUNK_BYTES):
        digest.update(chunk)
        content.write(chunk)
        received += len(chunk)
    if received != size_bytes:
        raise EOFError(f"the body has {received} bytes, not {size_bytes}")
    return digest.hexdigest()


def _extracted(
    content: BinaryIO, file_types: Sequence[str], sha256: str, extract: Extract
) -> Inspection:
    """What the first type that reads the content finds, else why the first one refused it."""
    refusals = []
    for file_type in file_types:
        try:
            return Inspection(file_type, sha256, metadata=extract(content, file_type))
        except Refused as refusal:
            failure = Failure(refusal.code, refusal.message)
            refusals.append(Inspection(file_type, sha256, failure=failure))
            if refusal.code is not FailureCode.UNREADABLE:
                break
    return refusals[0]
