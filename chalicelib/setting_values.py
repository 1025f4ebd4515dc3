"""The values of single settings, parsed from their texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from chalicelib.files.types import DEFAULT_TYPES, SUPPORTED_TYPES
from chalicelib.lambda_limits import MAX_FILE_BYTES, MAX_LAMBDA_SECONDS

T = TypeVar("T")

ANY_ORIGIN = "*"
"""The value of ALLOWED_ORIGINS that allows every web origin."""

DEFAULT = "default"
"""An item of ALLOWED_TYPES that stands for every type allowed by default."""

MAX_URL_SECONDS = 7 * 24 * 60 * 60
"""S3's limit: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""

MAX_PENDING_QUOTA = 250
"""A query reads at most 1 MB, and a PENDING record has less than 4 kB:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html"""

OFF = "off"
"""The value of settings that turns a feature off."""

MAX_OCR_PAGES = 3_000
"""Textract's limit of a document (Textract developer guide, "Set Quotas in Amazon Textract")."""


class OcrMode(StrEnum):
    """The values of OCR."""

    OFF = "off"
    TEXT = "text"
    ANALYSIS = "analysis"


def parse_origins(text: str) -> tuple[str, ...]:
    """The web origins in ALLOWED_ORIGINS.

    Raises:
        ValueError: an item is not a web origin.
    """
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    if not origins:
        raise ValueError("it names no origin")
    if origins == (ANY_ORIGIN,):
        return origins
    for origin in origins:
        if not re.fullmatch(
            r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?", origin
        ):
            raise ValueError(
                f"{origin!r} is not a web origin such as https://www.example.org; use * alone "
                "to allow all"
            )
    return origins


def parse_file_bytes(text: str) -> int:
    """The size in LARGEST_FILE_BYTES.

    Raises:
        ValueError: it is not positive, or does not fit into Lambda's largest /tmp.
    """
    size = parse_positive_integer(text)
    if size > MAX_FILE_BYTES:
        raise ValueError(f"a file of more than {MAX_FILE_BYTES} bytes does not fit into /tmp")
    return size


def parse_extraction_seconds(text: str) -> int:
    """The time in EXTRACTION_SECONDS.

    Raises:
        ValueError: it is not positive, or longer than a function can run.
    """
    seconds = parse_positive_integer(text)
    if seconds > MAX_LAMBDA_SECONDS:
        raise ValueError(f"Lambda runs a function for at most {MAX_LAMBDA_SECONDS} seconds")
    return seconds


def parse_types(text: str) -> frozenset[str]:
    """The MIME types in ALLOWED_TYPES; `default` stands for all that are allowed by default.

    Raises:
        ValueError: an item is not a MIME type, or Intake does not support it.
    """
    items = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    if not items:
        raise ValueError("it names no MIME type")
    types = items - {DEFAULT}
    for mime_type in sorted(types):
        family, slash, name = mime_type.partition("/")
        if not (family and slash and name) or " " in mime_type:
            raise ValueError(f"{mime_type!r} is not a MIME type such as application/pdf")
    if unsupported := sorted(types - SUPPORTED_TYPES):
        raise ValueError(
            f"{', '.join(unsupported)} not supported; use {DEFAULT} or any of "
            f"{', '.join(sorted(SUPPORTED_TYPES))}"
        )
    return types | DEFAULT_TYPES if DEFAULT in items else types


def parse_switch(text: str) -> bool:
    """Whether a setting switches its feature on.

    Raises:
        ValueError: it is neither on nor off.
    """
    return _one_of({OFF: False, "on": True})(text)


def parse_ocr(text: str) -> OcrMode:
    """The value of OCR.

    Raises:
        ValueError: there is no such value.
    """
    return _one_of({mode.value: mode for mode in OcrMode})(text)


def parse_ocr_pages(text: str) -> int:
    """The number of pages in OCR_MAX_PAGES.

    Raises:
        ValueError: it is not positive, or Textract reads fewer pages.
    """
    if (pages := parse_positive_integer(text)) > MAX_OCR_PAGES:
        raise ValueError(f"Textract reads at most {MAX_OCR_PAGES} pages of a document")
    return pages


def parse_scan(text: str) -> bool:
    """Whether SCAN has every upload scanned.

    Raises:
        ValueError: there is no such scanner.
    """
    return _one_of({OFF: False, "guardduty": True})(text)


def parse_positive_integer(text: str) -> int:
    """The number.

    Raises:
        ValueError: it is none, or not positive.
    """
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValueError(f"{text!r} is not a positive integer")
    return int(text)


def parse_pending_quota(text: str) -> int:
    """The number of documents in PENDING_QUOTA; 0 for OFF.

    Raises:
        ValueError: it is neither OFF nor a number up to MAX_PENDING_QUOTA.
    """
    if text.lower() == OFF:
        return 0
    if (quota := parse_positive_integer(text)) > MAX_PENDING_QUOTA:
        raise ValueError(f"at most {MAX_PENDING_QUOTA} documents are counted; or use {OFF}")
    return quota


def parse_url_seconds(text: str) -> int:
    """The time in UPLOAD_URL_SECONDS.

    Raises:
        ValueError: it is not positive, or longer than S3 allows.
    """
    seconds = parse_positive_integer(text)
    if seconds > MAX_URL_SECONDS:
        raise ValueError(f"S3 allows at most {MAX_URL_SECONDS} seconds")
    return seconds


def parse_user_pool_arn(text: str) -> str:
    """The ARN in USER_POOL_ARN.

    Raises:
        ValueError: it is no ARN of a user pool.
    """
    if not re.fullmatch(r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/\S+", text):
        raise ValueError(f"{text!r} is not the ARN of a Cognito user pool")
    return text


def _one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    def parse(text: str) -> T:
        if text.lower() not in values:
            raise ValueError(f"{text!r} is not one of {', '.join(values)}")
        return values[text.lower()]

    return parse
