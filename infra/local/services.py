"""Services of AWS that MiniStack (1.5.33) lacks, behind its endpoint.

MiniStack checks a request's signature and the caller's permission for the operation, as it does
for its own services, and hands the request on. Bodies are read and written by the service's
botocore model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from ministack import app as gateway
from ministack.core import iam_actions, router

from infra.local.identity import Caller
from infra.local.protocol import ServiceError, ServiceProtocol, WireRequest
from infra.local.server import CONTROL

_Response = tuple[int, dict[str, str], bytes]
_Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class ControlRequest:
    """A request of a test to a service, below `/_intake/<name>/`."""

    method: str
    path: str
    """The rest of the path, without leading slash."""
    body: Any
    """JSON, or None without one."""


class LocalService(Protocol):
    """A service; its methods run in threads, concurrently."""

    @property
    def name(self) -> str:
        """The service in botocore, in the credential scope and in IAM: `textract`."""

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """The response to an operation, by the names of its output shape.

        Raises:
            ServiceError: an error of the service's model.
        """

    def control(self, request: ControlRequest) -> Any:
        """The JSON response to a request of a test.

        Raises:
            ServiceError: for a request that is not understood.
        """


def add_service(service: LocalService, target_prefix: str | None = None) -> None:
    """Route a service's requests to it, in this process.

    Args:
        service: by its name.
        target_prefix: of the header X-Amz-Target, for a service with the protocol `json`.
    """
    name = service.name
    router.SERVICE_PATTERNS[name] = {"target_prefixes": [target_prefix] if target_prefix else []}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name
    iam_actions._BOTOCORE_SERVICE_MAP[name] = [name]  # noqa: SLF001 - no public way
    gateway.SERVICE_HANDLERS[name] = _handler(service)
    gateway.app = _with_control(gateway.app, service)


def _handler(service: LocalService) -> Callable[..., Awaitable[_Response]]:
    protocol = ServiceProtocol(service.name)

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> _Response:
        request = WireRequest(method, path, headers, body, query)
        return await asyncio.to_thread(_answer, service, protocol, request)

    return handle


def _answer(service: LocalService, protocol: ServiceProtocol, request: WireRequest) -> _Response:
    try:
        operation, parameters = protocol.parse(request)
        result = service.call(operation, parameters, Caller.of(request))
    except ServiceError as error:
        return protocol.error(error)
    return protocol.response(operation, result)


def _with_control(app: Any, service: LocalService) -> Any:
    """MiniStack's ASGI application, with the paths that control the service."""
    prefix = f"{CONTROL}{service.name}/"

    async def controlled(scope: _Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(prefix):
            await app(scope, receive, send)
            return
        body = await _read(receive)
        path = scope["path"].removeprefix(prefix)
        request = ControlRequest(scope["method"], path, json.loads(body) if body else None)
        status, answer = await asyncio.to_thread(_control, service, request)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return controlled


def _control(service: LocalService, request: ControlRequest) -> tuple[int, Any]:
    try:
        return 200, service.control(request)
    except ServiceError as error:
        return error.status, {"code": error.code, "message": error.message}


async def _read(receive: Callable[[], Awaitable[_Message]]) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return body
