"""What the API takes: one table of its operations and their fields.

The routes of app.py, the checks of what they are sent and /openapi.json are all made from these
tables, so that they cannot drift apart. Standard library only.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.documents import Status, one_line

JsonSchema = dict[str, Any]

LONGEST_NAME = 255
"""Characters of a file's name."""
LONGEST_PAGE = 100
"""Documents in one answer of the list."""
DEFAULT_PAGE = 20
LISTED_STATUSES = (Status.PROCESSED, Status.FAILED)
"""PENDING documents have no uploadedAt and so no place in a list by time."""

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - of HTTP: RFC 9110, 5.6.2, without what no type has
_PARAMETER = rf' ?; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9!#$&^_.+ -]*")'
_LONGEST_QUOTE = 60
"""Characters of a name that somebody made up which a message quotes."""
_MOST_QUOTES = 5


class InvalidRequestError(Exception):
    """What was sent is malformed or has wrong fields; the message says which and how."""


def _file_name_problem(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair"
    if not unicodedata.is_normalized("NFC", text):
        return 'must be in Unicode\'s form NFC, as name.normalize("NFC") makes it in JavaScript'
    return None


FORMATS: Mapping[str, Callable[[str], str | None]] = {"file-name": _file_name_problem}
"""What no other keyword of JSON Schema can say: what is wrong with a text, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a body or one parameter of a query."""

    name: str
    kind: type[str] | type[int]
    description: str
    is_required: bool = False
    least: int = 0
    """Of a number; of the length of a text."""
    most: int | None = None
    """Likewise; None: no end."""
    pattern: str | None = None
    rule: str = ""
    """The pattern in words."""
    choices: Sequence[str] = ()
    format: str | None = None
    """One of FORMATS."""
    default: int | None = None
    example: str | int | None = None

    def schema(self) -> JsonSchema:
        """This field in JSON Schema."""
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
        """What is wrong with a value of this field, as the schema has it; None if nothing."""
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
            return f"must be a whole number {bounds}"
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an operation."""

    description: str
    schema: str | None = "Error"
    """Name of its body's schema in openapi.py; None: no body."""
    media_type: str = "application/json"
    """Of its body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route with one method."""

    name: str
    method: str
    path: str
    summary: str
    description: str = ""
    body: Sequence[Field] = ()
    query: Sequence[Field] = ()
    answers: Mapping[int, Answer] = field(default_factory=dict)
    is_public: bool = False
    """Whether it is for everybody; all else is for those who are signed in."""

    def body_from(self, content: bytes | str) -> dict[str, Any]:
        """The fields in a request's body.

        Raises:
            InvalidRequestError: it is no JSON object with exactly these fields.
        """
        try:
            sent = json.loads(
                content, object_pairs_hook=_without_repetition, parse_constant=_no_number
            )
        except (ValueError, RecursionError):
            raise InvalidRequestError("The body must be JSON") from None
        if not isinstance(sent, dict):
            raise InvalidRequestError("The body must be a JSON object")
        return _checked(self.body, {name: _whole(value) for name, value in sent.items()})

    def query_from(self, sent: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The parameters of a request's query: what was given, and defaults.

        Raises:
            InvalidRequestError: one of them is unknown, wrong or given twice.
        """
        repeated = [name for name, texts in sent.items() if len(texts) != 1]
        if repeated:
            raise InvalidRequestError(f"{_quoted(repeated)}: must be given once")
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
        f"{item.name}: is missing" for item in fields if item.is_required and item.name not in sent
    ]
    problems += [
        f"{name}: {problem}"
        for name, value in sent.items()
        if name in known and (problem := known[name].problem(value))
    ]
    if unknown := [name for name in sent if name not in known]:
        problems.append(f"{_quoted(unknown)}: unknown; there is {', '.join(known)}")
    if problems:
        raise InvalidRequestError("; ".join(problems))
    return dict(sent)


def _quoted(names: Sequence[str]) -> str:
    quotes = [one_line(name)[:_LONGEST_QUOTE] for name in names[:_MOST_QUOTES]]
    return ", ".join(quotes + ["..."] * (len(names) > _MOST_QUOTES))


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InvalidRequestError(f"{_quoted(repeated)}: must be given once")
    return members


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not in JSON")


def _whole(value: object) -> object:
    """A number as JSON Schema sees it: 5.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


FILE_NAME = Field(
    name="fileName",
    kind=str,
    description=(
        "The file's name, kept letter for letter: any characters but control characters and path "
        "separators, in Unicode's form NFC; not `.` or `..`."
    ),
    is_required=True,
    least=1,
    most=LONGEST_NAME,
    pattern=r"^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f/\\]+$",
    rule="must hold neither control characters nor path separators, nor be . or ..",
    format="file-name",
    example="Résumé 2026.pdf",
)
FILE_TYPE = Field(
    name="fileType",
    kind=str,
    description="The file's MIME type; the upload must carry it as Content-Type, as it is here.",
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
    description="The file's size in bytes; the upload must have exactly so many.",
    is_required=True,
    least=1,
    example=12_345,
)
SHA256 = Field(
    name="sha256",
    kind=str,
    description="SHA-256 of the file's bytes, in hex: with it, S3 refuses any other bytes.",
    pattern="^[0-9a-fA-F]{64}$",
    rule="must be 64 hexadecimal digits",
)
STATUS = Field(
    name="status",
    kind=str,
    description="Only documents with this status; default: all that are PROCESSED or FAILED.",
    choices=LISTED_STATUSES,
)
LIMIT = Field(
    name="limit",
    kind=int,
    description="At most so many documents. There may be fewer, or none, though a cursor says "
    "that more follow.",
    least=1,
    most=LONGEST_PAGE,
    default=DEFAULT_PAGE,
)
CURSOR = Field(
    name="cursor",
    kind=str,
    description="The cursor of the page before, with the same status and by the same user.",
    least=1,
    most=1_024,
)

_SIGN_IN = Answer("No token, or not a valid ID token of this service's user pool")
_NOT_FOUND = Answer("There is no such document, or it belongs to someone else")
_BAD_REQUEST = Answer("Malformed; the message names each wrong field")

CREATE_UPLOAD = Operation(
    name="createUpload",
    method="POST",
    path="/uploads",
    summary="Ask for an upload URL",
    description=(
        "The URL takes one PUT of exactly these bytes: send every header in `upload.headers`, and "
        "Content-Length, which HTTP clients set themselves. S3 answers 403 to another size, "
        "another header or after `expiresAt`, 400 to bytes of another SHA-256, 412 to a second use "
        "and 409 when two run at once. Asking again is free."
    ),
    body=(FILE_NAME, FILE_TYPE, FILE_SIZE, SHA256),
    answers={
        201: Answer("Its document is PENDING until the file is there", "Upload"),
        400: _BAD_REQUEST,
        401: _SIGN_IN,
        413: Answer("The file is larger than allowed"),
        415: Answer("Files of this type are not allowed, or the body is not declared as JSON"),
    },
)
LIST_DOCUMENTS = Operation(
    name="listDocuments",
    method="GET",
    path="/documents",
    summary="List documents, newest first",
    description="One's own; all of them for operators. PENDING ones are in no list.",
    query=(STATUS, LIMIT, CURSOR),
    answers={200: Answer("A page of documents", "Page"), 400: _BAD_REQUEST, 401: _SIGN_IN},
)
GET_DOCUMENT = Operation(
    name="getDocument",
    method="GET",
    path="/documents/{document_id}",
    summary="Get one document's record",
    answers={200: Answer("Its record", "Document"), 401: _SIGN_IN, 404: _NOT_FOUND},
)
GET_CONTENT = Operation(
    name="getContent",
    method="GET",
    path="/documents/{document_id}/content",
    summary="Ask for a download URL",
    description="A GET of it downloads the file under its original name.",
    answers={
        200: Answer("Where the file is", "Content"),
        401: _SIGN_IN,
        404: _NOT_FOUND,
        409: Answer("The document is PENDING: its file is not there yet"),
    },
)
DELETE_DOCUMENT = Operation(
    name="deleteDocument",
    method="DELETE",
    path="/documents/{document_id}",
    summary="Delete a document and its file for good",
    description="Whatever fails may be asked again, and so may what succeeded.",
    answers={204: Answer("They are gone", None), 401: _SIGN_IN, 404: _NOT_FOUND},
)
GET_OPENAPI = Operation(
    name="getOpenapi",
    method="GET",
    path="/openapi.json",
    summary="This description",
    answers={200: Answer("OpenAPI 3.1", "OpenApi")},
    is_public=True,
)


def _page_file(
    name: str, path: str, media_type: str, summary: str, others: Mapping[int, Answer]
) -> Operation:
    answers = {
        200: Answer("Its text", "Text", media_type),
        304: Answer("It is the one whose ETag If-None-Match names", None),
        **others,
    }
    return Operation(
        name=name, method="GET", path=path, summary=summary, answers=answers, is_public=True
    )


_WITH_SLASH = {308: Answer("Its links want the URL with a final slash", None)}
GET_PAGE = _page_file("getPage", "/", "text/html", "The page for people", _WITH_SLASH)
GET_STYLE = _page_file("getStyle", "/style.css", "text/css", "How the page looks", {})
GET_SCRIPT = _page_file("getScript", "/app.js", "text/javascript", "What the page does", {})
OPERATIONS = (
    CREATE_UPLOAD,
    LIST_DOCUMENTS,
    GET_DOCUMENT,
    GET_CONTENT,
    DELETE_DOCUMENT,
    GET_OPENAPI,
    GET_PAGE,
    GET_STYLE,
    GET_SCRIPT,
)


def methods_of(path: str) -> list[str]:
    """The methods that a path serves."""
    return [operation.method for operation in OPERATIONS if operation.path == path]


def is_public(path: str) -> bool:
    """Whether a path serves those who are not signed in."""
    return any(operation.is_public for operation in OPERATIONS if operation.path == path)


PATHS = sorted({operation.path for operation in OPERATIONS})
