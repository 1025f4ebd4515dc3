"""The head of a file -> the types that it may have, and whether what was declared agrees.

The type comes from the bytes, never from a name. `filetype` finds binary formats by signature; what
it gets wrong is put right here, and a text is looked at for what it begins like. Where the head
leaves several types, `examination` tries them on the whole file; a declared type only chooses among
those, as it must among texts: nothing in the bytes tells Markdown from text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence

from chalicelib.extractors import containers
from chalicelib.extractors.text import is_text

HEAD_BYTES = 8_192
"""What filetype looks at, and all that is read of a file whose type is not wanted."""

TEXT = "text/plain"
UNKNOWN = "application/octet-stream"
_PDF = "application/pdf"
_CSV = "text/csv"
_HTML = "text/html"
_JSON = "application/json"
_JSON_LINES = "application/x-ndjson"
_MAIL = "message/rfc822"
_MARKDOWN = "text/markdown"
_SVG = containers.SVG
_XML = containers.XML

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
    "application/csv": _CSV,
    "application/jsonl": _JSON_LINES,
    "application/jsonlines": _JSON_LINES,
    "application/ndjson": _JSON_LINES,
    "application/x-csv": _CSV,
    "application/x-gzip": "application/gzip",
    "application/x-pdf": _PDF,
    "application/x-zip-compressed": containers.ZIP,  # so Windows declares a zip
    "application/xhtml+xml": _HTML,
    "audio/m4a": containers.AUDIO_MP4,
    "audio/mp3": "audio/mpeg",
    "audio/vnd.wave": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "audio/x-flac": "audio/flac",
    "audio/x-m4a": containers.AUDIO_MP4,
    "audio/x-wav": "audio/wav",
    "image/apng": "image/png",  # every animated PNG is a PNG, and is declared as one
    "image/heif": "image/heic",  # one format with two names, told apart by the codec inside
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-ms-bmp": "image/bmp",
    "image/x-png": "image/png",
    "text/json": _JSON,
    "text/tab-separated-values": _CSV,  # one family: the delimiter is metadata
    "text/x-markdown": _MARKDOWN,
    "text/xml": _XML,
    "video/x-m4v": containers.MP4,
    "video/x-matroska": "video/matroska",
}

_DECLARES_NOTHING = frozenset({UNKNOWN, "binary/octet-stream"})
"""What uploaders send that know no better; the second is S3's own default."""

_TEXTUAL_TYPES = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/mbox",
        "application/sql",
        "application/toml",
        "application/typescript",
        "application/vnd.ms-excel",  # so Windows declares CSV
        "application/x-httpd-php",
        "application/x-javascript",
        "application/x-sh",
        "application/x-sql",
        "application/x-tex",
        "application/x-toml",
        "application/x-yaml",
        "application/yaml",
        _JSON,
        _JSON_LINES,
        _XML,
    }
)
"""Declared types that a plain text does not contradict."""

_TEXTUAL_SUFFIXES = ("+json", "+xml", "+yaml")

_TRIED_WHEN_DECLARED = frozenset({_CSV, _HTML, _JSON, _JSON_LINES, _MAIL, _MARKDOWN, _SVG, _XML})
"""Formats of text that a file may have although it does not begin like one."""

_BROADER = {
    containers.ZIP: frozenset(containers.CONTAINERS[containers.ZIP].special_types),
    containers.OLE2: frozenset(containers.CONTAINERS[containers.OLE2].special_types),
    containers.XLS: frozenset({_CSV}),
    _JSON: frozenset({_JSON_LINES}),
    _XML: frozenset({_SVG, _HTML}),
}
"""Declared types that are true of these, if less exact."""

_WORDS_AT_START = 2_048
"""Characters of a text in which its beginning is looked for."""

_HTML_TAG = re.compile(
    r"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s/>]",
    re.IGNORECASE,
)
"""As browsers have it, after blanks and comments:
https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type"""

_XHTML_TAG = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)

_XML_BEGIN = re.compile(r"\s*<(?:\?[a-z]|!DOCTYPE\s|!--|[A-Za-z_][\w.:-]*[\s/>])")

