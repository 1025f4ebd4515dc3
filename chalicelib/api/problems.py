"""Errors of the API as problem details (RFC 9457, `application/problem+json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from chalice.app import ChaliceUnhandledError

MEDIA_TYPE = "application/problem+json"

_TYPE = "about:blank"
"""RFC 9457, 4.2.1: the status and its phrase describe the problem; `code` is more specific. A
stage has no host that keeps a documentation, and relative references resolve differently at each
path and stage, for which 3.1.1 advises against them."""


class Code(StrEnum):
    """What went wrong, for programs. New codes may be added."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    NO_TEXT = "no_text"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    DOCUMENT_PENDING = "document_pending"
    NO_ANALYSIS = "no_analysis"
    TEXT_RUNNING = "text_running"
    SCANNING = "scanning"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"
    CONFLICT = "conflict"
    PARTS_INCOMPLETE = "parts_incomplete"
    NOT_PENDING = "not_pending"
    REMOVED = "removed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_MANY_PENDING = "too_many_pending"
    INTERNAL_ERROR = "internal_error"
    COMPLETION_IN_PROGRESS = "completion_in_progress"


STATUSES: Mapping[Code, tuple[int, str]] = {
    Code.INVALID_REQUEST: (400, "Bad Request"),
    Code.UNAUTHORIZED: (401, "Unauthorized"),
    Code.FORBIDDEN: (403, "Forbidden"),
    Code.NOT_FOUND: (404, "Not Found"),
    Code.NO_TEXT: (404, "Not Found"),
    Code.METHOD_NOT_ALLOWED: (405, "Method Not Allowed"),
    Code.DOCUMENT_PENDING: (409, "Conflict"),
    Code.NO_ANALYSIS: (404, "Not Found"),
    Code.TEXT_RUNNING: (409, "Conflict"),
    Code.SCANNING: (409, "Conflict"),
    Code.INFECTED: (403, "Forbidden"),
    Code.NOT_SCANNED: (403, "Forbidden"),
    Code.CONFLICT: (409, "Conflict"),
    Code.PARTS_INCOMPLETE: (409, "Conflict"),
    Code.NOT_PENDING: (409, "Conflict"),
    Code.REMOVED: (410, "Gone"),
    Code.TOO_LARGE: (413, "Content Too Large"),
    Code.UNSUPPORTED_MEDIA_TYPE: (415, "Unsupported Media Type"),
    Code.TYPE_NOT_ALLOWED: (415, "Unsupported Media Type"),
    Code.TOO_MANY_REQUESTS: (429, "Too Many Requests"),
    Code.TOO_MANY_PENDING: (429, "Too Many Requests"),
    Code.INTERNAL_ERROR: (500, "Internal Server Error"),
    Code.COMPLETION_IN_PROGRESS: (503, "Service Unavailable"),
}
"""Status and title of each code; with `about:blank`, the title is the phrase of the status."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request body, or one query parameter."""

    field: str
    message: str
    """What the field must be, for a person."""


class Problem(ChaliceUnhandledError):  # noqa: N818 - the term of RFC 9457
    """An error response. A route raises it; Chalice passes it on to the middleware."""

    def __init__(
        self,
        code: Code,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """An error of this code.

        Args:
            code: what went wrong; decides the status.
            detail: one sentence for a person; by default the errors of the fields.
            errors: the wrong fields, if any.
            headers: of the response.
        """
        self.code = code
        self.errors = errors
        self.headers = headers
        self.status, self.title = STATUSES[code]
        self.detail = detail or "; ".join(f"{item.field}: {item.message}" for item in errors)
        super().__init__(self.detail)

    def body(self) -> dict[str, Any]:
        """The response's body; `errors` is absent where no field is wrong."""
        errors = {"errors": [asdict(item) for item in self.errors]} if self.errors else {}
        return {
            "type": _TYPE,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code.value,
            **errors,
        }
