"""The API's operations and their fields, in one table.

Routes, request validation and /openapi.json are all derived from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib import tags
from chalicelib.api.downloads import ATTACHMENT, INLINE
from chalicelib.api.fields import (
    Boolean,
    Field,
    Integer,
    ListOf,
    Text,
    TextMap,
    parse_body,
    parse_query,
)
from chalicelib.api.openapi_text import DESCRIPTION, DOCUMENTS, UPLOADS, USERS
from chalicelib.api.parts import MAX_PARTS, MAX_PARTS_PER_REQUEST
from chalicelib.api.problems import Code
from chalicelib.documents import Status

MAX_FILE_NAME_CHARACTERS = 255
"""Of a file name."""
MAX_PAGE_SIZE = 100
"""Documents per page of a list."""
DEFAULT_PAGE_SIZE = 20
LISTED_STATUSES = (Status.PROCESSED, Status.FAILED, Status.SCANNING)
"""PENDING documents have no uploadedAt, which the indexes require."""

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - an HTTP token (RFC 9110, 5.6.2) without characters that no media type uses
_PARAMETER = rf' ?; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9!#$&^_.+ -]*")'


@dataclass(frozen=True, slots=True)
class Response:
    """One response of an operation."""

    description: str
    schema: str | None = "Problem"
    """Name of the body's schema in openapi.py; None: no body."""
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


FILE_NAME = Field(
    name="fileName",
    kind=Text(
        least=1,
        most=MAX_FILE_NAME_CHARACTERS,
        pattern=r"^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f/\\]+$",
        rule="must not contain control characters or path separators, nor be . or ..",
        format="file-name",
    ),
    description=(
        "The original file name, stored unchanged. Unicode form NFC, without control characters "
        "and path separators; not `.` or `..`."
    ),
    is_required=True,
    example="Résumé 2026.pdf",
)
FILE_TYPE = Field(
    name="fileType",
    kind=Text(
        least=3,
        most=255,
        pattern=rf"^{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*$",
        rule="must be a MIME type such as application/pdf",
    ),
    description="The file's MIME type. The upload must send it unchanged as Content-Type.",
    is_required=True,
    example="application/pdf",
)
FILE_SIZE = Field(
    name="fileSize",
    kind=Integer(least=1),
    description="The file's size in bytes; the upload must have exactly this size.",
    is_required=True,
    example=12_345,
)
SHA256 = Field(
    name="sha256",
    kind=Text(pattern="^[0-9a-fA-F]{64}$", rule="must be 64 hexadecimal digits"),
    description="SHA-256 of the file in hex. With it, S3 rejects any other bytes.",
)
TAGS = Field(
    name="tags",
    kind=TextMap(
        names=Text(
            least=1,
            most=tags.MAX_KEY_CHARACTERS,
            pattern=tags.NO_CONTROL_CHARACTERS,
            rule="must not contain control characters",
        ),
        values=Text(
            most=tags.MAX_VALUE_CHARACTERS,
            pattern=tags.NO_CONTROL_CHARACTERS,
            rule="must not contain control characters",
        ),
        most=tags.MAX_TAGS,
    ),
    description=(
        "Keys and values to store with the document. S3 allows 2 KB for name, owner and tags "
        "together, in percent-encoded UTF-8."
    ),
    example={"project": "Apollo", "invoice": "2026-017"},
)
DOCUMENT_ID = Field(
    name="documentId",
    # Version 5 is for the ids of direct uploads, which must not be claimed in advance.
    kind=Text(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        rule="must be a lower-case UUID of version 4 or 7",
    ),
    description=(
        "An id that the client chooses, so that it can repeat the request: a lower-case UUID of "
        "version 4 or 7. By default the service chooses one."
    ),
    example="0198c5b5-3f6f-7c0a-9d4e-8a1d5a3b7c42",
)
STATUS = Field(
    name="status",
    kind=Text(choices=LISTED_STATUSES),
    description=(
        "Only documents with this status. Default: PROCESSED, FAILED and, where files are scanned "
        "for malware, SCANNING."
    ),
)
_TIME = Text(
    pattern=(
        r"^[1-8][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
        r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
    ),
    rule="must be a time with its UTC offset, such as 2026-11-25T12:00:00Z",
    format="date-time",
)
UPLOADED_AFTER = Field(
    name="uploadedAfter",
    kind=_TIME,
    description="Only documents with `uploadedAt` at this time or later.",
    example="2026-11-01T00:00:00Z",
)
UPLOADED_BEFORE = Field(
    name="uploadedBefore",
    kind=_TIME,
    description="Only documents with `uploadedAt` before this time.",
    example="2026-12-01T00:00:00Z",
)
OF_FILE_TYPE = Field(
    name="fileType",
    kind=FILE_TYPE.kind,
    description="Only documents of this MIME type, as detected from the content.",
    example="application/pdf",
)
NAME_CONTAINS = Field(
    name="nameContains",
    kind=Text(least=1, most=MAX_FILE_NAME_CHARACTERS),
    description="Only documents whose `fileName` contains this text, regardless of case.",
    example="invoice",
)
ORDER = Field(
    name="order",
    kind=Text(choices=("desc", "asc")),
    description="By `uploadedAt`: `desc` lists the newest document first, `asc` the oldest.",
    default="desc",
)
LIMIT = Field(
    name="limit",
    kind=Integer(least=1, most=MAX_PAGE_SIZE),
    description="Maximum number of documents. A page may have fewer, or none, while `cursor` "
    "shows that more follow.",
    default=DEFAULT_PAGE_SIZE,
)
CURSOR = Field(
    name="cursor",
    kind=Text(least=1, most=1_024),
    description="`cursor` of the previous page; all other parameters but `limit`, and the user, "
    "have to be the same.",
)

