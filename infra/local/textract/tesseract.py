"""The program Tesseract on this machine."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

INSTALL = (
    "OCR needs Tesseract: apt-get install tesseract-ocr tesseract-ocr-deu tesseract-ocr-fra "
    "tesseract-ocr-spa"
)

_LANGUAGES = ("fra", "deu", "spa", "ita", "por", "eng")
"""Those whose printed text Textract detects (https://aws.amazon.com/textract/faqs/). Tesseract
prefers the first: English, which has no accents, is last, and recognized as well by the others."""


def is_installed() -> bool:
    """Whether there is a Tesseract."""
    return shutil.which("tesseract") is not None


@cache
def languages() -> str:
    """The languages of Textract whose data is installed, as an argument of Tesseract."""
    listed = subprocess.run(
        ["tesseract", "--list-langs"],  # noqa: S607 - wherever it is installed
        capture_output=True,
        text=True,
        check=True,
    )
    installed = listed.stdout.split()
    return "+".join(language for language in _LANGUAGES if language in installed)
