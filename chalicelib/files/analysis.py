"""A whole file and its candidate types -> its type and metadata, or a rejection.

Runs in the sandbox's child (sandbox.py): everything that follows a file's structure. If the parser
of one candidate type rejects the file, the next candidate is tried. A file that exceeds a limit of
one type is not recorded as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.files.containers import (
    CONTAINERS,
    HEAD_BYTES,
    Container,
    container_of,
    detector_for,
    type_by_root,
)
from chalicelib.files.extracted_text import ExtractedText, TextCollector
from chalicelib.files.extraction import (
    FileRejectedError,
    LimitExceededError,
    Unfinished,
    detect,
    extract,
    warm_up,
    warm_up_fallback,
)
from chalicelib.files.extraction import finish as finish_extraction
from chalicelib.files.types import FILE_TYPES, SVG, TEXT, XML


@dataclass(frozen=True, slots=True)
class Analysis:
    """Type and metadata of a file. If no candidate matches, everything but the type is None."""

    file_type: str
    """MIME type."""
    metadata: Metadata | None = None
    failure: Failure | None = None
    unfinished: Metadata | None = None
    """What was found so far; `finish` has to be called with it."""
    text: ExtractedText | None = None
    """None if it was not asked for, or there is none."""


def tried_types(candidate_types: Sequence[str]) -> Sequence[str]:
    """The types whose extractors `analyze` runs; `finish` tries those after one with a fallback."""
    has_fallback = [bool(FILE_TYPES[file_type].fallback) for file_type in candidate_types]
    return candidate_types[: has_fallback.index(True) + 1] if any(has_fallback) else candidate_types


def prepare(candidate_types: Sequence[str]) -> None:
    """Import and warm up what `analyze` uses for these types."""
    for file_type in tried_types(candidate_types):
        warm_up(file_type)
        for container in (file_type, *FILE_TYPES[file_type].containers):
            if container in CONTAINERS:
                detector_for(CONTAINERS[container])


def prepare_fallbacks(candidate_types: Sequence[str]) -> None:
    """Import and warm up what `finish` uses for these types."""
    for file_type in candidate_types:
        if FILE_TYPES[file_type].fallback:
            warm_up_fallback(file_type)
        else:
            prepare([file_type])


def analyze(
    content: BinaryIO, candidate_types: Sequence[str], *, with_text: bool = False
) -> Analysis:
    """The type and metadata of a content that has one of these supported types.

    Args:
        content: seekable.
        candidate_types: likeliest first; if all reject the file, an exceeded limit is returned,
            else the first reason. A container's content may have a type that is not among them.
        with_text: whether to collect the text as well.

    Raises:
        MemoryError: the process is out of memory; a file causes no other exception.
    """
    content.seek(0)
    container = container_of(content.read(HEAD_BYTES))
    if container:
        return _analyze_container(content, container, candidate_types, with_text=with_text)
    rejected: list[Analysis] = []
    exceeded: list[Analysis] = []
    for file_type in candidate_types:
        if exceeded and file_type == TEXT:
            break
        try:
            found = _extracted(content, file_type, with_text=with_text)
            return _by_root(found, candidate_types)
        except LimitExceededError as rejection:
            exceeded.append(_rejected(file_type, rejection))
        except FileRejectedError as rejection:
            rejected.append(_rejected(file_type, rejection))
            if rejection.code is not FailureCode.UNREADABLE:
                break
    return [*exceeded, *rejected][0]


def finish(
    content: BinaryIO,
    unfinished: Analysis,
    candidate_types: Sequence[str] = (),
    *,
    with_text: bool = False,
) -> Analysis:
    """The result for a file that `analyze` returned unfinished, by the fallback of its type.

    Args:
        content: seekable.
        unfinished: the analysis.
        candidate_types: those of `analyze`; the ones after the type are tried if the file is not
            of this type after all.
        with_text: whether to collect the text, if the analysis has not done so.

    Raises as `analyze` does.
    """
    file_type, found = unfinished.file_type, unfinished.unfinished or {}
    text = TextCollector() if with_text else None
    try:
        metadata = finish_extraction(content, file_type, found, text)
        return Analysis(file_type, metadata, text=unfinished.text or _result_of(text))
    except FileRejectedError as rejection:
        rejected = _rejected(file_type, rejection)
        if rejection.code is not FailureCode.UNREADABLE or file_type not in candidate_types:
            return rejected
    others = candidate_types[candidate_types.index(file_type) + 1 :]
    other = analyze(content, others, with_text=with_text) if others else rejected
    return rejected if other.failure else other


def _analyze_container(
    content: BinaryIO, container: Container, candidate_types: Sequence[str], *, with_text: bool
) -> Analysis:
    try:
        file_type = detect(content, container)
    except FileRejectedError as rejection:
        only = candidate_types[0] if len(candidate_types) == 1 else container.file_type
        return _rejected(only, rejection)
    if file_type not in candidate_types:
        return Analysis(file_type)
    try:
        return _extracted(content, file_type, with_text=with_text)
    except FileRejectedError as rejection:
        return _rejected(file_type, rejection)


def _by_root(analysis: Analysis, candidate_types: Sequence[str]) -> Analysis:
    """The analysis with the type that the XML's root element determines, if that is a candidate."""
    found = analysis.metadata or {}
    if analysis.file_type != XML or SVG not in candidate_types:
        return analysis
    return replace(
        analysis, file_type=type_by_root(found["rootElement"], found.get("rootNamespace"))
    )


def _extracted(content: BinaryIO, file_type: str, *, with_text: bool) -> Analysis:
    text = TextCollector() if with_text else None
    found = extract(content, file_type, text)
    if isinstance(found, Unfinished):
        return Analysis(file_type, unfinished=found.found, text=_result_of(text))
    return Analysis(file_type, found, text=_result_of(text))


def _result_of(text: TextCollector | None) -> ExtractedText | None:
    return text.result() if text else None


def _rejected(file_type: str, rejection: FileRejectedError) -> Analysis:
    return Analysis(file_type, failure=Failure(rejection.code, rejection.message))