DISPOSITION = Field(
    name="disposition",
    kind=Text(choices=(ATTACHMENT, INLINE)),
    description="`inline` lets a browser display a PDF or a picture; files of all other types are "
    "attachments in any case.",
    default=ATTACHMENT,
)
MULTIPART = Field(
    name="multipart",
    kind=Boolean(),
    description=(
        "Whether to upload the file in parts, which can be resumed. Default: above 100 MiB, unless "
        "`sha256` is sent, which S3 checks for a single PUT only."
    ),
)
PART_NUMBERS = Field(
    name="partNumbers",
    kind=ListOf(items=Integer(least=1, most=MAX_PARTS), most=MAX_PARTS_PER_REQUEST),
    description="Numbers of parts, from 1 to `partCount`.",
    is_required=True,
    example=[1, 2, 3],
)

TOO_MANY_REQUESTS = Response(
    "More requests than the rate limit of the API; or, of an upload, as many PENDING documents as "
    "the quota of a user allows. Try again after `Retry-After` seconds"
)
"""Of every operation: API Gateway answers it before the function runs."""
_UNAUTHORIZED = Response("Missing or invalid ID token of the service's user pool")
_REMOVED = Response("The file was deleted outside the API")
_UNSAFE = Response(
    "The file contains malware, or was not scanned for it where the service scans files",
    code=Code.INFECTED,
)
_NO_FILE_YET = Response(
    "The document is PENDING: its file is not uploaded yet; or SCANNING: it is being scanned for "
    "malware"
)
_NO_TEXT_YET = Response(
    "The document is PENDING or SCANNING, or its text is being recognized", code=Code.TEXT_RUNNING
)
_NOT_FOUND = Response("The document does not exist or belongs to another user")
_BAD_REQUEST = Response("Malformed request; the message names each wrong field")

