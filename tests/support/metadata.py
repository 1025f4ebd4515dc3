"""Extraction and analysis to the end: by the fallback if necessary, as the sandbox does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from chalicelib.documents import Metadata
from chalicelib.files import analysis, extraction
from chalicelib.files.analysis import Analysis
from chalicelib.files.extraction import Unfinished


def extract(content: BinaryIO, file_type: str) -> Metadata:
    """The metadata of a file of this type."""
    found = extraction.extract(content, file_type)
    if isinstance(found, Unfinished):
        return extraction.finish(content, file_type, found.found)
    return found


def analyze(
    content: BinaryIO, candidate_types: Sequence[str], *, with_text: bool = False
) -> Analysis:
    """The result for a content that may have one of these types."""
    found = analysis.analyze(content, candidate_types, with_text=with_text)
    if found.unfinished is not None:
        return analysis.finish(content, found, candidate_types, with_text=with_text)
    return found
