"""Metadata is bounded before it leaves the sandbox, and checked against the same bounds after."""

from __future__ import annotations

import re

import pytest

from chalicelib.documents import Metadata, MetadataValue
from chalicelib.files import types
from chalicelib.files.metadata import (
    MAX_METADATA_BYTES,
    MAX_NUMBER,
    NAMES,
    RawMetadata,
    bounded,
    check,
    size_bytes,
)
from infra.paths import ROOT


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        pytest.param("a\ud800b", {"name": "a\ufffdb"}, id="lone surrogate"),
        pytest.param(MAX_NUMBER, {"name": MAX_NUMBER}, id="largest number"),
        pytest.param(MAX_NUMBER + 1, {"truncated": "name"}, id="too large a number"),
        pytest.param(0, {"name": 0}, id="zero"),
        pytest.param(-1, {"truncated": "name"}, id="negative"),
        pytest.param(True, {"name": True}, id="boolean"),
        pytest.param(None, {}, id="not in the file"),
        pytest.param("x" * 9_999_999, {"name": "x" * 1_024, "truncated": "name"}, id="very long"),
        pytest.param(" " * 9_999_999, {"truncated": "name"}, id="very long, of spaces"),
    ],
)
def test_bounded_value(value: MetadataValue | None, kept: dict[str, MetadataValue]) -> None:
    """Any value is stored such that DynamoDB takes it, and what was cut is named."""
    assert kept == bounded({"name": value})


@pytest.mark.parametrize(
    ("found", "lengths"),
    [
        pytest.param({"a": "x" * 1_024, "b": "y" * 1_024}, [1_024, 1_024], id="within"),
        pytest.param(dict.fromkeys("abcd", "x" * 1_024), [512] * 4, id="four"),
        pytest.param(dict.fromkeys("abcd", "\u00e9" * 1_024), [256] * 4, id="two bytes each"),
        pytest.param({"a": "\u4e2d" * 1_024, "b": "short"}, [1_024, 5], id="one long"),
        pytest.param(
            {"a": "\u4e2d" * 1_024, "b": "\u4e2d" * 400, "c": "short"}, [512, 400, 5], id="longest"
        ),
    ],
)
def test_all_values_together(found: RawMetadata, lengths: list[int]) -> None:
    """The longest texts are shortened until all values fit, and named."""
    metadata = bounded(found)
    shortened = [name for name, value in found.items() if value != metadata[name]]

    assert lengths == [len(str(metadata[name])) for name in found]
    assert ",".join(shortened) == metadata.get("truncated", "")
    assert size_bytes(metadata) <= MAX_METADATA_BYTES
    assert metadata == bounded(metadata)


@pytest.mark.parametrize("file_type", types.FILE_TYPES)
def test_largest_metadata(file_type: str) -> None:
    """The largest metadata of each type is within the bound and is accepted."""
    names = NAMES[types.FILE_TYPES[file_type].extractor]
    largest: Metadata = {
        name: "\U0001f600" * 1_024 if kind is str else kind(MAX_NUMBER)
        for name, kind in names.items()
    }
    metadata = bounded(largest)

    assert size_bytes(metadata) <= MAX_METADATA_BYTES
    assert metadata == check(metadata, file_type)


def test_names_are_documented() -> None:
    """The reference has every name that an extractor may return, and no other."""
    reference = (ROOT / "docs" / "metadata.md").read_text(encoding="utf-8")
    table = reference.partition("| Type | Name | Value |")[2].partition("\n\n")[0]
    documented = {
        name for row in table.splitlines()[2:] for name in re.findall("`(\\w+)`", row.split("|")[2])
    }

    assert documented == {name for names in NAMES.values() for name in names}