_MAIL_FIELD = re.compile(
    r"(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version|From|To|Cc|Subject|Date|Reply-To"
    r"|Sender|X-[\w-]+|DKIM-Signature|Content-[\w-]+|Status|ARC-[\w-]+|User-Agent|References):",
    re.IGNORECASE,
)
_ANY_FIELD = re.compile(r"[\x21-\x39\x3b-\x7e]+[ \t]*:|[ \t]+\S")
_FEWEST_MAIL_FIELDS = 3

_DELIMITERS = ",;"
"""Of a table that nobody declared. Tabs and bars stand in logs and listings as well."""

_FEWEST_ROWS = 3
"""Of such a table: two lines of prose may well have as many commas."""

_BITMAP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Sizes of a BMP's second header: https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types"""

_EBML = b"\x1a\x45\xdf\xa3"
_DOCUMENT_TYPE_WITHIN_BYTES = 64
"""The head of a Matroska file holds a few numbers and its document type: RFC 8794, 11.2."""

_CHECKED_HERE = frozenset({"application/x-brotli", "audio/mpeg", "image/bmp"})
"""What filetype finds by bytes that anything may begin with, and is not these by `_CHECKS`. Brotli
has no signature at all."""


def possible_types(head: bytes, declared_type: str | None, *, is_whole_file: bool) -> Sequence[str]:
    """The MIME types that a file beginning like this may have, likeliest first; never none.

    Several for a container, whose inside decides, and for a text, which is text/plain unless it
    is good as something more special.
    """
    for marker, file_type in _TEXTUAL_FORMATS.items():
        if head.startswith(marker):
            return [file_type]
    if container := containers.container_of(head):
        return [container.file_type, *container.special_types]
    pdf = [_PDF] if _PDF_MARKER in head[:_PDF_MARKER_WITHIN_BYTES] else []
    if is_text(head, is_whole_file=is_whole_file):
        return [*pdf, *_types_of_text(_decoded(head), _declared(declared_type))]
    signature = _signature(head)
    return [signature] if signature else pdf or [UNKNOWN]


def contradicts(declared_type: str | None, file_type: str) -> bool:
    """Whether the uploader said something else than what the bytes are.

    A declared type without a slash is none, so it declares nothing. What does have one is compared
    without its parameters and case, however odd it is.
    """
    declared = _declared(declared_type)
    if declared is None or declared == file_type:
        return False
    if file_type == TEXT:
        return not _is_textual(declared)
    if file_type in _BROADER.get(declared, ()):
        return False
    if file_type in (_JSON, _JSON_LINES):
        return not declared.endswith("+json")
    return not (file_type == _XML and declared.endswith("+xml"))


def _declared(declared_type: str | None) -> str | None:
    """What was declared in the words used here; None where that is nothing."""
    declared = (declared_type or "").partition(";")[0].strip().lower()
    if "/" not in declared or declared in _DECLARES_NOTHING:
        return None
    return _ALIASES.get(declared, declared)


def _is_textual(declared: str) -> bool:
    return (
        declared.startswith(("text/", "message/"))
        or declared.endswith(_TEXTUAL_SUFFIXES)
        or declared in _TEXTUAL_TYPES
    )


def _signature(head: bytes) -> str | None:
    """The type that a binary file's signature stands for, None where there is none."""
    for is_this, file_type in _CHECKS:
        if is_this(head):
            return file_type
    import filetype  # noqa: PLC0415 - no cold start pays for it, and the API never does

    found: str | None = filetype.guess_mime(head)
    if found in _CHECKED_HERE and not head.startswith(b"ID3"):
        return None
    return _ALIASES.get(found or "", found)


