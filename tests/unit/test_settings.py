"""Settings are read once, and errors name the setting."""

from __future__ import annotations

import pytest

from chalicelib.files.validation import Limits
from chalicelib.settings import OcrSettings, SettingsError, parse_settings

GOOD = {
    "STACK_NAME": "intake-dev",
    "UPLOAD_BUCKET": "bucket",
    "DOCUMENTS_TABLE": "table",
    "FAILURE_QUEUE": "queue",
    "LARGEST_FILE_BYTES": "1000",
    "ALLOWED_TYPES": "application/pdf, Text/Plain",
    "EXTRACTION_SECONDS": "15",
    "UPLOAD_URL_SECONDS": "900",
    "ALLOWED_ORIGINS": "https://www.example.org, http://localhost:8000",
    "API_RATE_LIMIT": "20",
    "API_BURST_LIMIT": "40",
    "PENDING_QUOTA": "100",
    "USER_POOL_ARN": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbC",
    "USER_POOL_CLIENT_ID": "1example23456789",
    "NOTIFICATIONS": "on",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:intake-dev-documents",
    "TEXT": "off",
    "OCR": "off",
    "OCR_MAX_PAGES": "20",
    "SCAN": "off",
}

OCR = {
    "TEXT": "on",
    "TEXT_BUCKET": "texts",
    "OCR": "text",
    "OCR_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:intake-dev-ocr",
    "OCR_ROLE_ARN": "arn:aws:iam::123456789012:role/intake-dev-ocr",
}
"""What a stage with OCR has besides."""


def test_good_settings_are_read() -> None:
    """A whole environment becomes settings, types in lower case and without blanks."""
    settings = parse_settings({**GOOD, "OTHER": "ignored"})
    assert "bucket" == settings.upload_bucket
    assert Limits(1000, frozenset({"application/pdf", "text/plain"})) == settings.limits
    assert 15 == settings.extraction_seconds
    assert 900 == settings.upload_url_seconds
    assert ("https://www.example.org", "http://localhost:8000") == settings.allowed_origins
    assert (20, 40) == (settings.api_rate_limit, settings.api_burst_limit)
    assert 100 == settings.pending_quota
    assert parse_settings({**GOOD, "PENDING_QUOTA": "Off"}).pending_quota is None
    assert GOOD["USER_POOL_ARN"] == settings.user_pool_arn
    assert GOOD["USER_POOL_CLIENT_ID"] == settings.user_pool_client_id
    assert GOOD["NOTIFICATION_TOPIC_ARN"] == settings.notification_topic_arn
    assert parse_settings({**GOOD, "NOTIFICATIONS": "off"}).notification_topic_arn is None


def test_features_are_off_by_default() -> None:
    """Without features, settings need none of their resources."""
    settings = parse_settings(GOOD)
    assert (None, None, False) == (settings.text_bucket, settings.ocr, settings.scans_uploads)
    ignored = parse_settings({**GOOD, **OCR, "TEXT": "off", "OCR": "off"})
    assert (None, None) == (ignored.text_bucket, ignored.ocr)


def test_features_are_read() -> None:
    """Each feature comes with the names of its resources."""
    settings = parse_settings({**GOOD, **OCR, "SCAN": "GuardDuty"})
    assert "texts" == settings.text_bucket
    assert settings.scans_uploads
    expected = OcrSettings(
        is_analysis=False,
        max_pages=20,
        topic_arn=OCR["OCR_TOPIC_ARN"],
        role_arn=OCR["OCR_ROLE_ARN"],
    )
    assert expected == settings.ocr
    analysis = parse_settings({**GOOD, **OCR, "OCR": "analysis"}).ocr
    assert analysis
    assert analysis.is_analysis


