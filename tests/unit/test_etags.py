"""If-None-Match against the ETag of a response."""

from __future__ import annotations

import pytest

from chalicelib.etags import etag_matches


@pytest.mark.parametrize(
    ("if_none_match", "is_current"),
    [
        ('W/"abc"', True),
        ('"abc"', True),
        ("*", True),
        ('"x", "abc"', True),
        ('W/"x",W/"abc"', True),
        ('"x", W/"y"', False),
        ('w/"abc"', False),
        ("abc", False),
        ("", False),
        (None, False),
    ],
)
def test_etags_are_compared_weakly(if_none_match: str | None, is_current: bool) -> None:
    """RFC 9110, 13.1.2 and 8.8.3.2: one of the list is equal, whether weak or strong."""
    assert is_current == etag_matches(if_none_match, 'W/"abc"')
