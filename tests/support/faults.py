"""A proxy between a function and the local AWS that answers some calls in AWS's place, or badly."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Call:
    """A call that a function makes to AWS."""

    method: str
    path: str
    """Not decoded: the bucket and key of S3's calls."""
    operation: str
    """`DynamoDB_20120810.PutItem`; empty for S3."""
    body: bytes
    authorization: str = ""
    """Empty for presigned URLs."""

    @property
    def name(self) -> str:
        """`PutItem` and such; `GetObject` for every GET of S3."""
        return self.operation.rpartition(".")[2] or {"GET": "GetObject"}.get(self.method, "")


@dataclass(frozen=True)
class Response:
    """An answer that AWS never gave."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    claimed_length: int | None = None
    """Of the body, in bytes; what it has when None."""


class ConnectionFault(Enum):
    """A fault of the connection to AWS."""

    DROPPED = auto()
    """Closed before the call reaches AWS."""
    LOST = auto()
    """Closed once AWS has done what was called for, without an answer."""
    HUNG = auto()
    """Never answered, while the proxy lasts."""
    CUT = auto()
    """Closed in the midst of the answer's body."""
    STALLED = auto()
    """Neither closed nor going on in the midst of the answer's body, while the proxy lasts."""


Fault = Callable[[Call], int | Response | ConnectionFault | None]
"""What a call gets: an answer, or one with this status; None lets it through."""


def throttled(code: str) -> Response:
    """DynamoDB's answer to a call too many."""
    error = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "too many"}
    return Response(
        400, json.dumps(error).encode(), (("Content-Type", "application/x-amz-json-1.0"),)
    )


SLOW_DOWN = Response(
    503,
    b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>SlowDown</Code>"
    b"<Message>Please reduce your request rate.</Message></Error>",
    (("Content-Type", "application/xml"),),
)
"""S3's."""


@dataclass
class Faults:
    """What the calls that have some word in them get, one after the other."""

    planned: dict[tuple[str, str], list[int | Response | ConnectionFault | None]] = field(
        default_factory=dict
    )
    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Names of the calls that had a word in them, in the order of their coming."""

    def plan(self, word: str, call: str, *faults: int | Response | ConnectionFault | None) -> None:
        """Let the calls of this name get these from now on, and after those no more."""
        self.planned[word, call] = list(faults)
        self.seen[word].clear()

    def __call__(self, call: Call) -> int | Response | ConnectionFault | None:
        """What this call gets."""
        for (word, name), faults in list(self.planned.items()):
            if word in call.path or word.encode() in call.body:
                self.seen[word].append(call.name)
                if name == call.name and faults:
                    return faults.pop(0)
        return None


@contextmanager
def faulty_aws(endpoint: str, fault: Fault, *, for_clients: bool = False) -> Iterator[str]:
    """The URL of a proxy to an endpoint that injects faults while the block lasts.

    Args:
        endpoint: where calls are forwarded to.
        fault: what a call gets.
        for_clients: for clients of the API instead of functions. URLs in responses then lead to
            the proxy, and calls have the endpoint's Host, which presigned URLs sign.
    """
    is_over = threading.Event()
    proxy = _Proxy(urllib.parse.urlsplit(endpoint).netloc, fault, is_over, for_clients)
    server = _QuietServer(("127.0.0.1", 0), partial(_Handler, proxy))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        is_over.set()
        server.shutdown()
        server.server_close()


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of callers that go away: a function does when it has ended or is replaced."""

    def handle_error(self, *_request: object) -> None:
        """Leave it to the caller to notice."""


@dataclass(frozen=True)
class _Proxy:
    target: str
    fault: Fault
    is_over: threading.Event
    for_clients: bool


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, proxy: _Proxy, *arguments: Any) -> None:
        self._proxy = proxy
        super().__init__(*arguments)

    def _handle_call(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "")
        authorization = self.headers.get("Authorization", "")
        call = Call(self.command, self.path, operation, body, authorization)
        chosen = self._proxy.fault(call)
        match chosen:
            case int():
                self._answer(Response(chosen))
            case Response():
                self._answer(chosen)
            case ConnectionFault.DROPPED:
                self._hang_up()
            case ConnectionFault.HUNG:
                self._proxy.is_over.wait()
                self._hang_up()
            case _:
                self._answer_of_aws(body, chosen)

    def _answer_of_aws(self, body: bytes, fault: ConnectionFault | None) -> None:
        connection = http.client.HTTPConnection(self._proxy.target, timeout=60)
        sent = {name.lower(): value for name, value in self.headers.items()}
        own = sent["host"]
        if self._proxy.for_clients:
            sent["host"] = self._proxy.target
        connection.request(self.command, self.path, body, sent)
        answer = connection.getresponse()
        headers = [item for item in answer.getheaders() if item[0].lower() not in HOP_BY_HOP]
        content = answer.read()
        connection.close()
        if self._proxy.for_clients:
            headers = [(name, value.replace(self._proxy.target, own)) for name, value in headers]
            content = content.replace(self._proxy.target.encode(), own.encode())
        if fault is ConnectionFault.LOST:
            self._hang_up()
            return
        kept = content if fault is None else content[: len(content) // 2]
        self._answer(Response(answer.status, kept, headers, len(content)))
        if fault is ConnectionFault.STALLED:
            self._proxy.is_over.wait()
        if fault is not None:
            self._hang_up()

    def _answer(self, answer: Response) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        length = len(answer.body) if answer.claimed_length is None else answer.claimed_length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(answer.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the other side was faster
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _handle_call  # noqa: N815 - as the base has them

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""
