"""Kinds of fields: what each accepts, and how it is described."""

from __future__ import annotations

import pytest

from chalicelib.api.fields import (
    Boolean,
    Field,
    Integer,
    Kind,
    ListOf,
    Text,
    TextMap,
    parse_body,
    parse_query,
)
from chalicelib.api.problems import Problem

NUMBERS = ListOf(items=Integer(least=1, most=9), most=3)
WORDS = ListOf(items=Text(least=1, most=4), most=2)
TAGS = TextMap(names=Text(least=1, most=4), values=Text(most=5), most=2)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Boolean(), True),
        (Boolean(), False),
        (NUMBERS, [1]),
        (NUMBERS, [9, 1, 5]),
        (WORDS, ["a", "abcd"]),
        (TAGS, {}),
        (TAGS, {"a": "", "abcd": "abcde"}),
    ],
)
def test_a_value_of_its_kind_is_accepted(kind: Kind, value: object) -> None:
    """Bounds are inclusive."""
    assert kind.problem(value) is None


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (Boolean(), 1, "must be true or false"),
        (Boolean(), "true", "must be true or false"),
        (Boolean(), None, "must be true or false"),
        (NUMBERS, 1, "must be an array of 1 to 3 items"),
        (NUMBERS, [], "must be an array of 1 to 3 items"),
        (NUMBERS, [1, 2, 3, 4], "must be an array of 1 to 3 items"),
        (NUMBERS, [1, 10], "item 2 must be an integer from 1 to 9"),
        (NUMBERS, [True], "item 1 must be an integer from 1 to 9"),
        (NUMBERS, [[1]], "item 1 must be an integer from 1 to 9"),
        (NUMBERS, [1, 1], "must not contain an item twice"),
        (WORDS, ["a", 1], "item 2 must be a string"),
        (TAGS, [], "must be an object of at most 2 strings"),
        (TAGS, {"a": "", "b": "", "c": ""}, "must be an object of at most 2 strings"),
        (TAGS, {"abcde": ""}, "name abcde must have 1 to 4 characters"),
        (TAGS, {"a": 1}, "value of a must be a string"),
        (TAGS, {"a": "abcdef"}, "value of a must have 0 to 5 characters"),
        (TAGS, {"\n" * 70: ""}, "name " + "\\n" * 30 + " must have 1 to 4 characters"),
    ],
)
def test_another_value_is_refused(kind: Kind, value: object, problem: str) -> None:
    """The problem names the first item or member that is wrong."""
    assert problem == kind.problem(value)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Boolean(), {"type": "boolean"}),
        (
            NUMBERS,
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 9},
                "minItems": 1,
                "maxItems": 3,
                "uniqueItems": True,
            },
        ),
        (
            TAGS,
            {
                "type": "object",
                "propertyNames": {"type": "string", "minLength": 1, "maxLength": 4},
                "additionalProperties": {"type": "string", "maxLength": 5},
                "maxProperties": 2,
            },
        ),
    ],
)
def test_a_kind_is_described(kind: Kind, schema: dict[str, object]) -> None:
    """In the keywords of JSON Schema."""
    assert schema == kind.schema()


FIELDS = (
    Field(name="flag", kind=Boolean(), description="A flag", default=False),
    Field(name="numbers", kind=NUMBERS, description="Numbers"),
)


def test_a_body_has_defaults() -> None:
    """A field with a default is always there, also where the default is false."""
    assert {"flag": False} == parse_body(FIELDS, b"{}")
    assert {"flag": True, "numbers": [2]} == parse_body(FIELDS, b'{"flag": true, "numbers": [2.0]}')


def test_a_query_has_booleans() -> None:
    """Written as in JSON; arrays are for bodies."""
    assert {"flag": True} == parse_query(FIELDS, {"flag": ["true"]})
    with pytest.raises(Problem, match="flag: must be true or false"):
        parse_query(FIELDS, {"flag": ["True"]})
    with pytest.raises(Problem, match="numbers: must be an array of 1 to 3 items"):
        parse_query(FIELDS, {"numbers": ["1"]})
