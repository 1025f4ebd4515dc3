"""The head of a file -> its candidate types, and whether the declared type conflicts.

The type comes from the bytes, never from a file name. `filetype` detects binary formats by
signature, with corrections here; text is classified by its beginning. If the head leaves several
candidates, `analysis` tries them on the whole file. A declared type only selects among candidates,
which text formats require: no bytes distinguish Markdown from text.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.files import containers
from chalicelib.files.image_signatures import image_type
from chalicelib.files.media_signatures import container_type, frames_type
from chalicelib.files.text_encoding import beginning, is_text, unmarked
from chalicelib.files.text_signatures import TEXT_HEAD_CHARACTERS, text_types
from chalicelib.files.types import (
    AC3,
    ALIASES,
    AUDIO_MATROSKA,
    AUDIO_MP4,
    AUDIO_OF_VIDEO,
    AUDIO_OGG,
    AUDIO_THREE_GPP,
    AUDIO_THREE_GPP2,
    AUDIO_WEBM,
    AVIF,
    CSV,
    DOC,
    EAC3,
    HEIC,
    HEIF,
    HTML,
    JSON,
    JSON_LINES,
    MATROSKA,
    MP4,
    OLE2,
    PARQUET,
    PDF,
    PREFIXES,
    QUICKTIME,
    RTF,
    SUBRIP,
    SVG,
    TEXT,
    TEXT_FORMATS,
    THREE_GPP,
    THREE_GPP2,
    UNKNOWN,
    VIDEO_OGG,
    WEBM,
    XLS,
    XML,
    ZIP,
)

HEAD_BYTES = 8_192
"""What filetype examines, and all that is read of a file whose type is not allowed."""

_PDF_HEADER = b"%PDF-"
_PDF_HEADER_WITHIN_BYTES = 1_024
"""As in viewers: PDF Reference 1.7, implementation note 13 in appendix H."""

_POSTSCRIPT = "application/postscript"
_PREFIXES = PREFIXES | {b"%!PS": _POSTSCRIPT}
"""Of formats whose files may be printable throughout. Other signatures in text are just text."""

_DECLARES_NOTHING = frozenset({UNKNOWN, "binary/octet-stream"})
"""Generic defaults of HTTP clients and of S3."""

_TEXTUAL_TYPES = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/mbox",
        "application/sql",
        "application/toml",
        "application/typescript",
        "application/vnd.mif",
        "application/vnd.ms-excel",  # declared for CSV by Windows
        "application/x-httpd-php",
        "application/x-javascript",
        "application/x-mif",
        "application/x-sh",
        "application/x-sql",
        "application/x-tex",
        "application/x-toml",
        "application/x-yaml",
        "application/yaml",
        "image/x-portable-anymap",  # of Netpbm, P1 to P3
        "image/x-portable-bitmap",
        "image/x-portable-graymap",
        "image/x-portable-pixmap",
        "image/x-xbitmap",  # this and the next are C
        "image/x-xpixmap",
        JSON,
        JSON_LINES,
        SUBRIP,
        XML,
    }
)
"""Declared types that do not conflict with plain text."""

_TEXTUAL_SUFFIXES = ("+json", "+xml", "+yaml")

_BROADER = {
    ZIP: frozenset(containers.CONTAINERS[ZIP].special_types),
    OLE2: frozenset(containers.CONTAINERS[OLE2].special_types),
    DOC: frozenset({RTF}),  # declared by Windows
    _POSTSCRIPT: frozenset({PDF}),  # declared for Illustrator's files
    XLS: frozenset({CSV}),  # declared by Windows
    JSON: frozenset({JSON_LINES}),
    XML: frozenset({SVG, HTML}),
    HEIF: frozenset({HEIC, AVIF}),
    HEIC: frozenset({HEIF}),  # declared for the file name extension
    MP4: frozenset({AUDIO_MP4, THREE_GPP, AUDIO_THREE_GPP, THREE_GPP2, AUDIO_THREE_GPP2}),
    QUICKTIME: frozenset({MP4, AUDIO_MP4, THREE_GPP, AUDIO_THREE_GPP}),
    THREE_GPP: frozenset({AUDIO_THREE_GPP, MP4, AUDIO_MP4}),  # declared for the file name extension
    AC3: frozenset({EAC3}),  # the same
    MATROSKA: frozenset({AUDIO_MATROSKA, WEBM, AUDIO_WEBM}),
    AUDIO_MATROSKA: frozenset({AUDIO_WEBM}),
    VIDEO_OGG: frozenset({AUDIO_OGG}),
    "application/ogg": frozenset({AUDIO_OGG, VIDEO_OGG}),
    AUDIO_THREE_GPP: frozenset({THREE_GPP}),  # declared by Python for the file name extension
    AUDIO_THREE_GPP2: frozenset({THREE_GPP2}),
    **{
        video: frozenset({audio})
        for video, audio in AUDIO_OF_VIDEO.items()
        if video not in (MP4, MATROSKA, THREE_GPP)
    },
}
"""Declared types that are correct, but less specific, for these detected ones."""

_DELETE = b"\x7f"
_PERMIT_DELETE = frozenset({JSON, JSON_LINES, XML, SVG})
"""RFC 8259, 7; XML 1.0, production 2."""

_PARQUET = (b"PAR1", b"PARE")
"""The second one: its footer is encrypted."""

_CHECKED_HERE = frozenset(
    {
        "application/x-brotli",
        "audio/aac",
        "audio/mpeg",
        "image/bmp",
        "image/x-icon",
        "video/mp4",
        "video/quicktime",
    }
)
"""Types that filetype detects by ambiguous bytes; ignored unless a check here confirms them. Brotli
has no signature."""


def candidate_types(
    head: bytes, declared_type: str | None, *, is_whole_file: bool
) -> Sequence[str]:
    """The candidate MIME types of a file with this head, likeliest first; at least one.

    Several for a container, whose content decides, and for text, which is text/plain unless it
    parses as a more specific format.
    """
    for marker, file_type in _PREFIXES.items():
        if head.startswith(marker):
            return [file_type]
    if container := containers.container_of(head):
        return [container.file_type, *container.special_types]
    pdf = [PDF] if _PDF_HEADER in head[:_PDF_HEADER_WITHIN_BYTES] else []
    if not is_text(head, is_whole_file=is_whole_file):
        if signature := _signature(head):
            return [signature]
        if not unmarked(head, is_whole_file=is_whole_file):
            return pdf or _types_with_delete(head, is_whole_file=is_whole_file) or [UNKNOWN]
    text = beginning(head)[:TEXT_HEAD_CHARACTERS]
    return [*pdf, *_types_of_text(text, _declared(declared_type))]


def conflicts_with(declared_type: str | None, file_type: str) -> bool:
    """Whether the declared type excludes the detected one.

    A value without a slash declares nothing. Case and parameters are ignored.
    """
    declared = _declared(declared_type)
    if declared is None or declared == file_type:
        return False
    if file_type == TEXT:
        return not _is_textual(declared)
    if file_type in _BROADER.get(declared, ()):
        return False
    if file_type in (JSON, JSON_LINES):
        return not declared.endswith("+json")
    return not (file_type == XML and declared.endswith("+xml"))


def _declared(declared_type: str | None) -> str | None:
    """The declared type as its MIME type in the table; None if nothing is declared."""
    declared = (declared_type or "").partition(";")[0].strip().lower()
    if "/" not in declared or declared in _DECLARES_NOTHING:
        return None
    return ALIASES.get(declared, declared)


def _is_textual(declared: str) -> bool:
    return (
        declared.startswith(("text/", "message/"))
        or declared.endswith(_TEXTUAL_SUFFIXES)
        or declared in _TEXTUAL_TYPES
    )


def _signature(head: bytes) -> str | None:
    """The type of a binary file by its signature; None without a known one."""
    if _is_tar(head):
        return "application/x-tar"
    if head[:4] in _PARQUET:
        return PARQUET
    if found := container_type(head) or image_type(head) or frames_type(head):
        return found
    import filetype  # noqa: PLC0415 - no cold start pays for it, and the API never does

    guessed: str | None = filetype.guess_mime(head)
    if guessed in _CHECKED_HERE:
        return None
    return ALIASES.get(guessed or "", guessed)


def _is_tar(head: bytes) -> bool:
    """Whether the first header's checksum is correct; tars may lack a signature.

    POSIX.1, pax, "ustar Interchange Format": the sum of its bytes, its own field as spaces.
    """
    header, field = head[:512], head[148:156]
    try:
        checksum = int(field.strip(b"\0 "), 8)
    except ValueError:
        return False
    return len(header) == 512 and checksum == sum(header) - sum(field) + 8 * ord(" ")


def _types_of_text(text: str, declared: str | None) -> list[str]:
    if declared == TEXT:
        return [TEXT]
    if declared == XLS:
        declared = CSV  # declared by Windows
    from_declaration = [declared] if declared in TEXT_FORMATS else []
    from_content = list(text_types(text))
    # Declared XML may be a more specific format by its beginning; a declared SVG may not.
    first, last = (
        (from_declaration, from_content) if declared == SVG else (from_content, from_declaration)
    )
    return list(dict.fromkeys([*first, *last, TEXT]))


def _types_with_delete(head: bytes, *, is_whole_file: bool) -> list[str]:
    """The candidate types of a text with a DEL, which file(1) does not regard as text."""
    rest = head.replace(_DELETE, b"")
    if rest == head or not is_text(rest, is_whole_file=is_whole_file):
        return []
    return [found for found in text_types(beginning(rest)) if found in _PERMIT_DELETE]