def _is_mpeg_frame(head: bytes) -> bool:
    """Whether this is the header of an MP3's frame, ISO/IEC 11172-3, 2.4.2.3: sync, layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    version, bit_rate, sample_rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and 0 < bit_rate < 15 and sample_rate != 3


def _is_tar(head: bytes) -> bool:
    """Whether the first header's checksum is right, which even tars without a signature have.

    POSIX.1, pax, "ustar Interchange Format": the sum of its bytes, its own field taken for blanks.
    """
    header, field = head[:512], head[148:156]
    try:
        said = int(field.strip(b"\0 "), 8)
    except ValueError:
        return False
    return len(header) == 512 and said == sum(header) - sum(field) + 8 * ord(" ")


def _is_bitmap(head: bytes) -> bool:
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def _is_webm(head: bytes) -> bool:
    return head[:4] == _EBML and b"webm" in head[:_DOCUMENT_TYPE_WITHIN_BYTES]


def _is_matroska(head: bytes) -> bool:
    return head[:4] == _EBML and b"matroska" in head[:_DOCUMENT_TYPE_WITHIN_BYTES]


def _is_theora(head: bytes) -> bool:
    return head[:4] == b"OggS" and b"\x80theora" in head


_CHECKS: Sequence[tuple[Callable[[bytes], bool], str]] = (
    (_is_tar, "application/x-tar"),
    (_is_mpeg_frame, "audio/mpeg"),
    (_is_bitmap, "image/bmp"),
    (_is_aiff, "audio/aiff"),
    (_is_theora, "video/ogg"),
    (_is_webm, "video/webm"),
    (_is_matroska, "video/matroska"),
)
"""What filetype takes for something else, or takes anything for."""


def _decoded(head: bytes) -> str:
    """The beginning of a text without its byte order mark."""
    is_utf_16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if is_utf_16 else "utf-8-sig", errors="replace")
    return text[:_WORDS_AT_START]


def _types_of_text(text: str, declared: str | None) -> list[str]:
    if declared == TEXT:
        return [TEXT]
    if declared == containers.XLS:
        declared = _CSV  # so Windows declares one
    asked = [declared] if declared in _TRIED_WHEN_DECLARED else []
    shown = list(_types_shown(text))
    # XML may be something more exact that is shown; an SVG can only be one.
    first, last = (asked, shown) if declared == _SVG else (shown, asked)
    return list(dict.fromkeys([*first, *last, TEXT]))


def _types_shown(text: str) -> Iterator[str]:
    if text.lstrip()[:1] in ("{", "["):
        yield _JSON
        yield _JSON_LINES
    elif _is_html(text):
        yield _HTML
        yield _XML
    elif _XML_BEGIN.match(text):
        yield _XML
        yield _SVG
    elif _is_mail(text):
        yield _MAIL
    elif _is_table(text):
        yield _CSV


def _is_html(text: str) -> bool:
    """Whether it begins as browsers have HTML begin, or as XHTML."""
    text = _without_comments(text)
    if not text.startswith("<?xml"):
        return bool(_HTML_TAG.match(text))
    return bool(_XHTML_TAG.match(_without_comments(text.partition("?>")[2])))


def _without_comments(text: str) -> str:
    """The text from behind the blanks and comments that it begins with."""
    # No regex: whoever writes the comments could make it try all ways to part them.
    while (text := text.lstrip()).startswith("<!--"):
        text = text[4:].partition("-->")[2]
    return text


def _is_mail(text: str) -> bool:
    """Whether it begins with enough of a mail's header fields and nothing else."""
    fields = set()
    lines = _whole_lines(text)
    for line in lines[text.startswith("From ") :]:  # as mail boxes and some programs begin a mail
        if not line:
            break
        if not _ANY_FIELD.match(line):
            return False
        if field := _MAIL_FIELD.match(line):
            fields.add(field.group().lower())
    return len(fields) >= _FEWEST_MAIL_FIELDS


def _is_table(text: str) -> bool:
    """Whether some delimiter is in each of its first lines, equally often, as in no prose."""
    lines = _whole_lines(text)[:5]
    for delimiter in _DELIMITERS:
        counts = {line.count(delimiter) for line in lines}
        # One comma a line may be verse.
        if len(lines) >= _FEWEST_ROWS and len(counts) == 1 and min(counts) >= 2:
            return True
    return False


def _whole_lines(text: str) -> list[str]:
    r"""The lines of a text's beginning, which end with \n, \r\n or \r; without one that was cut."""
    *ended, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [*ended, last] if last and len(text) < _WORDS_AT_START else ended
