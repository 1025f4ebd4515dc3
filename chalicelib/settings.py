"""The settings of a stage, parsed and validated from environment variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from chalicelib.files.types import DEFAULT_TYPES, SUPPORTED_TYPES
from chalicelib.files.validation import Limits
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


class SettingsError(Exception):
    """Settings are missing or malformed; the message names each one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrSettings:
    """How Amazon Textract reads documents without a text of their own."""

    is_analysis: bool
    """Whether forms and tables are read as well."""
    max_pages: int
    """Longer documents are not sent."""
    topic_arn: str
    """SNS topic for Textract's results."""
    role_arn: str
    """Role that Textract publishes with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between stages, from Chalice's `environment_variables`."""

    stack_name: str
    """`intake-<stage>`: the CloudFormation stack and the REST API."""
    upload_bucket: str
    documents_table: str
    failure_queue: str
    """Name of the queue, not its URL."""
    limits: Limits
    extraction_seconds: int
    """Time that the analysis of one file may take; it is FAILED extraction_timeout afterwards."""
    upload_url_seconds: int
    """Lifetime of upload and download URLs. A URL expires earlier when the Lambda credentials that
    signed it do."""
    allowed_origins: tuple[str, ...]
    """Web origins that may call the API and use its URLs; ("*",) for all."""
    api_rate_limit: int
    """Requests per second to the API; API Gateway answers 429 to more."""
    api_burst_limit: int
    """Requests that may arrive at once above that rate."""
    pending_quota: int | None
    """PENDING documents that an owner may have at once; None where they are not counted."""
    user_pool_arn: str
    user_pool_client_id: str
    """App client of the web UI; tokens of others are rejected."""
    notification_topic_arn: str | None
    """SNS topic for processed documents; None where notifications are off."""
    text_bucket: str | None
    """Bucket of the documents' texts; None where texts are not kept."""
    ocr: OcrSettings | None
    """None where OCR is off."""
    scans_uploads: bool
    """Whether a file is processed only after a malware scan."""


