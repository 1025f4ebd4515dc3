"""Records in DynamoDB's format."""

from __future__ import annotations

from chalicelib.store import from_item, to_item


def test_a_record_survives_dynamodb() -> None:
    """Text, integers, booleans, lists and maps come back as they were, at any depth."""
    record = {
        "fileName": "café.pdf",
        "fileSize": 2**53,
        "metadata": {"hasTextLayer": False, "languages": ["en", "de"], "pages": [{"width": 595}]},
        "tags": {},
        "owner": None,
    }
    assert record == from_item(to_item(record))
    assert int is type(from_item({"fileSize": {"N": "3E+2"}})["fileSize"])


def test_an_attribute_of_somebody_else_does_not_hide_the_record() -> None:
    """Sets, which records have none of, are decoded as well."""
    assert {"a": {"x"}, "b": "y"} == from_item({"a": {"SS": ["x"]}, "b": {"S": "y"}})
