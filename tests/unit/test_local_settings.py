"""SET= of `make local` and `make demo`."""

from __future__ import annotations

import pytest

from infra.console import CommandError
from infra.local.stage_settings import parse_settings_argument


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
    """The message says what to pass instead."""
    with pytest.raises(CommandError, match=problem):
        parse_settings_argument(text)