@pytest.mark.parametrize("name", ["TEXT_BUCKET", "OCR_TOPIC_ARN", "OCR_ROLE_ARN"])
def test_a_missing_resource_of_a_feature_is_named(name: str) -> None:
    """A feature that is on needs its resources."""
    environment = {key: text for key, text in {**GOOD, **OCR}.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        parse_settings(environment)


def test_ocr_without_texts_is_an_error() -> None:
    """What Textract reads is kept in the text bucket."""
    with pytest.raises(SettingsError, match="OCR=text requires TEXT=on"):
        parse_settings({**GOOD, **OCR, "TEXT": "off"})


@pytest.mark.parametrize(
    "text", ["*", "https://a.example", "http://127.0.0.1:8000", "http://[::1]"]
)
def test_a_lone_star_or_any_origin_may_be_allowed(text: str) -> None:
    """Names, addresses and ports are origins, and `*` stands for all of them."""
    assert (text,) == parse_settings({**GOOD, "ALLOWED_ORIGINS": text}).allowed_origins


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("value", [None, "", "  "], ids=["absent", "empty", "blank"])
def test_a_missing_setting_is_named(name: str, value: str | None) -> None:
    """Each missing setting is an error that names it."""
    environment = {key: text for key, text in GOOD.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingsError, match=f"{name} is missing"):
        parse_settings(environment)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LARGEST_FILE_BYTES", "many", "'many' is not a positive integer"),
        ("LARGEST_FILE_BYTES", "0", "'0' is not a positive integer"),
        ("LARGEST_FILE_BYTES", "-5", "'-5' is not a positive integer"),
        ("LARGEST_FILE_BYTES", "٥", "'٥' is not a positive integer"),
        ("LARGEST_FILE_BYTES", "10670309377", "a file of more than 10670309376 bytes does not"),
        ("EXTRACTION_SECONDS", "1.5", "'1.5' is not a positive integer"),
        ("EXTRACTION_SECONDS", "901", "Lambda runs a function for at most 900 seconds"),
        ("UPLOAD_URL_SECONDS", "0", "'0' is not a positive integer"),
        ("UPLOAD_URL_SECONDS", "604801", "S3 allows at most 604800 seconds"),
        ("ALLOWED_ORIGINS", ",", "it names no origin"),
        ("ALLOWED_ORIGINS", "*,https://a.example", "'\\*' is not a web origin such as"),
        ("ALLOWED_ORIGINS", "https://a.example/", "'https://a.example/' is not a web origin"),
        ("ALLOWED_ORIGINS", "a.example", "'a.example' is not a web origin"),
        ("ALLOWED_ORIGINS", "https://*.example", "'https://\\*.example' is not a web origin"),
        ("API_RATE_LIMIT", "0.5", "'0.5' is not a positive integer"),
        ("API_BURST_LIMIT", "0", "'0' is not a positive integer"),
        ("PENDING_QUOTA", "0", "'0' is not a positive integer"),
        ("PENDING_QUOTA", "251", "at most 250 documents are counted; or use off"),
        ("PENDING_QUOTA", "on", "'on' is not a positive integer"),
        ("USER_POOL_ARN", "eu-west-1_AbC", "'eu-west-1_AbC' is not the ARN of a Cognito user pool"),
        ("NOTIFICATIONS", "yes", "'yes' is not one of off, on"),
        ("TEXT", "yes", "'yes' is not one of off, on"),
        ("OCR", "on", "'on' is not one of off, text, analysis"),
        ("OCR_MAX_PAGES", "0", "'0' is not a positive integer"),
        ("OCR_MAX_PAGES", "3001", "Textract reads at most 3000 pages of a document"),
        ("SCAN", "on", "'on' is not one of off, guardduty"),
        ("ALLOWED_TYPES", ",", "it names no MIME type"),
        ("ALLOWED_TYPES", "pdf", "'pdf' is not a MIME type such as application/pdf"),
        ("ALLOWED_TYPES", "text/plain,image/jpg", "image/jpg not supported; use default or any of"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str, problem: str) -> None:
    """Each malformed setting is an error that names it and the problem."""
    with pytest.raises(SettingsError, match=f"{name} is malformed: {problem}"):
        parse_settings({**GOOD, name: value})


def test_all_problems_are_reported_at_once() -> None:
    """Two wrong settings are both in the message, and where to set them."""
    with pytest.raises(SettingsError) as raised:
        parse_settings({**GOOD, "STACK_NAME": "", "LARGEST_FILE_BYTES": "x"})
    assert "STACK_NAME is missing; LARGEST_FILE_BYTES is malformed" in str(raised.value)
    assert ".chalice/config.json" in str(raised.value)
