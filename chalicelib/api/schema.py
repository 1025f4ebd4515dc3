"""The API's operations and their fields, in one table.

Routes, request validation and /openapi.json are all derived from it. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.documents import Status, escape_unprintable

JsonSchema = dict[str, Any]

MAX_FILE_NAME_CHARACTERS = 255
"""Of a file name."""
MAX_PAGE_SIZE = 100
"""Documents per page of a list."""
DEFAULT_PAGE_SIZE = 20
LISTED_STATUSES = (Status.PROCESSED, Status.FAILED)
"""PENDING documents have no uploadedAt, which the indexes require."""

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - an HTTP token (RFC 9110, 5.6.2) without characters that no media type uses
_PARAMETER = rf' ?; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9!#$&^_.+ -]*")'
_MAX_QUOTED_CHARACTERS = 60
"""Of an unknown name in an error message."""
_MAX_QUOTED_NAMES = 5


class InvalidRequestError(Exception):
    """The request is malformed; the message names each wrong field and what it must be."""


def _file_name_problem(text: str) -> str | None:
    import unicodedata  # noqa: PLC0415 - loading its tables costs 2 ms of each cold start

    try:
        text.encode()
    except UnicodeEncodeError:
        return "must not contain lone surrogates"
    if not unicodedata.is_normalized("NFC", text):
        return 'must be in Unicode form NFC; in JavaScript: name.normalize("NFC")'
    return None


FORMATS: Mapping[str, Callable[[str], str | None]] = {"file-name": _file_name_problem}
"""Checks beyond JSON Schema's keywords: a problem with a string, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a request body, or one query parameter."""

    name: str
    kind: type[str] | type[int]
    description: str
    is_required: bool = False
    least: int = 0
    """Minimum of a number, or of the length of a string."""
    most: int | None = None
    """Maximum likewise; None: unbounded."""
    pattern: str | None = None
    rule: str = ""
    """The pattern as a sentence for error messages."""
    choices: Sequence[str] = ()
    format: str | None = None
    """One of FORMATS."""
    default: int | None = None
    example: str | int | None = None

    def schema(self) -> JsonSchema:
        """The field as JSON Schema."""
        low, high = ("minLength", "maxLength") if self.kind is str else ("minimum", "maximum")
        keywords = {
            "type": "string" if self.kind is str else "integer",
            low: self.least or None,
            high: self.most,
            "pattern": self.pattern,
            "enum": list(self.choices) or None,
            "format": self.format,
            "default": self.default,
        }
        return {name: value for name, value in keywords.items() if value is not None}

    def problem(self, value: object) -> str | None:
        """What the value must be, or None if it conforms to the schema."""
        if self.kind is int:
            return self._number_problem(value)
        if not isinstance(value, str):
            return "must be a string"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            return f"must have {self.least} to {self.most} characters"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return self.rule
        return FORMATS[self.format](value) if self.format else None

    def _number_problem(self, value: object) -> str | None:
        bounds = f"from {self.least}" + (f" to {self.most}" if self.most is not None else "")
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or value < self.least
            or (self.most is not None and value > self.most)
        ):
            return f"must be an integer {bounds}"
        return None


