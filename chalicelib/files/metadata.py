"""The metadata of a file: the names that each extractor may return, and their bounds.

A value is recorded only if the bytes of the file establish it: unknown is absent, never 0 or False.
What an extractor returns is bounded here, in the sandbox, and checked against the same bounds by
the Lambda, which does not trust the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.documents import Metadata, MetadataValue
from chalicelib.files.types import FILE_TYPES

RawMetadata = Mapping[str, MetadataValue | None]
"""The values that an extractor returns, neither cleaned nor bounded. None: absent from the file."""

MAX_METADATA_BYTES = 4_096
"""Of all names and values, as DynamoDB measures an item. Bounds the write units that a file costs:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""

MAX_TEXT_CHARACTERS = 1_024
"""Of one value."""

MAX_NUMBER = 2**53
"""Numbers are counts and sizes; up to here, JSON readers represent them exactly: RFC 8259, 6."""

TRUNCATED = "truncated"
"""Name of the value that lists the names of shortened and dropped values."""

_NUMBER_BYTES = 21
"""The size of a number in DynamoDB, at most."""

_DOCUMENT = dict.fromkeys(
    ("title", "author", "subject", "keywords", "createdAt", "modifiedAt"), str
)

_MESSAGE = {
    **dict.fromkeys(("wordCount", "toCount", "ccCount", "attachmentCount"), int),
    **dict.fromkeys(("subject", "from", "to", "messageId", "sentAt", "attachmentNames"), str),
}

NAMES: Mapping[str, Mapping[str, type[MetadataValue]]] = {
    "archive": {
        **dict.fromkeys(("entryCount", "claimedUnpackedSize"), int),
        **dict.fromkeys(("storedName", "modifiedAt"), str),
        "encrypted": bool,
    },
    "calendar": {
        **dict.fromkeys(("eventCount", "taskCount"), int),
        **dict.fromkeys(("title", "application", "encoding"), str),
    },
    "csv_table": {
        **dict.fromkeys(("wordCount", "characterCount", "lineCount"), int),
        **dict.fromkeys(("columnCount", "rowCount"), int),
        **dict.fromkeys(("encoding", "delimiter"), str),
    },
    "epub": {
        **dict.fromkeys(("title", "author", "language"), str),
        "wordCount": int,
    },
    "image": {
        **dict.fromkeys(("width", "height", "orientation", "bitDepth"), int),
        **dict.fromkeys(("frameCount", "imageCount"), int),
        **dict.fromkeys(("colorMode", "takenAt", "cameraMake", "cameraModel", "software"), str),
        "hasGpsPosition": bool,
    },
    "json_text": {
        **dict.fromkeys(("recordCount", "memberCount", "depth"), int),
        "topLevel": str,
    },
    "mail": _MESSAGE,
    "markup": {
        **dict.fromkeys(("wordCount", "elementCount", "width", "height"), int),
        **dict.fromkeys(("title", "encoding", "rootElement", "rootNamespace", "viewBox"), str),
        "hasScripts": bool,
    },
    "media": {
        **dict.fromkeys(("durationMilliseconds", "channels", "sampleRate", "bitRate"), int),
        **dict.fromkeys(("width", "height"), int),
        **dict.fromkeys(("codec", "title", "artist", "album", "genre", "year"), str),
    },
    "office": {
        **_DOCUMENT,
        **dict.fromkeys(("lastModifiedBy", "application"), str),
        **dict.fromkeys(
            ("wordCount", "sheetCount", "slideCount", "pageCount", "statedPageCount"), int
        ),
        "hasMacros": bool,
    },
    "ole2": {
        **_DOCUMENT,
        **dict.fromkeys(("lastModifiedBy", "application"), str),
        **dict.fromkeys(("statedPageCount", "statedWordCount", "sheetCount", "slideCount"), int),
        "hasMacros": bool,
    },
    "outlook": _MESSAGE,
    "parquet": dict.fromkeys(("rowCount", "columnCount"), int),
    "pdf": {
        **_DOCUMENT,
        **dict.fromkeys(("creator", "producer", "pdfVersion", "pdfAClaim", "unread"), str),
        **dict.fromkeys(("pageCount", "wordCount", "pagesWithoutText"), int),
        **dict.fromkeys(("pageWidth", "pageHeight"), int),
        **dict.fromkeys(("encrypted", "hasTextLayer", "hasScripts", "hasForms"), bool),
        **dict.fromkeys(("hasAttachments", "hasSignatures"), bool),
    },
    "rtf": {
        **dict.fromkeys(("title", "author"), str),
        "wordCount": int,
    },
    "subtitles": {
        **dict.fromkeys(("cueCount", "wordCount", "durationMilliseconds"), int),
        "encoding": str,
    },
    "text": {
        **dict.fromkeys(("wordCount", "characterCount", "lineCount"), int),
        "encoding": str,
    },
    "vcard": {"contactCount": int, "encoding": str},
}
"""Names and classes of the values, by the module in `extractors/`."""


