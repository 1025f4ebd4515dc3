"""What schema.py declares of an operation: its route, its fields and its responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.api.fields import Field, parse_body, parse_query
from chalicelib.api.problems import Code


@dataclass(frozen=True, slots=True)
class Response:
    """One response of an operation."""

    description: str
    schema: str | None = "Problem"
    """Name of the body's schema in openapi_schemas.py; None: no body."""
    media_type: str = "application/json"
    """Of the body."""
    code: Code | None = None
    """Of an error; by default the first code with the status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one route."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    tag: str | None
    """Its group in the description; None for the web UI's files, which it leaves out."""
    body: Sequence[Field] = ()
    query: Sequence[Field] = ()
    responses: Mapping[int, Response] = field(default_factory=dict)
    is_public: bool = False
    """Whether it needs no sign-in."""

    def parse_body(self, content: bytes | str) -> dict[str, Any]:
        """The validated fields of a request body.

        Raises:
            Problem: it is not a JSON object with these fields.
        """
        return parse_body(self.body, content)

    def parse_query(self, sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The validated query parameters, with defaults.

        Raises:
            Problem: a parameter is unknown, malformed or repeated.
        """
        return parse_query(self.query, sent)
