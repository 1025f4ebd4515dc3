"""The answer of a sandbox's child, which may have been taken over by the file that it analyzed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from chalicelib.documents import Failure, FailureCode
from chalicelib.files import metadata
from chalicelib.files.analysis import Analysis
from chalicelib.files.containers import CONTAINERS
from chalicelib.files.sandbox_protocol import MAX_MESSAGE_BYTES
from chalicelib.files.types import FILE_TYPES

_REJECTION_CODES = {FailureCode.ENCRYPTED.value, FailureCode.UNREADABLE.value}
"""The codes that extractors use."""

_MAX_MESSAGE = 200
"""Characters of an extractor's rejection message."""

_MIME_TYPE = re.compile("[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")


def validated(
    answer: bytes, candidate_types: Sequence[str], *, may_be_unfinished: bool
) -> Analysis:
    """The answer, if `analysis.analyze` or, where all is finished, `finish` can have returned it.

    Raises:
        ValueError, RecursionError: they cannot.
    """
    if len(answer) > MAX_MESSAGE_BYTES:
        raise ValueError("the answer exceeds its limit")
    match json.loads(answer.decode("utf-8")):
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
