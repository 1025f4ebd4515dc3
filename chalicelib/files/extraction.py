"""Content of a known type -> its metadata, or a rejection.

An extractor is a module in `extractors/` with `extract(content, file_type) -> RawMetadata`. It is
imported with the first file of its types, so that a cold start imports no unused parser. That of a
type with text also takes a `TextCollector` and adds to it the text whose words it counts. It may
return `Unfinished`: then the type's fallback reads the file with a parser that is too expensive to
be imported for every file.
docs/metadata.md lists the metadata of each type.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import BinaryIO, Protocol, cast

from chalicelib.documents import FailureCode, Metadata
from chalicelib.files.containers import Container, detector_for
from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.metadata import RawMetadata, bounded
from chalicelib.files.types import FILE_TYPES


class FileRejectedError(Exception):
    """The file is invalid: a code for programs, a sentence for people, no file content."""

    def __init__(self, code: FailureCode, message: str) -> None:
        """Store the code and the message of the record's failure."""
        super().__init__(code, message)
        self.code = code
        self.message = message


class DocumentEncryptedError(FileRejectedError):
    """The document is encrypted as a whole."""

    def __init__(self) -> None:
        """Store the code and the message."""
        super().__init__(FailureCode.ENCRYPTED, "The document is encrypted.")


class LimitExceededError(FileRejectedError):
    """The file exceeds a limit of its type, so it is not recorded as a less specific type."""

    def __init__(self, message: str) -> None:
        """Store the message, which names the limit."""
        super().__init__(FailureCode.UNREADABLE, message)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The type's fallback has to read the file."""

    found: Metadata
    """What the extractor found, which the fallback does not read again."""


class Extractor(Protocol):
    """A module in `extractors/`."""

    def extract(self, content: BinaryIO, file_type: str) -> RawMetadata | Unfinished:
        """The metadata of a content positioned at its start.

        Raises any exception if it is not of this type; `FileRejectedError` gives the reason.
        """


class TextExtractor(Protocol):
    """A module in `extractors/` for types with text."""

    def extract(
        self, content: BinaryIO, file_type: str, text: TextCollector | None
    ) -> RawMetadata | Unfinished:
        """As that of an Extractor; adds the text, if it is passed a collector."""


class Fallback(Protocol):
    """A module in `extractors/` that reads what an extractor returned unfinished."""

    def extract(
        self, content: BinaryIO, file_type: str, found: Metadata, text: TextCollector | None
    ) -> RawMetadata:
        """The metadata of a content positioned at its start; raises as an extractor does.

        Adds the text, if it is passed a collector and nothing was found.
        """


def load(file_type: str) -> Extractor | TextExtractor:
    """Import the extractor of one of `FILE_TYPES`."""
    return cast(Extractor | TextExtractor, _module(FILE_TYPES[file_type].extractor))


def _fallback_of(file_type: str) -> Fallback:
    """Import the fallback of a type that has one."""
    return cast(Fallback, _module(FILE_TYPES[file_type].fallback))


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.extractors.{name}")


@cache
def warm_up(file_type: str) -> None:
    """Import the extractor, call its `prepare` and extract from its `SAMPLE`, if it has them.

    Processes forked afterwards skip what a parser imports and compiles with its first file, and
    can extract without opening any file.
    """
    extractor = load(file_type)
    prepare: Callable[[], None] | None = getattr(extractor, "prepare", None)
    if prepare:
        prepare()
    sample: bytes | None = getattr(extractor, "SAMPLE", None)
    if sample:
        extract(io.BytesIO(sample), file_type)


@cache
def warm_up_fallback(file_type: str) -> None:
    """Import the fallback of a type that has one, and extract from its `SAMPLE`."""
    sample: bytes | None = getattr(_fallback_of(file_type), "SAMPLE", None)
    if sample:
        finish(io.BytesIO(sample), file_type, {})


def extract(
    content: BinaryIO, file_type: str, text: TextCollector | None = None
) -> Metadata | Unfinished:
    """The metadata of a file of one of `FILE_TYPES`: clean, bounded and JSON-able.

    Reads the content from its start; its position afterwards is undefined. If it is unfinished,
    `finish` has to be called.

    Args:
        content: seekable.
        file_type: one of `FILE_TYPES`.
        text: is filled with the text of a type that has one; undefined if this raises.

    Raises:
        FileRejectedError: the file is invalid. Every other exception of a parser becomes this.
        MemoryError: the process is out of memory.
    """
    extractor = load(file_type)
    with _rejected_as(file_type):
        content.seek(0)
        if text and FILE_TYPES[file_type].has_text:
            found = cast(TextExtractor, extractor).extract(content, file_type, text)
        else:
            found = cast(Extractor, extractor).extract(content, file_type)
        return found if isinstance(found, Unfinished) else bounded(found)


def finish(
    content: BinaryIO, file_type: str, found: Metadata, text: TextCollector | None = None
) -> Metadata:
    """The metadata of a file that `extract` returned unfinished; takes what that takes.

    What was found may come from a process that a file has taken over: the fallback rejects the file
    if it is malformed.

    Raises as `extract` does.
    """
    fallback = _fallback_of(file_type)
    with _rejected_as(file_type):
        content.seek(0)
        return bounded(fallback.extract(content, file_type, found, text))


def detect(content: BinaryIO, container: Container) -> str:
    """The MIME type of a container's content; that of the container if it has no special type.

    Raises as `extract` does.
    """
    detector = detector_for(container)
    with _rejected_as(container.file_type):
        content.seek(0)
        return detector.detect(content)


@contextlib.contextmanager
def as_far_as_readable(text: TextCollector) -> Iterator[None]:
    """Cut the text where the block fails, for types that are not rejected for their text."""
    try:
        yield
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - as below
        text.truncate()


@contextlib.contextmanager
def _rejected_as(file_type: str) -> Iterator[None]:
    try:
        yield
    except (FileRejectedError, MemoryError):
        raise
    except Exception as error:
        # Parsers raise exceptions of any class on a malformed file: documented ones, ValueError,
        # KeyError, RecursionError and more.
        raise FileRejectedError(
            FailureCode.UNREADABLE, f"The file cannot be read as {file_type}."
        ) from error
