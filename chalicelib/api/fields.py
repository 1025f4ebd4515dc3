"""Fields of request bodies and query parameters: their JSON Schema and their validation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.api.problems import Code, FieldError, Problem
from chalicelib.documents import escape_unprintable

JsonSchema = dict[str, Any]

_MAX_QUOTED_CHARACTERS = 60
"""Of a name in an error that the client chose."""
_MAX_QUOTED_NAMES = 5
"""Unknown or repeated names in one error."""


def _file_name_problem(text: str) -> str | None:
    import unicodedata  # noqa: PLC0415 - loading its tables costs 2 ms of each cold start

    if not unicodedata.is_normalized("NFC", text):
        return 'must be in Unicode form NFC; in JavaScript: name.normalize("NFC")'
    return None


def _time_problem(text: str) -> str | None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "must be a time that exists"
    return None


FORMATS: Mapping[str, Callable[[str], str | None]] = {
    "date-time": _time_problem,
    "file-name": _file_name_problem,
}
"""Checks beyond JSON Schema's keywords: a problem with a string, or None."""


class Kind(Protocol):
    """The values that a field accepts."""

    def schema(self) -> JsonSchema:
        """As JSON Schema."""

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""

    def from_text(self, text: str) -> object:
        """The value that a query parameter means; the text itself where it means none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string."""

    least: int = 0
    """Characters."""
    most: int | None = None
    """Characters; None: unbounded."""
    pattern: str | None = None
    rule: str = ""
    """The pattern as a sentence for error messages."""
    choices: Sequence[str] = ()
    format: str | None = None
    """One of FORMATS."""

    def schema(self) -> JsonSchema:
        """As JSON Schema."""
        return _present(
            type="string",
            minLength=self.least or None,
            maxLength=self.most,
            pattern=self.pattern,
            enum=list(self.choices) or None,
            format=self.format,
        )

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        if not isinstance(value, str):
            return "must be a string"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            return f"must have {self.least} to {self.most} characters"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return self.rule
        try:
            value.encode()
        except UnicodeEncodeError:
            return "must not contain lone surrogates"
        return FORMATS[self.format](value) if self.format else None

    def from_text(self, text: str) -> object:
        """The text."""
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    """An integer."""

    least: int = 0
    most: int | None = None
    """None: unbounded."""

    def schema(self) -> JsonSchema:
        """As JSON Schema."""
        return _present(type="integer", minimum=self.least, maximum=self.most)

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or value < self.least
            or (self.most is not None and value > self.most)
        ):
            bounds = f"from {self.least}" + (f" to {self.most}" if self.most is not None else "")
            return f"must be an integer {bounds}"
        return None

    def from_text(self, text: str) -> object:
        """The number in ASCII digits."""
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    def schema(self) -> JsonSchema:
        """As JSON Schema."""
        return {"type": "boolean"}

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        return None if isinstance(value, bool) else "must be true or false"

    def from_text(self, text: str) -> object:
        """The value that JSON writes so."""
        return {"true": True, "false": False}.get(text, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """An array of strings or of integers, each of which occurs once."""

    items: Text | Integer
    most: int
    """Items; the least is one."""

    def schema(self) -> JsonSchema:
        """As JSON Schema."""
        return {
            "type": "array",
            "items": self.items.schema(),
            "minItems": 1,
            "maxItems": self.most,
            "uniqueItems": True,
        }

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            return f"must be an array of 1 to {self.most} items"
        for index, item in enumerate(value):
            if problem := self.items.problem(item):
                return f"item {index + 1} {problem}"
        return "must not contain an item twice" if len(set(value)) < len(value) else None

    def from_text(self, text: str) -> object:
        """The text, which is not an array."""
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMap:
    """An object whose values are strings."""

    names: Text
    values: Text
    most: int
    """Members."""

    def schema(self) -> JsonSchema:
        """As JSON Schema."""
        return {
            "type": "object",
            "propertyNames": self.names.schema(),
            "additionalProperties": self.values.schema(),
            "maxProperties": self.most,
        }

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        if not isinstance(value, dict) or len(value) > self.most:
            return f"must be an object of at most {self.most} strings"
        for name, text in value.items():
            if problem := self.names.problem(name):
                return f"name {_quoted(name)} {problem}"
            if problem := self.values.problem(text):
                return f"value of {_quoted(name)} {problem}"
        return None

    def from_text(self, text: str) -> object:
        """The text, which is not an object."""
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a request body, or one query parameter."""

    name: str
    kind: Kind
    description: str
    is_required: bool = False
    default: object = None
    """None: the field is absent where the request lacks it."""
    example: object = None

    def schema(self) -> JsonSchema:
        """The field as JSON Schema."""
        return self.kind.schema() | _present(default=self.default)

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        return self.kind.problem(value)


def parse_body(fields: Sequence[Field], content: bytes | str) -> dict[str, Any]:
    """The validated fields of a request body, with defaults.

    Raises:
        Problem: it is not a JSON object with these fields.
    """
    try:
        sent = json.loads(
            content, object_pairs_hook=_reject_repeated, parse_constant=_reject_constant
        )
    except (ValueError, RecursionError):
        raise Problem(Code.INVALID_REQUEST, "The body must be JSON") from None
    if not isinstance(sent, dict):
        raise Problem(Code.INVALID_REQUEST, "The body must be a JSON object")
    return _checked(fields, {name: _to_integer(value) for name, value in sent.items()})


def parse_query(fields: Sequence[Field], sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The validated query parameters, with defaults.

    Raises:
        Problem: a parameter is unknown, malformed or repeated.
    """
    _reject([name for name, texts in sent.items() if len(texts) != 1], "must occur once")
    known = {item.name: item.kind for item in fields}
    values = {
        name: known[name].from_text(text) if name in known else text
        for name, (text,) in sent.items()
    }
    return _checked(fields, values)


def _checked(fields: Sequence[Field], sent: Mapping[str, Any]) -> dict[str, Any]:
    known = {item.name: item for item in fields}
    errors = [
        FieldError(item.name, "is required")
        for item in fields
        if item.is_required and item.name not in sent
    ]
    errors += [
        FieldError(name, problem)
        for name, value in sent.items()
        if name in known and (problem := known[name].problem(value))
    ]
    unknown = [name for name in sent if name not in known]
    errors += _field_errors(unknown, f"unknown field; use {', '.join(known)}")
    if errors:
        raise Problem(Code.INVALID_REQUEST, errors=errors)
    defaults = {item.name: item.default for item in fields if item.default is not None}
    return {**defaults, **sent}


def _reject(names: Sequence[str], message: str) -> None:
    if errors := _field_errors(names, message):
        raise Problem(Code.INVALID_REQUEST, errors=errors)


def _field_errors(names: Sequence[str], message: str) -> list[FieldError]:
    """One error for each name that the client chose, up to a limit."""
    return [FieldError(_quoted(name), message) for name in names[:_MAX_QUOTED_NAMES]]


def _quoted(name: str) -> str:
    return escape_unprintable(name)[:_MAX_QUOTED_CHARACTERS]


def _reject_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        _reject(sorted({name for name in names if names.count(name) > 1}), "must occur once")
    return members


def _reject_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _to_integer(value: object) -> object:
    """JSON Schema counts 5.0 as an integer."""
    if isinstance(value, list):
        return [_to_integer(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _present(**keywords: object) -> JsonSchema:
    return {name: value for name, value in keywords.items() if value is not None}