def parse_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment such as `os.environ`.

    Raises:
        SettingsError: names every setting that is missing or malformed, and where to set it.
    """
    problems: list[str] = []

    def setting(name: str, parse: Callable[[str], T]) -> T | None:
        try:
            text = environment[name].strip()
            if not text:
                raise KeyError(name)
            return parse(text)
        except KeyError:
            problems.append(f"{name} is missing")
        except ValueError as error:
            problems.append(f"{name} is malformed: {error}")
        return None

    stack_name = setting("STACK_NAME", str)
    upload_bucket = setting("UPLOAD_BUCKET", str)
    documents_table = setting("DOCUMENTS_TABLE", str)
    failure_queue = setting("FAILURE_QUEUE", str)
    largest_file_bytes = setting("LARGEST_FILE_BYTES", parse_file_bytes)
    allowed_types = setting("ALLOWED_TYPES", parse_types)
    extraction_seconds = setting("EXTRACTION_SECONDS", parse_extraction_seconds)
    upload_url_seconds = setting("UPLOAD_URL_SECONDS", _url_seconds)
    allowed_origins = setting("ALLOWED_ORIGINS", parse_origins)
    api_rate_limit = setting("API_RATE_LIMIT", _positive_integer)
    api_burst_limit = setting("API_BURST_LIMIT", _positive_integer)
    pending_quota = setting("PENDING_QUOTA", _pending_quota)
    user_pool_arn = setting("USER_POOL_ARN", _user_pool_arn)
    user_pool_client_id = setting("USER_POOL_CLIENT_ID", str)
    has_notifications = setting("NOTIFICATIONS", parse_switch)
    notification_topic_arn = setting("NOTIFICATION_TOPIC_ARN", str)
    has_text = setting("TEXT", parse_switch)
    text_bucket = setting("TEXT_BUCKET", str) if has_text else None
    ocr_mode = setting("OCR", parse_ocr)
    ocr_max_pages = setting("OCR_MAX_PAGES", parse_ocr_pages)
    has_ocr = ocr_mode not in (None, OcrMode.OFF)
    ocr_topic_arn = setting("OCR_TOPIC_ARN", str) if has_ocr else ""
    ocr_role_arn = setting("OCR_ROLE_ARN", str) if has_ocr else ""
    if has_ocr and has_text is False:
        problems.append(f"OCR={ocr_mode} requires TEXT=on")
    scans_uploads = setting("SCAN", parse_scan)
    if (
        stack_name is None
        or upload_bucket is None
        or documents_table is None
        or failure_queue is None
        or largest_file_bytes is None
        or allowed_types is None
        or extraction_seconds is None
        or upload_url_seconds is None
        or allowed_origins is None
        or api_rate_limit is None
        or api_burst_limit is None
        or pending_quota is None
        or user_pool_arn is None
        or user_pool_client_id is None
        or has_notifications is None
        or notification_topic_arn is None
        or ocr_max_pages is None
        or ocr_topic_arn is None
        or ocr_role_arn is None
        or scans_uploads is None
        or problems
    ):
        raise SettingsError(
            f"{'; '.join(problems)}. Settings come from environment_variables in "
            ".chalice/config.json; `make deploy STAGE=...` adds those of the stage."
        )
    return Settings(
        stack_name=stack_name,
        upload_bucket=upload_bucket,
        documents_table=documents_table,
        failure_queue=failure_queue,
        limits=Limits(largest_file_bytes=largest_file_bytes, allowed_types=allowed_types),
        extraction_seconds=extraction_seconds,
        upload_url_seconds=upload_url_seconds,
        allowed_origins=allowed_origins,
        api_rate_limit=api_rate_limit,
        api_burst_limit=api_burst_limit,
        pending_quota=pending_quota or None,
        user_pool_arn=user_pool_arn,
        user_pool_client_id=user_pool_client_id,
        notification_topic_arn=notification_topic_arn if has_notifications else None,
        text_bucket=text_bucket,
        ocr=OcrSettings(
            is_analysis=ocr_mode is OcrMode.ANALYSIS,
            max_pages=ocr_max_pages,
            topic_arn=ocr_topic_arn,
            role_arn=ocr_role_arn,
        )
        if has_ocr
        else None,
        scans_uploads=scans_uploads,
    )


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
    size = _positive_integer(text)
    if size > MAX_FILE_BYTES:
        raise ValueError(f"a file of more than {MAX_FILE_BYTES} bytes does not fit into /tmp")
    return size


def parse_extraction_seconds(text: str) -> int:
    """The time in EXTRACTION_SECONDS.

    Raises:
        ValueError: it is not positive, or longer than a function can run.
    """
    seconds = _positive_integer(text)
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
    if (pages := _positive_integer(text)) > MAX_OCR_PAGES:
        raise ValueError(f"Textract reads at most {MAX_OCR_PAGES} pages of a document")
    return pages


def parse_scan(text: str) -> bool:
    """Whether SCAN has every upload scanned.

    Raises:
        ValueError: there is no such scanner.
    """
    return _one_of({OFF: False, "guardduty": True})(text)


def _one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    def parse(text: str) -> T:
        if text.lower() not in values:
            raise ValueError(f"{text!r} is not one of {', '.join(values)}")
        return values[text.lower()]

    return parse


def _positive_integer(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValueError(f"{text!r} is not a positive integer")
    return int(text)


def _pending_quota(text: str) -> int:
    """The number; 0 for OFF."""
    if text.lower() == OFF:
        return 0
    if (quota := _positive_integer(text)) > MAX_PENDING_QUOTA:
        raise ValueError(f"at most {MAX_PENDING_QUOTA} documents are counted; or use {OFF}")
    return quota


def _url_seconds(text: str) -> int:
    seconds = _positive_integer(text)
    if seconds > MAX_URL_SECONDS:
        raise ValueError(f"S3 allows at most {MAX_URL_SECONDS} seconds")
    return seconds


def _user_pool_arn(text: str) -> str:
    if not re.fullmatch(r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/\S+", text):
        raise ValueError(f"{text!r} is not the ARN of a Cognito user pool")
    return text
