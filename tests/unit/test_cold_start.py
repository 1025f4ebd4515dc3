"""What the functions import at a cold start."""

from __future__ import annotations

import subprocess
import sys

from infra.paths import ROOT
from tests.unit.test_settings import GOOD, OCR

OF_FEATURES = (
    "chalicelib.api.text_routes",
    "chalicelib.ocr.jobs",
    "chalicelib.ocr.records",
    "chalicelib.ocr.textract",
    "chalicelib.recognition",
    "chalicelib.scanning",
    "chalicelib.text_keys",
    "chalicelib.texts",
)
"""Modules that a stage without features does not need."""


def imported(**settings: str) -> set[str]:
    """The modules of features in a process that has imported app.py with these settings."""
    environment = {
        **GOOD,
        "NOTIFICATIONS": "off",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **settings,
    }
    code = "import app, sys; print(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(finished.stdout.split()) & set(OF_FEATURES)


def test_a_feature_that_is_off_is_not_imported() -> None:
    """A stage without features pays for none."""
    assert set() == imported()


def test_a_feature_that_is_on_is_imported() -> None:
    """And no other."""
    text = {"chalicelib.api.text_routes", "chalicelib.text_keys", "chalicelib.texts"}
    assert text == imported(TEXT="on", TEXT_BUCKET="texts")
    assert "chalicelib.scanning" in imported(SCAN="guardduty")
    assert set(OF_FEATURES) - {"chalicelib.scanning"} == imported(**OCR)
