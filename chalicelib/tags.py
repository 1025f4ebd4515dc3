"""Tags of a document: pairs of key and value that travel as object metadata.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from chalicelib.documents import decode_rfc2047

MAX_TAGS = 10
"""Of a document. S3's limit of 2 KB for an object's metadata may allow fewer."""
MAX_KEY_CHARACTERS = 64
MAX_VALUE_CHARACTERS = 256
NO_CONTROL_CHARACTERS = r"^[^\u0000-\u001f\u007f-\u009f]*$"
"""Of keys and values."""


def encode_tags(tags: Mapping[str, str]) -> str:
    """Object metadata `tags`: `key=value&key2=value2` in percent-encoded UTF-8, sorted by key.

    The form of S3's own header x-amz-tagging (S3 API reference, PutObject).
    """
    return urlencode(sorted(tags.items()), quote_via=quote, safe="")


def tags_from_metadata(declared: str | None) -> dict[str, str] | None:
    """The tags of an object; None where there are none, or where one is malformed.

    Direct uploads may declare anything. Tags belong together, so none is recorded unless all of
    them are what a request to the API could have declared.
    """
    text = decode_rfc2047(declared or "")
    try:
        text.encode()  # fails with lone surrogates, which DynamoDB refuses
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_TAGS,
        )
    except ValueError:
        return None
    tags = dict(pairs)
    if len(tags) < len(pairs) or not all(_is_tag(key, value) for key, value in pairs):
        return None
    return tags or None


def _is_tag(key: str, value: str) -> bool:
    return (
        0 < len(key) <= MAX_KEY_CHARACTERS
        and len(value) <= MAX_VALUE_CHARACTERS
        and re.fullmatch(NO_CONTROL_CHARACTERS, key + value) is not None
    )
