"""The API's operations, in one table.

Routes, request validation and /openapi.json are all derived from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.api.openapi_text import DESCRIPTION, DOCUMENTS, UPLOADS, USERS
from chalicelib.api.operation import Operation, Response
from chalicelib.api.problems import Code
from chalicelib.api.request_fields import (
    CURSOR,
    DISPOSITION,
    DOCUMENT_ID,
    FILE_NAME,
    FILE_SIZE,
    FILE_TYPE,
    LIMIT,
    MULTIPART,
    NAME_CONTAINS,
    OF_FILE_TYPE,
    ORDER,
    PART_NUMBERS,
    SHA256,
    STATUS,
    TAGS,
    UPLOADED_AFTER,
    UPLOADED_BEFORE,
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
_FORBIDDEN = Response("The document belongs to another user; only for operators, who can read it")
_NOT_IN_PARTS = Response(
    "The document has its file, or is not uploaded in parts", code=Code.NOT_PENDING
)
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
