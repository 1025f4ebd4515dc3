"""The settings of a stage, read and validated together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.files.validation import Limits
from chalicelib.setting_values import (
    OcrMode,
    parse_extraction_seconds,
    parse_file_bytes,
    parse_ocr,
    parse_ocr_pages,
    parse_origins,
    parse_pending_quota,
    parse_positive_integer,
    parse_scan,
    parse_switch,
    parse_types,
    parse_url_seconds,
    parse_user_pool_arn,
)

T = TypeVar("T")


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
    upload_url_seconds = setting("UPLOAD_URL_SECONDS", parse_url_seconds)
    allowed_origins = setting("ALLOWED_ORIGINS", parse_origins)
    api_rate_limit = setting("API_RATE_LIMIT", parse_positive_integer)
    api_burst_limit = setting("API_BURST_LIMIT", parse_positive_integer)
    pending_quota = setting("PENDING_QUOTA", parse_pending_quota)
    user_pool_arn = setting("USER_POOL_ARN", parse_user_pool_arn)
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
