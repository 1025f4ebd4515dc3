"""text/vcard: vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350)."""

from __future__ import annotations

from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import content_lines
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import text
from chalicelib.files.metadata import RawMetadata


def prepare() -> None:
    """Load what extraction would load lazily: that of `text`."""
    text.prepare()


def extract(content: BinaryIO, file_type: str) -> RawMetadata:  # noqa: ARG001 - one type only
    """The number of contacts.

    - contactCount: vCards, without those within another one (AGENT of vCard 2.1).
    - encoding: as of a text.
    """
    found, encoding = text.read(content)
    contacts = 0
    for components, name, _ in content_lines.properties(text.decoded_chunks(content, encoding)):
        if components[0] != "VCARD":
            raise FileRejectedError(FailureCode.UNREADABLE, "The text is not a vCard file.")
        contacts += name == "BEGIN" and len(components) == 1
    if not contacts:
        raise FileRejectedError(FailureCode.UNREADABLE, "The text has no vCard.")
    return {"encoding": found["encoding"], "contactCount": contacts}
