"""The OpenAPI 3.1 description of the API, generated from the table in schema.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.api.fields import Field, JsonSchema
from chalicelib.api.openapi_examples import EXAMPLES, problem_example, request_example
from chalicelib.api.openapi_schemas import SCHEMAS, TEXT, UUID, object_schema, reference
from chalicelib.api.openapi_text import TAGS, SignIn, description
from chalicelib.api.operation import Operation, Response
from chalicelib.api.problems import MEDIA_TYPE
from chalicelib.api.request_fields import FILE_SIZE, FILE_TYPE
from chalicelib.api.schema import TOO_MANY_REQUESTS
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
        schema = object_schema(
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
        "schema": UUID,
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
        content: dict[str, Any] = {"schema": reference(described.schema)}
        is_problem = described.schema == "Problem"
        if is_problem:
            content["example"] = problem_example(operation, status, described)
        elif described.schema in EXAMPLES:
            content["example"] = EXAMPLES[described.schema]
        response["content"] = {MEDIA_TYPE if is_problem else described.media_type: content}
    if described.schema == "CreatedUpload":
        description = "The document, relative to the URL of the request (RFC 3986, section 5.2)"
        response["headers"] = {"Location": {"schema": TEXT, "description": description}}
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
