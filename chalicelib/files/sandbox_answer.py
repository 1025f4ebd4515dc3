"""The answer of a sandbox's child, which may have been taken over by the file that it analyzed."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.documents import Failure, FailureCode
from chalicelib.files import metadata
from chalicelib.files.analysis import Analysis
from chalicelib.files.containers import CONTAINERS
from chalicelib.files.extracted_text import MAX_TEXT_BYTES, ExtractedText
from chalicelib.files.sandbox_protocol import MAX_MESSAGE_BYTES, TEXT, TEXT_FOLLOWS
from chalicelib.files.types import FILE_TYPES

_REJECTION_CODES = {FailureCode.ENCRYPTED.value, FailureCode.UNREADABLE.value}
"""The codes that extractors use."""

_CHUNK_BYTES = 65_536

_MAX_MESSAGE = 200
"""Characters of an extractor's rejection message."""

_MIME_TYPE = re.compile("[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")


def validated(
    answer: bytes | bytearray,
    candidate_types: Sequence[str],
    *,
    may_be_unfinished: bool,
    with_text: bool = False,
) -> Analysis:
    """The answer, if `analysis.analyze` or, where all is finished, `finish` can have returned it.

    Args:
        answer: of the child.
        candidate_types: of the request.
        may_be_unfinished: whether the child has run an extractor.
        with_text: whether the text was asked for.

    Raises:
        ValueError, RecursionError: they cannot.
    """
    end = answer.find(TEXT_FOLLOWS)
    message = answer if end < 0 else answer[:end]
    if len(message) > MAX_MESSAGE_BYTES:
        raise ValueError("the answer exceeds its limit")
    found = json.loads(message.decode("utf-8"))
    if end < 0:
        return _analysis(found, candidate_types, may_be_unfinished=may_be_unfinished)
    described = found.pop(TEXT, None) if isinstance(found, dict) else None
    analysis = _analysis(found, candidate_types, may_be_unfinished=may_be_unfinished)
    if not with_text or not _may_have_text(analysis):
        raise ValueError("a text that was not asked for")
    content = bytes(memoryview(answer)[end + len(TEXT_FOLLOWS) :])
    return replace(analysis, text=_text(content, described))


def _text(content: bytes, described: object) -> ExtractedText:
    match described:
        case [int(length), bool(is_truncated)] if length == len(content) <= MAX_TEXT_BYTES:
            return ExtractedText(content, _character_count(content), is_truncated)
    raise ValueError("the text is incomplete or exceeds its limit")


def _character_count(content: bytes) -> int:
    """The number of characters; raises ValueError if it is not UTF-8.

    Decoded as a whole, the text would take up to four times its size.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    pieces = (content[at : at + _CHUNK_BYTES] for at in range(0, len(content), _CHUNK_BYTES))
    count = sum(len(decoder.decode(piece)) for piece in pieces)
    return count + len(decoder.decode(b"", final=True))


def _may_have_text(analysis: Analysis) -> bool:
    is_read = analysis.metadata is not None or analysis.unfinished is not None
    return is_read and FILE_TYPES[analysis.file_type].has_text


def _analysis(
    answer: object, candidate_types: Sequence[str], *, may_be_unfinished: bool
) -> Analysis:
    match answer:
        case {"fileType": str() as file_type, "metadata": dict() as found, **others} if (
            file_type in candidate_types and not others
        ):
            return Analysis(file_type, metadata.check(found, file_type))
        case {
            "fileType": str() as file_type,
            "rejected": [str() as code, str() as message],
            **others,
        } if (
            file_type in {*candidate_types, *CONTAINERS}
            and not others
            and code in _REJECTION_CODES
            and len(message) <= _MAX_MESSAGE
            and message.isprintable()
        ):
            return Analysis(file_type, failure=Failure(FailureCode(code), message))
        case {"fileType": str() as file_type, "unfinished": dict() as found, **others} if (
            may_be_unfinished
            and file_type in candidate_types
            and FILE_TYPES[file_type].fallback
            and not others
        ):
            return Analysis(file_type, unfinished=metadata.check(found, file_type))
        case {"fileType": str() as file_type, **others} if (
            file_type not in candidate_types and _MIME_TYPE.fullmatch(file_type) and not others
        ):
            return Analysis(file_type)
    raise ValueError("neither metadata nor a rejection")
