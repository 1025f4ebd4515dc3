"""The OpenAPI 3.1 description of the API, generated from the table in schema.py."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from chalicelib.api.fields import Field, JsonSchema
from chalicelib.api.openapi_examples import EXAMPLES, problem_example, request_example
from chalicelib.api.openapi_text import TAGS, SignIn, description
from chalicelib.api.problems import MEDIA_TYPE, Code
from chalicelib.api.schema import (
    FILE_SIZE,
    FILE_TYPE,
    TOO_MANY_REQUESTS,
    Operation,
    Response,
)
from chalicelib.documents import FailureCode, Status, TextFailureCode, TextStatus
from chalicelib.files.validation import Limits

BEARER_TOKEN = "bearerToken"  # noqa: S105 - the name of a security scheme
BARE_TOKEN = "bareToken"  # noqa: S105 - likewise
"""Cognito developer guide, "Accessing resources with API Gateway after sign-in": clients send their
tokens as bearer tokens. API Gateway developer guide, "Control access to REST APIs using Amazon
Cognito user pools as an authorizer": the header is set to the token."""

_PATH_PARAMETERS = {
    "document_id": "`documentId` of the document",
    "user_id": "`owner` of a document",
}
"""Their descriptions."""

_TIME: JsonSchema = {"type": "string", "format": "date-time"}
_TEXT: JsonSchema = {"type": "string"}
_UUID: JsonSchema = {"type": "string", "format": "uuid"}
_COUNT: JsonSchema = {"type": "integer", "minimum": 1}
_URL: JsonSchema = {"type": "string", "format": "uri"}


def _object(properties: JsonSchema, required: Sequence[str] | None = None) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
    }


def _open_enum(values: type[StrEnum]) -> JsonSchema:
    """A string with these values, to which others may be added.

    With `enum`, generated clients reject a value that they do not know.
    """
    names = [str(value) for value in values]
    return {
        "type": "string",
        "description": f"{', '.join(f'`{name}`' for name in names)}; others may be added",
        "examples": names[:1],
        "x-extensible-enum": names,
    }


def _reference(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, JsonSchema] = {
    "Document": _object(
        {
            "documentId": _UUID,
            "fileName": _TEXT,
            "fileType": _TEXT
            | {
                "description": (
                    "MIME type detected from the bytes; the declared one before they are read, "
                    "while PENDING or SCANNING"
                )
            },
            "declaredType": _TEXT
            | {"description": "The declared MIME type, where the detected one differs"},
            "fileSize": {"type": "integer", "minimum": 0, "description": "Bytes"},
            "status": _open_enum(Status),
            "uploadedAt": _TIME | {"description": "Absent while PENDING"},
            "processedAt": _TIME | {"description": "Absent while PENDING or SCANNING"},
            "scannedAt": _TIME
            | {
                "description": (
                    "When a malware scan of the file ended; absent where there was none"
                )
            },
            "removedAt": _TIME
            | {"description": "When the file was deleted outside the API; present only then"},
            "owner": _TEXT | {"description": "Cognito `sub` of the uploader, if known"},
            "tags": {"type": "object", "additionalProperties": _TEXT},
            "objectKey": _TEXT,
            "eTag": _TEXT,
            "sequencer": _TEXT,
            "sha256": _TEXT
            | {
                "description": (
                    "SHA-256 of the content in hex; the declared one while PENDING or SCANNING"
                )
            },
            "metadata": {
                "type": "object",
                "description": "Extracted metadata, such as wordCount or pageCount",
                "additionalProperties": {"type": ["string", "integer", "boolean"]},
            },
            "text": _object(
                {
                    "source": _TEXT
                    | {"description": "`document`: the file's own text; `ocr`: recognized"},
                    "characterCount": {"type": "integer", "minimum": 0},
                    "truncated": {
                        "type": "boolean",
                        "description": "Whether it is the beginning of a longer text",
                    },
                    "status": _open_enum(TextStatus),
                    "startedAt": _TIME | {"description": "When the recognition started"},
                    "wordCount": {"type": "integer", "minimum": 0},
                    "meanConfidence": {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": 100,
                        "description": "Amazon Textract's confidence in a word, in percent",
                    },
                    "analyzed": {
                        "type": "boolean",
                        "description": "Whether there are forms and tables to download",
                    },
                    "pagesNotRead": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Pages that Amazon Textract could not read",
                    },
                    "failure": _object({"code": _open_enum(TextFailureCode), "message": _TEXT})
                    | {"description": "Why the text was not recognized"},
                },
                required=("source",),
            )
            | {"description": "About the text of the file, where the service keeps texts"},
            "failure": _object(
                {
                    "code": _open_enum(FailureCode),
                    "message": _TEXT,
                }
            )
            | {"description": "Why the document is FAILED"},
            "expiresAt": _TIME | {"description": "While PENDING: when the record expires"},
        },
        required=("documentId", "fileName", "fileSize", "status"),
    ),
    "CreatedUpload": _object(
        {
            "documentId": _UUID,
            "status": _open_enum(Status),
            "upload": {
                "oneOf": [_reference("PutUpload"), _reference("MultipartUpload")],
            }
            | {"description": "Only while the document is PENDING"},
        },
        required=("documentId", "status"),
    ),
    "PutUpload": _object(
        {
            "method": _TEXT | {"description": "`PUT`"},
            "url": _URL,
            "headers": {"type": "object", "additionalProperties": _TEXT},
            "expiresAt": _TIME,
        }
    ),
    "MultipartUpload": _object(
        {
            "method": _TEXT | {"description": "`MULTIPART`"},
            "uploadId": _TEXT,
            "partSizeBytes": _COUNT | {"description": "Of every part but the last"},
            "partCount": _COUNT,
            "expiresAt": _TIME | {"description": "All parts must be uploaded before"},
        }
    ),
    "PartUrls": _object(
        {
            "parts": {
                "type": "array",
                "items": _object({"partNumber": _COUNT, "url": _URL, "sizeBytes": _COUNT}),
            },
            "expiresAt": _TIME,
        }
    ),
    "UploadedParts": _object(
        {
            "parts": {
                "type": "array",
                "items": _object(
                    {
                        "partNumber": _COUNT,
                        "sizeBytes": _COUNT,
                        "eTag": _TEXT | {"description": "Absent once the upload is completed"},
                    },
                    required=("partNumber", "sizeBytes"),
                ),
            },
            "partSizeBytes": _COUNT | {"description": "Of every part but the last"},
            "partCount": _COUNT,
        }
    ),
    "CompletedUpload": _object(
        {
            "documentId": _UUID,
            "status": _open_enum(Status),
        }
    ),
    "Page": _object(
        {
            "documents": {"type": "array", "items": _reference("Document")},
            "cursor": _TEXT | {"description": "For the next page; absent on the last page"},
        },
        required=("documents",),
    ),
    "Content": _object({"url": _URL, "expiresAt": _TIME}),
    "User": _object({"userId": _UUID, "email": _TEXT | {"format": "email"}}),
    "Problem": _object(
        {
            "type": _TEXT | {"examples": ["about:blank"]},
            "title": _TEXT | {"description": "The phrase of the status"},
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": _open_enum(Code),
            "errors": {
                "type": "array",
                "description": "The wrong fields of the request",
                "items": _object({"field": _TEXT, "message": _TEXT}),
            },
        },
        required=("type", "title", "status", "detail", "code"),
    ),
    "OpenApi": {"type": "object"},
}