def bounded(found: RawMetadata) -> Metadata:
    """The values, cleaned and within all bounds; `truncated` lists those shortened or dropped."""
    limit = MAX_TEXT_CHARACTERS
    while True:
        metadata = _bounded(found, limit)
        if size_bytes(metadata) <= MAX_METADATA_BYTES:
            return metadata
        limit //= 2


def check(metadata: Mapping[str, object], file_type: str) -> Metadata:
    """The metadata, if the extractor of this type can have returned it through `bounded`.

    Raises:
        ValueError: it cannot.
    """
    names = {**NAMES[FILE_TYPES[file_type].extractor], TRUNCATED: str}
    checked: dict[str, MetadataValue] = {}
    for name, value in metadata.items():
        if name not in names or type(value) is not names[name]:
            raise ValueError("invalid metadata names or values")
        checked[name] = value
    if checked != bounded(checked):
        raise ValueError("metadata values exceed their bounds")
    return checked


def size_bytes(metadata: Metadata) -> int:
    """The size that DynamoDB counts for these attributes, at most."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in metadata.items())


def _value_bytes(value: MetadataValue) -> int:
    return len(value.encode()) if isinstance(value, str) else _NUMBER_BYTES


def _bounded(found: RawMetadata, max_characters: int) -> Metadata:
    metadata: dict[str, MetadataValue] = {}
    truncated = []
    for name, value in found.items():
        kept, is_whole = _bounded_value(value, max_characters)
        if kept is not None:
            metadata[name] = kept
        if not is_whole:
            truncated.append(name)
    if truncated:
        metadata[TRUNCATED] = ",".join(truncated)
    return metadata


def _bounded_value(
    value: MetadataValue | None, max_characters: int
) -> tuple[MetadataValue | None, bool]:
    """The value within its bounds, or None, and whether it is whole."""
    if isinstance(value, str):
        return _bounded_text(value, max_characters)
    is_within = value is None or 0 <= value <= MAX_NUMBER
    return (value if is_within else None), is_within


def _bounded_text(text: str, max_characters: int) -> tuple[str | None, bool]:
    # Cut before cleaning as well: a title can have 30 million characters.
    window = text[: 4 * max_characters]
    clean = (window if window.isprintable() else _clean(window)).strip()
    is_whole = len(window) == len(text) and len(clean) <= max_characters
    return clean[:max_characters].rstrip() or None, is_whole


def _clean(text: str) -> str:
    from unicodedata import category  # noqa: PLC0415 - loading its tables costs 2 ms of a cold start

    return "".join(_clean_character(character, category(character)) for character in text)


def _clean_character(character: str, category: str) -> str:
    match category:
        case "Cc":
            return " " if character.isspace() else ""
        case "Zl" | "Zp":
            return " "
        case "Cs":
            return "\N{REPLACEMENT CHARACTER}"
        case _:
            return character
