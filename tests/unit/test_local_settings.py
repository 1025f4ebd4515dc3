"""SET= of `make local` and `make demo`."""

from __future__ import annotations

import pytest

from infra.aws.stage import Account
from infra.build.features import Feature
from infra.console import CommandError
from infra.local.guardduty import clamav
from infra.local.stage_settings import control_urls, parse_settings_argument, require_programs


def test_settings_are_pairs_separated_by_blanks() -> None:
    """Names and values are those of environment_variables."""
    assert {"TEXT": "on", "OCR": "text"} == parse_settings_argument(" TEXT=on  OCR=text ")
    assert {} == parse_settings_argument("")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("TEXT", "'TEXT' is not a setting: pass SET="),
        ("TEXT=", "'TEXT=' is not a setting: pass SET="),
        ("TXT=on", "There is no setting 'TXT'; there are ALLOWED_ORIGINS, ALLOWED_TYPES"),
        ("UPLOAD_BUCKET=mine", "There is no setting 'UPLOAD_BUCKET'"),
        ("TEXT=on TEXT=off", "SET= has the setting TEXT twice"),
    ],
)
def test_a_wrong_setting_is_named(text: str, problem: str) -> None:
    """The message lists what to pass instead."""
    with pytest.raises(CommandError, match=problem):
        parse_settings_argument(text)


def test_ocr_without_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what to install; without OCR nothing is needed."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CommandError, match="OCR needs Tesseract: apt-get install tesseract-ocr "):
        require_programs("local", {"TEXT": "on", "OCR": "text"})
    require_programs("local", {"TEXT": "on", "SCAN": "OFF"})


def test_scan_without_clamav(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(clamav, "PROGRAM_FOLDERS", ())
    with pytest.raises(CommandError, match=r"needs ClamAV .* apt-get install clamav-daemon "):
        require_programs("local", {"SCAN": "guardduty"})


def test_control_urls_of_the_services_that_are_on() -> None:
    """A stage that uses neither Textract nor GuardDuty has none."""
    account = Account({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})
    assert {} == control_urls(account, {Feature.TEXT})
    assert {
        "textractEndpoint": "http://127.0.0.1:4566/_intake/textract/",
        "scannerEndpoint": "http://127.0.0.1:4566/_intake/guardduty/",
    } == control_urls(account, {Feature.OCR, Feature.SCAN})