def build_openapi(
    title: str, url: str, limits: Limits, sign_in: SignIn, operations: Sequence[Operation]
) -> dict[str, Any]:
    """The description for a stage.

    Args:
        title: name of the API.
        url: of the API, without its final slash.
        limits: of the stage.
        sign_in: of the stage.
        operations: of the stage.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        if operation.tag:
            path = paths.setdefault(operation.path, {})
            path[operation.method.lower()] = _operation(operation, limits)
            _add_links(path[operation.method.lower()], operations)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": description(sign_in),
            "contact": {"name": "The operator of this service"},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "tags": [{"name": name, "description": text} for name, text in TAGS],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                BEARER_TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "ID token of a user of the service's Cognito user pool",
                },
                BARE_TOKEN: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "The same token without `Bearer`",
                },
            },
        },
    }


def _operation(operation: Operation, limits: Limits) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.tag],
        "security": [] if operation.is_public else [{BEARER_TOKEN: []}, {BARE_TOKEN: []}],
        "parameters": [_path_parameter(name) for name in _names_in(operation.path)]
        + [_query_parameter(item, limits) for item in operation.query],
        "responses": {
            str(status): _response(operation, status, response)
            for status, response in {**operation.responses, 429: TOO_MANY_REQUESTS}.items()
        },
    }
    if operation.body:
        schema = _object(
            {item.name: _property(item, limits) for item in operation.body},
            required=[item.name for item in operation.body if item.is_required],
        ) | {"additionalProperties": False}
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {"schema": schema, "example": request_example(operation)}
            },
        }
    return described


def _names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PATH_PARAMETERS[name],
        "schema": _UUID,
    }


def _query_parameter(item: Field, limits: Limits) -> dict[str, Any]:
    schema = _property(item, limits)
    description = schema.pop("description")
    return {
        "name": item.name,
        "in": "query",
        "required": item.is_required,
        "description": description,
        "schema": schema,
    }


def _property(item: Field, limits: Limits) -> JsonSchema:
    schema = item.schema() | {"description": item.description}
    if item.example is not None:
        schema["examples"] = [item.example]
    if item is FILE_SIZE:
        schema["maximum"] = limits.largest_file_bytes
    if item is FILE_TYPE:
        schema["description"] += f" Allowed: {', '.join(sorted(limits.allowed_types))}."
    return schema


def _response(operation: Operation, status: int, described: Response) -> dict[str, Any]:
    response: dict[str, Any] = {"description": described.description}
    if described.schema:
        content: dict[str, Any] = {"schema": _reference(described.schema)}
        is_problem = described.schema == "Problem"
        if is_problem:
            content["example"] = problem_example(operation, status, described)
        elif described.schema in EXAMPLES:
            content["example"] = EXAMPLES[described.schema]
        response["content"] = {MEDIA_TYPE if is_problem else described.media_type: content}
    if described.schema == "CreatedUpload":
        description = "The document, relative to the URL of the request (RFC 3986, section 5.2)"
        response["headers"] = {"Location": {"schema": _TEXT, "description": description}}
    return response


def _add_links(described: dict[str, Any], operations: Sequence[Operation]) -> None:
    """From the responses with the URL of a document to its operations."""
    for response in described["responses"].values():
        if "headers" in response:
            response["links"] = {
                operation.name: {
                    "operationId": operation.name,
                    "parameters": {"document_id": "$response.body#/documentId"},
                }
                for operation in operations
                if "{document_id}" in operation.path
            }