CREATE_UPLOAD = Operation(
    name="createUpload",
    method="POST",
    path="/uploads",
    summary="Create an upload URL",
    tag=UPLOADS,
    description=(
        "The URL accepts one PUT of exactly these bytes. Send every header in `upload.headers` and "
        "Content-Length, which HTTP clients set themselves. S3 answers 403 to another size, "
        "another header or after `expiresAt`, 400 to bytes with another SHA-256, 412 to a second "
        "use and 409 to concurrent use. Repeated with the same `documentId` and terms, the request "
        "returns the same document: while it is PENDING, with a fresh URL."
    ),
    body=(FILE_NAME, FILE_TYPE, FILE_SIZE, SHA256, TAGS, DOCUMENT_ID, MULTIPART),
    responses={
        200: Response(
            "The document of an earlier request with this `documentId`, with a fresh upload URL "
            "while it is PENDING",
            "CreatedUpload",
        ),
        201: Response(
            "The upload URL; the document is PENDING until the file is uploaded", "CreatedUpload"
        ),
        400: _BAD_REQUEST,
        401: _UNAUTHORIZED,
        409: Response(
            "The `documentId` is used by another upload, or its document was deleted",
            code=Code.CONFLICT,
        ),
        410: _REMOVED,
        413: Response("The file exceeds the maximum size"),
        415: Response("The file type is not allowed, or the body is not application/json"),
    },
)
_FORBIDDEN = Response("The document belongs to another user; only for operators, who can read it")
_NOT_IN_PARTS = Response(
    "The document has its file, or is not uploaded in parts", code=Code.NOT_PENDING
)
CREATE_PART_URLS = Operation(
    name="createPartUrls",
    method="POST",
    path="/uploads/{document_id}/parts",
    summary="Create upload URLs for parts",
    tag=UPLOADS,
    description=(
        "Each URL accepts PUTs of exactly `sizeBytes` bytes, without further headers, until "
        "`expiresAt`; a part that is sent again replaces the earlier one. New URLs may be "
        "requested at any time while the document is PENDING."
    ),
    body=(PART_NUMBERS,),
    responses={
        200: Response("The URLs", "PartUrls"),
        400: _BAD_REQUEST,
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _NOT_FOUND,
        409: _NOT_IN_PARTS,
        415: Response("The body is not application/json"),
    },
)
LIST_PARTS = Operation(
    name="listParts",
    method="GET",
    path="/uploads/{document_id}/parts",
    summary="List uploaded parts",
    tag=UPLOADS,
    description=(
        "What S3 has, so that an interrupted upload sends only the other parts. A completed upload "
        "has all parts."
    ),
    responses={
        200: Response("The uploaded parts, by number", "UploadedParts"),
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _NOT_FOUND,
        409: Response(
            "The document is not uploaded in parts, or its upload was aborted", code=Code.CONFLICT
        ),
    },
)
COMPLETE_UPLOAD = Operation(
    name="completeUpload",
    method="POST",
    path="/uploads/{document_id}/complete",
    summary="Complete an upload in parts",
    tag=UPLOADS,
    description="Idempotent; may be repeated after a lost response.",
    responses={
        200: Response("The file is uploaded; it is processed next", "CompletedUpload"),
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _NOT_FOUND,
        409: Response(
            "Parts are missing, or the document is not uploaded in parts",
            code=Code.PARTS_INCOMPLETE,
        ),
        503: Response(
            "S3 is completing the upload. Repeat the request after `Retry-After` seconds"
        ),
    },
)
CANCEL_UPLOAD = Operation(
    name="cancelUpload",
    method="DELETE",
    path="/uploads/{document_id}",
    summary="Cancel an upload",
    tag=UPLOADS,
    description="Deletes the PENDING document and uploaded parts. Idempotent.",
    responses={
        204: Response("Cancelled", None),
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _NOT_FOUND,
        409: Response(
            "The document has its file: delete the document instead", code=Code.NOT_PENDING
        ),
    },
)
LIST_DOCUMENTS = Operation(
    name="listDocuments",
    method="GET",
    path="/documents",
    summary="List documents",
    tag=DOCUMENTS,
    description=(
        "The caller's documents; for operators, all documents. Without PENDING ones. With "
        "`fileType` or `nameContains`, a page examines about 500 documents at most, so it may have "
        "few or none while `cursor` shows that more follow."
    ),
    query=(
        STATUS,
        UPLOADED_AFTER,
        UPLOADED_BEFORE,
        OF_FILE_TYPE,
        NAME_CONTAINS,
        ORDER,
        LIMIT,
        CURSOR,
    ),
    responses={200: Response("A page of documents", "Page"), 400: _BAD_REQUEST, 401: _UNAUTHORIZED},
)
GET_DOCUMENT = Operation(
    name="getDocument",
    method="GET",
    path="/documents/{document_id}",
    summary="Get the record of a document",
    description=(
        "Its owner and operators can read it; for others it does not exist. `ETag` identifies the "
        "state of the record; send it as `If-None-Match` to poll."
    ),
    tag=DOCUMENTS,
    responses={
        200: Response("The record", "Document"),
        304: Response("The ETag in If-None-Match is current", None),
        401: _UNAUTHORIZED,
        404: _NOT_FOUND,
    },
)
HEAD_DOCUMENT = replace(
    GET_DOCUMENT,
    name="headDocument",
    method="HEAD",
    summary="Get the headers of a record",
    description="The status and headers of GET, among them `ETag`, without a body.",
    responses={
        status: replace(response, schema=None)
        for status, response in GET_DOCUMENT.responses.items()
    },
)
GET_CONTENT = Operation(
    name="getContent",
    method="GET",
    path="/documents/{document_id}/content",
    summary="Create a download URL",
    tag=DOCUMENTS,
    description=(
        "GET of the URL returns the file as an attachment under its original name, with the "
        "detected type. HTML, XML and SVG are returned as application/octet-stream. `_` replaces "
        "path separators, control characters and controls that reorder text in the name."
    ),
    query=(DISPOSITION,),
    responses={
        200: Response("The download URL", "Content"),
        400: _BAD_REQUEST,
        401: _UNAUTHORIZED,
        403: _UNSAFE,
        404: _NOT_FOUND,
        409: _NO_FILE_YET,
        410: _REMOVED,
    },
)
GET_TEXT = Operation(
    name="getText",
    method="GET",
    path="/documents/{document_id}/text",
    summary="Create a download URL for the text",
    tag=DOCUMENTS,
    description=(
        "GET of the URL returns the text of the file as an attachment in UTF-8: lines end with a "
        "line feed, pages with a form feed. `text` of the record has its length, and whether it is "
        "the beginning of a longer text."
    ),
    responses={
        200: Response("The download URL", "Content"),
        401: _UNAUTHORIZED,
        403: _UNSAFE,
        404: Response("The document does not exist, belongs to another user or has no text"),
        409: _NO_TEXT_YET,
        410: _REMOVED,
    },
)
DELETE_DOCUMENT = Operation(
    name="deleteDocument",
    method="DELETE",
    path="/documents/{document_id}",
    summary="Delete a document and its file permanently",
    tag=DOCUMENTS,
    description="Idempotent; may be repeated after a failure and after success.",
    responses={204: Response("Deleted", None), 401: _UNAUTHORIZED, 404: _NOT_FOUND},
)
REPROCESS_DOCUMENT = Operation(
    name="reprocessDocument",
    method="POST",
    path="/documents/{document_id}/reprocess",
    summary="Process the file of a document again",
    description=(
        "The record stays as it is until the new result replaces it and changes `processedAt`. "
        "A later version of the file, or a result that was stored meanwhile, takes precedence. "
        "Less than 60 seconds after `processedAt`, the response is 429."
    ),
    tag=DOCUMENTS,
    responses={
        202: Response("Processing was requested", None),
        401: _UNAUTHORIZED,
        403: _UNSAFE,
        404: _NOT_FOUND,
        409: _NO_FILE_YET,
        410: _REMOVED,
    },
)
GET_USER = Operation(
    name="getUser",
    method="GET",
    path="/users/{user_id}",
    summary="Get the e-mail address of a user",
    description="For operators: who the `owner` of a document is.",
    tag=USERS,
    responses={
        200: Response("The user", "User"),
        401: _UNAUTHORIZED,
        403: Response("The caller is not an operator"),
        404: Response("There is no user with this `sub`"),
    },
)
GET_OPENAPI = Operation(
    name="getOpenapi",
    method="GET",
    path="/openapi.json",
    summary="Get this description",
    description="OpenAPI 3.1; requires no sign-in.",
    tag=DESCRIPTION,
    responses={200: Response("OpenAPI 3.1", "OpenApi")},
    is_public=True,
)


