"""The head of a file -> its candidate types, and whether the declared type conflicts.

The type comes from the bytes, never from a file name. `filetype` detects binary formats by
signature, with corrections here; text is classified by its beginning. If the head leaves several
candidates, `analysis` tries them on the whole file. A declared type only selects among candidates,
which text formats require: no bytes distinguish Markdown from text.
"""

from __future__ import annotations

import importlib
import itertools
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from chalicelib.files import containers
from chalicelib.files.image_signatures import image_type
from chalicelib.files.text_encoding import beginning, is_text, unmarked
from chalicelib.files.types import (
    AC3,
    AIFF,
    ALIASES,
    AMR,
    APE,
    AUDIO_MATROSKA,
    AUDIO_MP4,
    AUDIO_OF_VIDEO,
    AUDIO_OGG,
    AUDIO_THREE_GPP,
    AUDIO_THREE_GPP2,
    AUDIO_WEBM,
    AVIF,
    CALENDAR,
    CSV,
    DOC,
    EAC3,
    HEIC,
    HEIF,
    HTML,
    JSON,
    JSON_LINES,
    MAIL,
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
    VCARD,
    VIDEO_OGG,
    WAV,
    WEBM,
    WEBVTT,
    XLS,
    XML,
    ZIP,
)

HEAD_BYTES = 8_192
"""What filetype examines, and all that is read of a file whose type is not allowed."""

_PDF_HEADER = b"%PDF-"
_PDF_HEADER_WITHIN_BYTES = 1_024
"""As in viewers: PDF Reference 1.7, implementation note 13 in appendix H."""

_PREFIXES = PREFIXES | {b"%!PS": "application/postscript"}
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

_TEXT_HEAD_CHARACTERS = 2_048
"""Characters of a text by which it is classified."""

_HTML_TAG = re.compile(
    r"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s/>]",
    re.IGNORECASE,
)
"""As in browsers, after white space and comments:
https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type"""

_XHTML_TAG = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)

_XML_BEGIN = re.compile(r"\s*<(?:\?[a-z]|!DOCTYPE\s|!--|[A-Za-z_][\w.:-]*[\s/>])")

_BEGINS = {
    CALENDAR: re.compile(r"\s*BEGIN:VCALENDAR\s", re.IGNORECASE),
    VCARD: re.compile(r"\s*BEGIN:VCARD\s", re.IGNORECASE),
    WEBVTT: re.compile(r"WEBVTT(?:\s|\Z)"),
    SUBRIP: re.compile(r"\s*\d{1,9}\s+\d{1,4}:\d\d?:\d\d(?:[,.]\d{1,3})?\s*-->"),
}
"""Beginnings of text formats."""

_MAIL_FIELD = re.compile(
    r"(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version|From|To|Cc|Subject|Date|Reply-To"
    r"|Sender|X-[\w-]+|DKIM-Signature|Content-[\w-]+|Status|ARC-[\w-]+|User-Agent|References):",
    re.IGNORECASE,
)
_ANY_FIELD = re.compile(r"[\x21-\x39\x3b-\x7e]+[ \t]*:|[ \t]+\S")
_MIN_MAIL_FIELDS = 3

_DELIMITERS = ",;"
"""Of an undeclared table. Tabs and bars are common in logs and listings too."""

_MIN_ROWS = 3
"""Of an undeclared table: two lines of prose often have equally many commas."""

_FIRST_BYTES_OF_FRAMES = (b"\xff", b"\x0b", b"\0")
"""Of audio that consists of frames only: the first byte of a frame, or zeros in front."""

