"""Downloads: the headers that a URL makes S3 send with a file, a text or an analysis.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_SCRIPTABLE_TYPE = re.compile(r"text/html|.*[/+]xml")
"""Types whose content a browser may execute: "HTML MIME type" and "XML MIME type" in the MIME
Sniffing Standard, https://mimesniff.spec.whatwg.org/#mime-type-groups."""

ATTACHMENT, INLINE = "attachment", "inline"
"""What a browser does with a download (RFC 6266, 4.2)."""

INLINE_TYPES = frozenset(
    {
        "application/pdf",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
    }
)
"""Types that browsers display without executing anything of their content outside a viewer."""

_UNSAFE_IN_NAME = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Path separators, control characters, line separators, and the controls that reorder text."""

_RIGHT_TO_LEFT_MARK = re.compile(r"[\u061c\u200f]")
"""Acts like a letter of Arabic or Hebrew. Names with such letters need it; in another name, it only
moves the extension."""

_NOT_IN_FALLBACK = re.compile(r"[^A-Za-z0-9 !#$&+.^_`~()@,=-]+")
"""Excludes `%`, which some clients decode, quotes and backslash: RFC 6266, appendix D."""


def get_object_arguments(
    record: Mapping[str, Any], *, disposition: str = ATTACHMENT
) -> dict[str, str]:
    """The arguments of GetObject that set the headers of a download.

    Only files of INLINE_TYPES are inline; browsers save all others.

    S3 would otherwise return those that the object was uploaded with, and an upload URL does not
    sign all of them. `identity` replaces a stored encoding, which clients would decode: S3
    ignores an empty value. RFC 9110, 8.4 advises against sending it, but clients decode nothing.
    """
    if record.get("fileType") not in INLINE_TYPES:
        disposition = ATTACHMENT
    return {
        "ResponseContentDisposition": content_disposition(record["fileName"], disposition),
        "ResponseContentType": download_type(record.get("fileType")),
        "ResponseContentEncoding": "identity",
        "ResponseCacheControl": "no-store",
    }


def text_arguments(record: Mapping[str, Any]) -> dict[str, str]:
    """The same for the download of a document's text."""
    return {
        "ResponseContentDisposition": content_disposition(f"{record['fileName']}.txt"),
        "ResponseContentType": "text/plain; charset=utf-8",
        "ResponseCacheControl": "no-store",
    }


def analysis_arguments(record: Mapping[str, Any]) -> dict[str, str]:
    """The same for the download of a document's forms and tables."""
    return {
        "ResponseContentDisposition": content_disposition(f"{record['fileName']}.json"),
        "ResponseContentType": "application/json",
        "ResponseCacheControl": "no-store",
    }


def download_type(file_type: str | None) -> str:
    """The Content-Type of a download: the detected type, unless browsers execute its content.

    Some programs display a download in spite of `attachment`, and S3 cannot send `nosniff` or a
    Content-Security-Policy.
    """
    if file_type is None or _SCRIPTABLE_TYPE.fullmatch(file_type):
        return "application/octet-stream"
    return file_type


def content_disposition(file_name: str, disposition: str = ATTACHMENT) -> str:
    """The header that makes a browser save a file under its original name (RFC 6266, RFC 8187).

    The plain `filename` is the fallback for clients without RFC 8187: accents removed, each run of
    other characters replaced by one `_`. It stays short: S3 accepts 8 KB of request headers. In
    both, `_` replaces what could change the path or the visible order of the name.
    """
    import unicodedata  # noqa: PLC0415 - loading its tables costs 2 ms of each cold start

    name = _UNSAFE_IN_NAME.sub("_", file_name)
    letters = filter(str.isalpha, name)
    if not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in letters):
        name = _RIGHT_TO_LEFT_MARK.sub("_", name)
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    fallback = _NOT_IN_FALLBACK.sub("_", plain)
    encoded = quote(name, safe="!#$&+-.^_`|~", errors="replace")
    return f"{disposition}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"
