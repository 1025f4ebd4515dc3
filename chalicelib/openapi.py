"""The OpenAPI 3.1 description of the API, made from its tables. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.api import FILE_SIZE, FILE_TYPE, OPERATIONS, Answer, Field, JsonSchema, Operation
from chalicelib.documents import FailureCode, Status
from chalicelib.inspection import Limits

SIGN_IN = "idToken"

_TIME: JsonSchema = {"type": "string", "format": "date-time"}
_TEXT: JsonSchema = {"type": "string"}
_UUID: JsonSchema = {"type": "string", "format": "uuid"}
_URL: JsonSchema = {"type": "string", "format": "uri"}


def _object(properties: JsonSchema, required: Sequence[str] | None = None) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def _reference(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, JsonSchema] = {
    "Document": _object(
        {
            "documentId": _UUID,
            "fileName": _TEXT,
            "fileType": _TEXT
            | {"description": "MIME type found in the bytes; while PENDING, the declared one"},
            "fileSize": {"type": "integer", "minimum": 0, "description": "Bytes"},
            "status": {"type": "string", "enum": [status.value for status in Status]},
            "uploadedAt": _TIME | {"description": "Absent while PENDING"},
            "processedAt": _TIME,
            "owner": _TEXT | {"description": "The `sub` of who uploaded it, if that is known"},
            "objectKey": _TEXT,
            "eTag": _TEXT,
            "sequencer": _TEXT,
            "sha256": _TEXT | {"description": "In hex, of the content"},
            "metadata": {
                "type": "object",
                "description": "What was found in the content, such as wordCount or pageCount",
                "additionalProperties": {"type": ["string", "integer", "boolean"]},
            },
            "failure": _object(
                {
                    "code": {"type": "string", "enum": [code.value for code in FailureCode]},
                    "message": _TEXT,
                }
            )
            | {"description": "Why it is FAILED"},
            "expiresAt": {
                "type": "integer",
                "description": "While PENDING: when it is forgotten, in seconds since 1970",
            },
        },
        required=("documentId", "fileName", "fileSize", "status"),
    ),
    "Upload": _object(
        {
            "documentId": _UUID,
            "status": {"type": "string", "const": Status.PENDING.value},
            "upload": _object(
                {
                    "method": {"type": "string", "const": "PUT"},
                    "url": _URL,
                    "headers": {"type": "object", "additionalProperties": _TEXT},
                    "expiresAt": _TIME,
                }
            ),
        }
    ),
    "Page": _object(
        {
            "documents": {"type": "array", "items": _reference("Document")},
            "cursor": _TEXT | {"description": "For the next page; absent on the last one"},
        },
        required=("documents",),
    ),
    "Content": _object({"url": _URL, "expiresAt": _TIME}),
    "Error": _object({"Code": _TEXT, "Message": _TEXT}),
    "OpenApi": {"type": "object"},
    "Text": _TEXT,
}


def openapi(title: str, limits: Limits) -> dict[str, Any]:
    """The description of the API of a stage with these limits."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, limits
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": "Files in, records out."},
        "servers": [{"url": "."}],  # relative to where this document is
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                SIGN_IN: {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "The ID token of a user of the service's Cognito user pool",
                }
            },
        },
    }


def _operation(operation: Operation, limits: Limits) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "security": [] if operation.is_public else [{SIGN_IN: []}],
        "parameters": [_path_parameter(name) for name in _names_in(operation.path)]
        + [_query_parameter(item, limits) for item in operation.query],
        "responses": {
            str(status): _response(answer) for status, answer in operation.answers.items()
        },
    }
    if operation.body:
        schema = _object(
            {item.name: _property(item, limits) for item in operation.body},
            required=[item.name for item in operation.body if item.is_required],
        )
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return described


def _names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _UUID}


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


def _response(answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"description": answer.description}
    if answer.schema:
        response["content"] = {answer.media_type: {"schema": _reference(answer.schema)}}
    if answer.schema == "Upload":
        response["headers"] = {"Location": {"schema": _TEXT, "description": "Path of the document"}}
        response["links"] = {
            operation.name: {
                "operationId": operation.name,
                "parameters": {"document_id": "$response.body#/documentId"},
            }
            for operation in OPERATIONS
            if "{document_id}" in operation.path
        }
    return response