_FIRST_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Of QuickTime files: QuickTime File Format, "Atoms"."""

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
    text = beginning(head)[:_TEXT_HEAD_CHARACTERS]
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
    for is_this, file_type in _CHECKS:
        if is_this(head):
            return file_type
    if image := image_type(head):
        return image
    if frames := _frames(head):
        return frames
    import filetype  # noqa: PLC0415 - no cold start pays for it, and the API never does

    guessed: str | None = filetype.guess_mime(head)
    if guessed in _CHECKED_HERE:
        return None
    return ALIASES.get(guessed or "", guessed)


def _frames(head: bytes) -> str | None:
    """The type of audio that consists of frames only; None if it is none."""
    if not head.startswith(_FIRST_BYTES_OF_FRAMES):
        return None
    # Imported here because it takes 3 ms, of which no cold start pays.
    signatures = importlib.import_module(f"{__package__}.extractors.frame_signatures")
    return cast(str | None, signatures.type_of(head))


def _is_wave(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def _is_amr(head: bytes) -> bool:
    return head.startswith((b"#!AMR\n", b"#!AMR-WB\n"))


def _is_monkeys_audio(head: bytes) -> bool:
    """By its signature and version, which is 3.10 to 9.99."""
    return head[:4] == b"MAC " and 3_100 <= int.from_bytes(head[4:6], "little") < 10_000


def _is_quicktime(head: bytes) -> bool:
    """By its brand, or, before QuickTime had brands, by its first atom."""
    is_atom = head[4:8] in _FIRST_ATOMS and int.from_bytes(head[:4], "big") >= 8
    return is_atom or containers.iso_media_type(head) == QUICKTIME


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


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def _is_parquet(head: bytes) -> bool:
    return head[:4] in (b"PAR1", b"PARE")


def _is_ogg_video(head: bytes) -> bool:
    return head[:4] == b"OggS" and b"\x80theora" in head


_CHECKS: Sequence[tuple[Callable[[bytes], bool], str]] = (
    (_is_tar, "application/x-tar"),
    (_is_amr, AMR),
    (_is_monkeys_audio, APE),
    (_is_wave, WAV),
    (_is_quicktime, QUICKTIME),
    (_is_aiff, AIFF),
    (_is_parquet, PARQUET),
    (_is_ogg_video, VIDEO_OGG),
)
"""Formats that filetype misses or confuses."""


def _types_of_text(text: str, declared: str | None) -> list[str]:
    if declared == TEXT:
        return [TEXT]
    if declared == XLS:
        declared = CSV  # declared by Windows
    from_declaration = [declared] if declared in TEXT_FORMATS else []
    from_content = list(_types_from_content(text))
    # Declared XML may be a more specific format by its beginning; a declared SVG may not.
    first, last = (
        (from_declaration, from_content) if declared == SVG else (from_content, from_declaration)
    )
    return list(dict.fromkeys([*first, *last, TEXT]))


def _types_with_delete(head: bytes, *, is_whole_file: bool) -> list[str]:
    """The candidate types of a text with a DEL, which is no text for file(1)."""
    rest = head.replace(_DELETE, b"")
    if rest == head or not is_text(rest, is_whole_file=is_whole_file):
        return []
    return [found for found in _types_from_content(beginning(rest)) if found in _PERMIT_DELETE]


def _types_from_content(text: str) -> Iterator[str]:
    if text.lstrip()[:1] in ("{", "["):
        yield JSON
        yield JSON_LINES
    elif _is_html(text):
        yield HTML
        yield XML
    elif _XML_BEGIN.match(text):
        yield XML
        yield SVG
    elif found := next((name for name, begin in _BEGINS.items() if begin.match(text)), None):
        yield found
    elif _is_mail(text):
        yield MAIL
    elif _is_table(text):
        yield CSV


def _is_html(text: str) -> bool:
    """Whether it begins as HTML does in browsers, or as XHTML."""
    text = _without_comments(text)
    if not text.startswith("<?xml"):
        return bool(_HTML_TAG.match(text))
    return bool(_XHTML_TAG.match(_without_comments(text.partition("?>")[2])))


def _without_comments(text: str) -> str:
    """The text without leading white space and comments."""
    # No regex: crafted comments could make it backtrack.
    while (text := text.lstrip()).startswith("<!--"):
        text = text[4:].partition("-->")[2]
    return text


def _is_mail(text: str) -> bool:
    """Whether it begins with header fields only, enough of which are usual in mails."""
    fields = set()
    # Some exports begin with blank lines, a mail in an mbox with a line of its own.
    lines = list(itertools.dropwhile(operator.not_, _whole_lines(text)))
    for line in lines[bool(lines) and lines[0].startswith("From ") :]:
        if not line:
            break
        if not _ANY_FIELD.match(line):
            return False
        if field := _MAIL_FIELD.match(line):
            fields.add(field.group().lower())
    return len(fields) >= _MIN_MAIL_FIELDS


def _is_table(text: str) -> bool:
    """Whether a delimiter occurs equally often in each of the first lines."""
    lines = _whole_lines(text)[:5]
    for delimiter in _DELIMITERS:
        counts = {line.count(delimiter) for line in lines}
        # One comma per line may be verse.
        if len(lines) >= _MIN_ROWS and len(counts) == 1 and min(counts) >= 2:
            return True
    return False


def _whole_lines(text: str) -> list[str]:
    r"""The complete lines of a text's beginning, which end with \n, \r\n or \r."""
    *ended, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [*ended, last] if last and len(text) < _TEXT_HEAD_CHARACTERS else ended
