"""Requests and responses of a service by its botocore model: the protocols `json` and `rest-json`.

Stricter than AWS, which ignores unknown members.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.model import OperationModel, StructureShape

from infra.local.shapes import InvalidValueError, from_wire, to_wire


class ServiceError(Exception):
    """An error that a service answers."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """With a code of the service's model, a message and an HTTP status."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class WireRequest:
    """A request as it arrived."""

    method: str
    path: str
    """Decoded."""
    headers: Mapping[str, str]
    """By lower-case names."""
    body: bytes
    query: Mapping[str, list[str]]


class ServiceProtocol:
    """The protocol of one service."""

    def __init__(self, service: str) -> None:
        """Of a service by its name in botocore."""
        self._model = botocore.session.get_session().get_service_model(service)

    def parse(self, request: WireRequest) -> tuple[str, dict[str, Any]]:
        """The operation and its parameters, checked.

        Raises:
            ServiceError: no such operation, or parameters that violate the model.
        """
        operation, labels = self._operation(request)
        shape = operation.input_shape
        if not isinstance(shape, StructureShape):
            return operation.name, {}
        wire = {**_json_object(request.body), **_outside_body(shape, labels, request)}
        try:
            return operation.name, from_wire(shape, wire)
        except InvalidValueError as error:
            raise ServiceError(error.code, str(error)) from None

    def response(
        self, operation: str, result: Mapping[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        """The response with this result.

        Raises:
            InvalidValueError: the result does not fit the model.
        """
        model = self._model.operation_model(operation)
        shape = model.output_shape
        body = b"{}" if shape is None else json.dumps(to_wire(shape, result)).encode()
        return int(model.http.get("responseCode", 200)), self._headers(), body

    def error(self, error: ServiceError) -> tuple[int, dict[str, str], bytes]:
        """The response with this error."""
        body = {"__type": error.code, "message": error.message, "Message": error.message}
        headers = {**self._headers(), "x-amzn-errortype": error.code}
        return error.status, headers, json.dumps(body).encode()

    def _headers(self) -> dict[str, str]:
        """A new dictionary: MiniStack adds its headers to it."""
        version = self._model.metadata.get("jsonVersion")
        kind = f"application/x-amz-json-{version}" if version else "application/json"
        return {"Content-Type": kind}

    def _operation(self, request: WireRequest) -> tuple[OperationModel, Mapping[str, str]]:
        target = request.headers.get("x-amz-target")
        for name in self._model.operation_names:
            operation = self._model.operation_model(name)
            if target is not None:
                if target == f"{self._model.metadata['targetPrefix']}.{name}":
                    return operation, {}
                continue
            matched = _uri_pattern(operation.http["requestUri"]).fullmatch(request.path)
            if matched and operation.http["method"] == request.method:
                return operation, matched.groupdict()
        raise ServiceError("UnknownOperationException", "No such operation", 404)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ServiceError("SerializationException", "The body is not a JSON object")
    return parsed


def _uri_pattern(uri: str) -> re.Pattern[str]:
    path = uri.partition("?")[0]
    parts = re.split(r"\{(\w+)(\+?)\}", path)
    # Every third part is literal, then come a label's name and its "+".
    pattern = "".join(
        re.escape(literal) + (f"(?P<{name}>{'.+' if greedy else '[^/]+'})" if name else "")
        for literal, name, greedy in zip(
            parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True
        )
    )
    return re.compile(pattern)


def _outside_body(
    shape: StructureShape, labels: Mapping[str, str], request: WireRequest
) -> dict[str, str]:
    """The members in the path and the query, which are strings, by their names on the wire."""
    found: dict[str, str] = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri" if wire_name in labels:
                found[wire_name] = labels[wire_name]
            case "querystring" if wire_name in request.query:
                found[wire_name] = request.query[wire_name][0]
    return found
