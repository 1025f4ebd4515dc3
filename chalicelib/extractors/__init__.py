"""Content of a known type -> its metadata, or a refusal; one module a family of types.

An extractor is a module with `extract(content, file_type) -> Found`. It is imported when the first
file of its types comes, so that a cold start pays for no parser that it does not need. Adding a
family is a module and a line for each of its types in `_MODULES`; what each finds is told in
docs/metadata.md.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import BinaryIO, Protocol, cast

from chalicelib.documents import FailureCode, Metadata, MetadataValue
from chalicelib.extractors import containers
from chalicelib.extractors.containers import Container, identifier_of

Found = Mapping[str, MetadataValue | None]
"""What an extractor found, neither cleaned nor bounded. None: the file does not have it."""

_MODULES = {
    "application/json": "json_text",
    "application/pdf": "pdf",
    "application/gzip": "archive",
    "application/x-tar": "archive",
    containers.ZIP: "archive",
    "audio/aiff": "media",
    "audio/flac": "media",
    "audio/mpeg": "media",
    "audio/ogg": "media",
    "audio/wav": "media",
    containers.AUDIO_MP4: "media",
    containers.MP4: "media",
    "video/matroska": "media",
    "video/quicktime": "media",
    "video/webm": "media",
    containers.DOC: "compound",
    containers.PPT: "compound",
    containers.XLS: "compound",
    containers.DOCM: "office",
    containers.DOCX: "office",
    containers.ODP: "office",
    containers.ODS: "office",
    containers.ODT: "office",
    containers.PPTM: "office",
    containers.PPTX: "office",
    containers.XLSM: "office",
    containers.XLSX: "office",
    "application/x-ndjson": "json_text",
    "application/xml": "markup",
    "image/avif": "image",
    "image/bmp": "image",
    "image/gif": "image",
    "image/heic": "image",
    "image/jpeg": "image",
    "image/png": "image",
    "image/svg+xml": "markup",
    "image/tiff": "image",
    "image/webp": "image",
    "message/rfc822": "mail",
    "text/csv": "tabular",
    "text/html": "markup",
    "text/markdown": "text",
    "text/plain": "text",
}

SUPPORTED_TYPES = frozenset(_MODULES)
"""The MIME types that some extractor reads."""

LONGEST_TEXT = 1_024
"""Characters. Keeps a record far below DynamoDB's 400 kB an item:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

_MOST_DIGITS = 38
"""Of a DynamoDB number: the page above, under "Data types"."""


class Refused(Exception):  # noqa: N818 - to refuse a bad file is an outcome, no error
    """The file is bad: a code for programs and a sentence for people, without its content."""

    def __init__(self, code: FailureCode, message: str) -> None:
        """Refuse with what becomes the record's failure."""
        super().__init__(code, message)
        self.code = code
        self.message = message


class Extractor(Protocol):
    """A module of this package that reads a family of types."""

    def extract(self, content: BinaryIO, file_type: str) -> Found:
        """What is found in a content that stands at its start; `Refused` if it is not this type."""


def load(file_type: str) -> Extractor:
    """The extractor of one of `SUPPORTED_TYPES`, imported with its parser."""
    return cast(Extractor, importlib.import_module(f"{__name__}.{_MODULES[file_type]}"))


@cache
def warm_up(file_type: str) -> None:
    """Load the extractor and have it read its `SAMPLE`, if it has one.

    What a parser imports, compiles and looks for with the first file that it reads costs a process
    nothing that is forked from this one.
    """
    sample: bytes | None = getattr(load(file_type), "SAMPLE", None)
    if sample:
        extract(io.BytesIO(sample), file_type)


def extract(content: BinaryIO, file_type: str) -> Metadata:
    """The metadata of a file of one of `SUPPORTED_TYPES`: clean, bounded and JSON-able.

    Reads the content from its start; where it stands afterwards is undefined. Raises `Refused`
    for a bad file, and nothing else that a file can cause, but MemoryError: how much there is
    of it is not the file's doing.
    """
    extractor = load(file_type)
    with _refused_as(file_type):
        content.seek(0)
        return bounded(extractor.extract(content, file_type))


def identify(content: BinaryIO, container: Container) -> str:
    """The MIME type of what is in a container, its own where that is nothing special.

    Raises as `extract` does.
    """
    identifier = identifier_of(container)
    with _refused_as(container.file_type):
        content.seek(0)
        return identifier.identify(content)


@contextlib.contextmanager
def _refused_as(file_type: str) -> Iterator[None]:
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # Parsers let any exception out on a broken file: of the classes that they document, and
        # ValueError, KeyError, RecursionError and more. To us all mean the same.
        raise Refused(FailureCode.UNREADABLE, f"The file cannot be read as {file_type}.") from error


def bounded(found: Found) -> Metadata:
    """The found values fit to be stored; `truncated` names those that were cut or left out."""
    metadata: dict[str, MetadataValue] = {}
    truncated = []
    for name, value in found.items():
        kept, is_whole = _bounded_text(value) if isinstance(value, str) else _bounded_number(value)
        if kept is not None:
            metadata[name] = kept
        if not is_whole:
            truncated.append(name)
    if truncated:
        metadata["truncated"] = ",".join(truncated)
    return metadata


def _bounded_text(text: str) -> tuple[str | None, bool]:
    # Cut before cleaning as well: a title can have 30 million characters.
    window = text[: 4 * LONGEST_TEXT]
    clean = "".join(map(_clean_character, window)).strip()
    is_whole = len(window) == len(text) and len(clean) <= LONGEST_TEXT
    return clean[:LONGEST_TEXT].rstrip() or None, is_whole


def _clean_character(character: str) -> str:
    match unicodedata.category(character):
        case "Cc":
            return " " if character.isspace() else ""
        case "Zl" | "Zp":
            return " "
        case "Cs":
            return "\N{REPLACEMENT CHARACTER}"
        case _:
            return character


def _bounded_number(number: int | None) -> tuple[int | None, bool]:
    if number is not None and abs(number) >= 10**_MOST_DIGITS:
        return None, False
    return number, True