def _web_ui_file(
    name: str, path: str, media_type: str, summary: str, others: Mapping[int, Response]
) -> Operation:
    responses = {
        200: Response("The file", None, media_type),
        304: Response("The ETag in If-None-Match is current", None),
        **others,
    }
    return Operation(
        name=name,
        method="GET",
        path=path,
        summary=summary,
        description="",
        tag=None,
        responses=responses,
        is_public=True,
    )


_WITH_SLASH = {308: Response("Redirect to the URL with a final slash", None)}
GET_INDEX = _web_ui_file("getWebUi", "/", "text/html", "Web UI: page", _WITH_SLASH)
GET_STYLE = _web_ui_file("getStyle", "/style.css", "text/css", "Web UI: style sheet", {})
GET_SCRIPT = _web_ui_file("getScript", "/app.js", "text/javascript", "Web UI: script", {})
OPERATIONS = (
    CREATE_UPLOAD,
    CREATE_PART_URLS,
    LIST_PARTS,
    COMPLETE_UPLOAD,
    CANCEL_UPLOAD,
    LIST_DOCUMENTS,
    GET_DOCUMENT,
    HEAD_DOCUMENT,
    GET_CONTENT,
    REPROCESS_DOCUMENT,
    DELETE_DOCUMENT,
    GET_USER,
    GET_OPENAPI,
    GET_INDEX,
    GET_STYLE,
    GET_SCRIPT,
)


