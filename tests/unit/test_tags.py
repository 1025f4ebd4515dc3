"""Tags as object metadata, ours and those of direct uploads."""

from __future__ import annotations

import pytest

from chalicelib.tags import encode_tags, tags_from_metadata


def test_tags_have_the_form_of_s3s_own_tagging_header() -> None:
    """Percent-encoded UTF-8, in an order that does not depend on the request's."""
    tags = {"project": "Apollo 11 & 12", "é": "a=b+c%", "empty": ""}
    encoded = "empty=&project=Apollo%2011%20%26%2012&%C3%A9=a%3Db%2Bc%25"
    assert encoded == encode_tags(tags)
    assert encoded == encode_tags(dict(reversed(tags.items())))
    assert tags == tags_from_metadata(encoded)


@pytest.mark.parametrize(
    "tags",
    [
        {"k" * 64: "v" * 256},
        {f"key{number}": str(number) for number in range(10)},
        {"你": "\N{GRINNING FACE}", "a;b": "c,d", " ": " ", "=?UTF-8?B?QQ==?=": "\u202e"},
    ],
)
def test_tags_come_back_letter_for_letter(tags: dict[str, str]) -> None:
    """The longest, the most, and the oddest that a request may have."""
    assert tags == tags_from_metadata(encode_tags(tags))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("project=Apollo+11", {"project": "Apollo 11"}),
        ("naïve=ça", {"naïve": "ça"}),
        ("=?UTF-8?Q?na=C3=AFve=3D1?=", {"naïve": "1"}),
        (None, None),
        ("", None),
        ("project", None),
        ("a=1&", None),
        ("a=1&&b=2", None),
        ("=1", None),
        ("a=1&a=2", None),
        ("a=%FF", None),
        ("a=%ED%A0%80", None),
        ("a=\ud800", None),
        ("a=%00", None),
        ("a%0A=1", None),
        ("a=%C2%85", None),
        ("k" * 65 + "=", None),
        ("k=" + "v" * 257, None),
        ("&".join(f"k{number}=" for number in range(11)), None),
        ("a=1&b=%0A", None),
        ("&" * 2_000, None),
    ],
)
def test_tags_of_direct_uploads_are_recorded_all_or_not_at_all(
    declared: str | None, expected: dict[str, str] | None
) -> None:
    """Written by hand in the same form; none is recorded where one could not be requested."""
    assert expected == tags_from_metadata(declared)
