"""The settings of a stage: what its environment must hold, and what is wrong where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chalicelib.cors import ANY_ORIGIN
from chalicelib.extractors import SUPPORTED_TYPES
from chalicelib.inspection import Limits

T = TypeVar("T")

LONGEST_URL_SECONDS = 7 * 24 * 60 * 60
"""S3's own limit: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""


class SettingsError(Exception):
    """A setting is missing or malformed; the message names each one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between stages. Set in `.chalice/config.json`."""

    stack_name: str
    """`intake-<stage>`: CloudFormation's stack, and the name that the REST API carries."""
    upload_bucket: str
    documents_table: str
    failure_queue: str
    """The queue's name, not its URL."""
    limits: Limits
    upload_url_seconds: int
    """How long upload and download URLs are good for. A Lambda's own credentials, which sign them,
    may end sooner, within hours."""
    allowed_origins: tuple[str, ...]
    """Web origins whose pages may use the API and the URLs; ("*",) for all."""
    user_pool_arn: str
    user_pool_client_id: str
    """As which the page signs people in."""
    has_detailed_metrics: bool
    """Whether documents are metrics by type and failure code, too, which exceeds the free ten."""
    notification_topic_arn: str | None
    """The SNS topic that is told of documents; None where notifications are off."""


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment, such as `os.environ`.

    Raises:
        SettingsError: names every setting that is missing or malformed, and how to mend it.
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
    largest_file_bytes = setting("LARGEST_FILE_BYTES", _positive_integer)
    allowed_types = setting("ALLOWED_TYPES", _mime_types)
    upload_url_seconds = setting("UPLOAD_URL_SECONDS", _url_seconds)
    allowed_origins = setting("ALLOWED_ORIGINS", origins_from)
    user_pool_arn = setting("USER_POOL_ARN", _user_pool_arn)
    user_pool_client_id = setting("USER_POOL_CLIENT_ID", str)
    has_detailed_metrics = setting("METRICS", _one_of({"basic": False, "detailed": True}))
    has_notifications = setting("NOTIFICATIONS", _one_of({"off": False, "on": True}))
    notification_topic_arn = setting("NOTIFICATION_TOPIC_ARN", str)
    if (
        stack_name is None
        or upload_bucket is None
        or documents_table is None
        or failure_queue is None
        or largest_file_bytes is None
        or allowed_types is None
        or upload_url_seconds is None
        or allowed_origins is None
        or user_pool_arn is None
        or user_pool_client_id is None
        or has_detailed_metrics is None
        or has_notifications is None
        or notification_topic_arn is None
    ):
        raise SettingsError(
            f"{'; '.join(problems)}. Settings come from environment_variables in "
            ".chalice/config.json; `make deploy STAGE=...` fills in those of the stage."
        )
    return Settings(
        stack_name=stack_name,
        upload_bucket=upload_bucket,
        documents_table=documents_table,
        failure_queue=failure_queue,
        limits=Limits(largest_file_bytes=largest_file_bytes, allowed_types=allowed_types),
        upload_url_seconds=upload_url_seconds,
        allowed_origins=allowed_origins,
        user_pool_arn=user_pool_arn,
        user_pool_client_id=user_pool_client_id,
        has_detailed_metrics=has_detailed_metrics,
        notification_topic_arn=notification_topic_arn if has_notifications else None,
    )


def origins_from(text: str) -> tuple[str, ...]:
    """The web origins in the setting ALLOWED_ORIGINS.

    Raises:
        ValueError: one of them is none.
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
                f"{origin!r} is neither a web origin, such as https://www.example.org, nor a lone *"
            )
    return origins


def _one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    def parse(text: str) -> T:
        if text.lower() not in values:
            raise ValueError(f"{text!r} is neither {' nor '.join(values)}")
        return values[text.lower()]

    return parse


def _positive_integer(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number above 0")
    return int(text)


def _url_seconds(text: str) -> int:
    seconds = _positive_integer(text)
    if seconds > LONGEST_URL_SECONDS:
        raise ValueError(f"S3 lets no URL live longer than {LONGEST_URL_SECONDS} seconds")
    return seconds


def _user_pool_arn(text: str) -> str:
    if not re.fullmatch(r"arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/\S+", text):
        raise ValueError(f"{text!r} is not the ARN of a Cognito user pool")
    return text


def _mime_types(text: str) -> frozenset[str]:
    types = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    for mime_type in sorted(types):
        family, slash, name = mime_type.partition("/")
        if not (family and slash and name) or " " in mime_type:
            raise ValueError(f"{mime_type!r} is not a MIME type such as application/pdf")
    if not types:
        raise ValueError("it names no MIME type")
    if unsupported := sorted(types - SUPPORTED_TYPES):
        raise ValueError(
            f"no extractor reads {', '.join(unsupported)}; "
            f"there are {', '.join(sorted(SUPPORTED_TYPES))}"
        )
    return types