GET_ANALYSIS = Operation(
    name="getAnalysis",
    method="GET",
    path="/documents/{document_id}/analysis",
    summary="Create a download URL for forms and tables",
    tag=DOCUMENTS,
    description=(
        "GET of the URL returns what Amazon Textract found in a scan as JSON: `keyValuePairs` with "
        "`page`, `key`, `value` and `confidence`; `tables` with `page`, `title`, `footer`, "
        "`confidence` and `cells`, each with `row`, `column`, `rowSpan`, `columnSpan`, `isHeader` "
        "and `text`; and whether that is `truncated`. Rows, columns and pages count from 1."
    ),
    responses={
        200: Response("The download URL", "Content"),
        401: _UNAUTHORIZED,
        403: _UNSAFE,
        404: Response("The document does not exist, belongs to another user or has no analysis"),
        409: _NO_TEXT_YET,
        410: _REMOVED,
    },
)

TEXT_OPERATIONS = (GET_TEXT,)
"""Only of stages that keep texts."""
ANALYSIS_OPERATIONS = (GET_ANALYSIS,)
"""Only of stages with OCR=analysis."""


def methods_for(path: str, operations: Sequence[Operation] = OPERATIONS) -> list[str]:
    """The methods of a path."""
    return [operation.method for operation in operations if operation.path == path]


def is_public(path: str, operations: Sequence[Operation] = OPERATIONS) -> bool:
    """Whether a path needs no sign-in."""
    return any(operation.is_public for operation in operations if operation.path == path)


def paths_of(operations: Sequence[Operation]) -> list[str]:
    """The paths of operations."""
    return sorted({operation.path for operation in operations})


PATHS = paths_of(OPERATIONS)