@dataclass(frozen=True, slots=True)
class Response:
    """One response of an operation."""

    description: str
    schema: str | None = "Error"
    """Name of the body's schema in openapi.py; None: no body."""
    media_type: str = "application/json"
    """Of the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one route."""

    name: str
    method: str
    path: str
    summary: str
    description: str = ""
    body: Sequence[Field] = ()
    query: Sequence[Field] = ()
    responses: Mapping[int, Response] = field(default_factory=dict)
    is_public: bool = False
    """Whether it needs no sign-in."""

    def parse_body(self, content: bytes | str) -> dict[str, Any]:
        """The validated fields of a request body.

        Raises:
            InvalidRequestError: it is not a JSON object with these fields.
        """
        try:
            sent = json.loads(
                content, object_pairs_hook=_reject_repeated, parse_constant=_reject_constant
            )
        except (ValueError, RecursionError):
            raise InvalidRequestError("The body must be JSON") from None
        if not isinstance(sent, dict):
            raise InvalidRequestError("The body must be a JSON object")
        return _checked(self.body, {name: _to_integer(value) for name, value in sent.items()})

    def parse_query(self, sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The validated query parameters, with defaults.

        Raises:
            InvalidRequestError: a parameter is unknown, malformed or repeated.
        """
        repeated = [name for name, texts in sent.items() if len(texts) != 1]
        if repeated:
            raise InvalidRequestError(f"{_quoted(repeated)}: must occur once")
        numbers = {item.name for item in self.query if item.kind is int}
        values = {
            name: int(text) if name in numbers and re.fullmatch(r"-?[0-9]{1,18}", text) else text
            for name, (text,) in sent.items()
        }
        defaults = {item.name: item.default for item in self.query if item.default is not None}
        return {**defaults, **_checked(self.query, values)}


def _checked(fields: Sequence[Field], sent: Mapping[str, Any]) -> dict[str, Any]:
    known = {item.name: item for item in fields}
    problems = [
        f"{item.name}: is required" for item in fields if item.is_required and item.name not in sent
    ]
    problems += [
        f"{name}: {problem}"
        for name, value in sent.items()
        if name in known and (problem := known[name].problem(value))
    ]
    if unknown := [name for name in sent if name not in known]:
        problems.append(f"{_quoted(unknown)}: unknown field; use {', '.join(known)}")
    if problems:
        raise InvalidRequestError("; ".join(problems))
    return dict(sent)


def _quoted(names: Sequence[str]) -> str:
    quotes = [
        escape_unprintable(name)[:_MAX_QUOTED_CHARACTERS] for name in names[:_MAX_QUOTED_NAMES]
    ]
    return ", ".join(quotes + ["..."] * (len(names) > _MAX_QUOTED_NAMES))


def _reject_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InvalidRequestError(f"{_quoted(repeated)}: must occur once")
    return members


def _reject_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _to_integer(value: object) -> object:
    """JSON Schema counts 5.0 as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


FILE_NAME = Field(
    name="fileName",
    kind=str,
    description=(
        "The original file name, stored unchanged. Unicode form NFC, without control characters "
        "and path separators; not `.` or `..`."
    ),
    is_required=True,
    least=1,
    most=MAX_FILE_NAME_CHARACTERS,
    pattern=r"^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f/\\]+$",
    rule="must not contain control characters or path separators, nor be . or ..",
    format="file-name",
    example="Résumé 2026.pdf",
)
FILE_TYPE = Field(
    name="fileType",
    kind=str,
    description="The file's MIME type. The upload must send it unchanged as Content-Type.",
    is_required=True,
    least=3,
    most=255,
    pattern=rf"^{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*$",
    rule="must be a MIME type such as application/pdf",
    example="application/pdf",
)
FILE_SIZE = Field(
    name="fileSize",
    kind=int,
    description="The file's size in bytes; the upload must have exactly this size.",
    is_required=True,
    least=1,
    example=12_345,
)
SHA256 = Field(
    name="sha256",
    kind=str,
    description="SHA-256 of the file in hex. With it, S3 rejects any other bytes.",
    pattern="^[0-9a-fA-F]{64}$",
    rule="must be 64 hexadecimal digits",
)
STATUS = Field(
    name="status",
    kind=str,
    description="Only documents with this status. Default: PROCESSED and FAILED.",
    choices=LISTED_STATUSES,
)
LIMIT = Field(
    name="limit",
    kind=int,
    description="Maximum number of documents. A page may have fewer, or none, while `cursor` "
    "shows that more follow.",
    least=1,
    most=MAX_PAGE_SIZE,
    default=DEFAULT_PAGE_SIZE,
)
CURSOR = Field(
    name="cursor",
    kind=str,
    description="`cursor` of the previous page, with the same `status` and user.",
    least=1,
    most=1_024,
)

TOO_MANY_REQUESTS = Response("More requests than the rate limit of the API; try again later")
"""Of every operation: API Gateway answers it before the function runs."""
_UNAUTHORIZED = Response("Missing or invalid ID token of the service's user pool")
_NOT_FOUND = Response("The document does not exist or belongs to another user")
_BAD_REQUEST = Response("Malformed request; the message names each wrong field")

CREATE_UPLOAD = Operation(
    name="createUpload",
    method="POST",
    path="/uploads",
    summary="Create an upload URL",
    description=(
        "The URL accepts one PUT of exactly these bytes. Send every header in `upload.headers` and "
        "Content-Length, which HTTP clients set themselves. S3 answers 403 to another size, "
        "another header or after `expiresAt`, 400 to bytes with another SHA-256, 412 to a second "
        "use and 409 to concurrent use. Creating another URL is free of charge."
    ),
    body=(FILE_NAME, FILE_TYPE, FILE_SIZE, SHA256),
    responses={
        201: Response(
            "The upload URL; the document is PENDING until the file is uploaded", "Upload"
        ),
        400: _BAD_REQUEST,
        401: _UNAUTHORIZED,
        413: Response("The file exceeds the maximum size"),
        415: Response("The file type is not allowed, or the body is not application/json"),
    },
)
LIST_DOCUMENTS = Operation(
    name="listDocuments",
    method="GET",
    path="/documents",
    summary="List documents, newest first",
    description="The caller's documents; for operators, all documents. Without PENDING ones.",
    query=(STATUS, LIMIT, CURSOR),
    responses={200: Response("A page of documents", "Page"), 400: _BAD_REQUEST, 401: _UNAUTHORIZED},
)
GET_DOCUMENT = Operation(
    name="getDocument",
    method="GET",
    path="/documents/{document_id}",
    summary="Get the record of a document",
    responses={200: Response("The record", "Document"), 401: _UNAUTHORIZED, 404: _NOT_FOUND},
)
GET_CONTENT = Operation(
    name="getContent",
    method="GET",
    path="/documents/{document_id}/content",
    summary="Create a download URL",
    description=(
        "GET of the URL returns the file as an attachment under its original name, with the "
        "detected type. HTML, XML and SVG are returned as application/octet-stream. `_` replaces "
        "path separators, control characters and controls that reorder text in the name."
    ),
    responses={
        200: Response("The download URL", "Content"),
        401: _UNAUTHORIZED,
        404: _NOT_FOUND,
        409: Response("The document is PENDING: its file is not uploaded yet"),
    },
)
DELETE_DOCUMENT = Operation(
    name="deleteDocument",
    method="DELETE",
    path="/documents/{document_id}",
    summary="Delete a document and its file permanently",
    description="Idempotent; may be repeated after a failure and after success.",
    responses={204: Response("Deleted", None), 401: _UNAUTHORIZED, 404: _NOT_FOUND},
)
GET_OPENAPI = Operation(
    name="getOpenapi",
    method="GET",
    path="/openapi.json",
    summary="Get this description",
    responses={200: Response("OpenAPI 3.1", "OpenApi")},
    is_public=True,
)


def _web_ui_file(
    name: str, path: str, media_type: str, summary: str, others: Mapping[int, Response]
) -> Operation:
    responses = {
        200: Response("The file", "Text", media_type),
        304: Response("The ETag in If-None-Match is current", None),
        **others,
    }
    return Operation(
        name=name, method="GET", path=path, summary=summary, responses=responses, is_public=True
    )


_WITH_SLASH = {308: Response("Redirect to the URL with a final slash", None)}
GET_INDEX = _web_ui_file("getWebUi", "/", "text/html", "Web UI: page", _WITH_SLASH)
GET_STYLE = _web_ui_file("getStyle", "/style.css", "text/css", "Web UI: style sheet", {})
GET_SCRIPT = _web_ui_file("getScript", "/app.js", "text/javascript", "Web UI: script", {})
OPERATIONS = (
    CREATE_UPLOAD,
    LIST_DOCUMENTS,
    GET_DOCUMENT,
    GET_CONTENT,
    DELETE_DOCUMENT,
    GET_OPENAPI,
    GET_INDEX,
    GET_STYLE,
    GET_SCRIPT,
)


def methods_for(path: str) -> list[str]:
    """The methods of a path."""
    return [operation.method for operation in OPERATIONS if operation.path == path]


def is_public(path: str) -> bool:
    """Whether a path needs no sign-in."""
    return any(operation.is_public for operation in OPERATIONS if operation.path == path)


PATHS = sorted({operation.path for operation in OPERATIONS})
