"""A proxy between a function and the local AWS that answers some calls with an error."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


Fault = Callable[[Call], int | None]
"""The status to answer a call with, or None to let it through."""


@contextmanager
def faulty_aws(endpoint: str, fault: Fault) -> Iterator[str]:
    """The URL of a proxy to an endpoint that injects faults while the block lasts."""
    target = urllib.parse.urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", "")
            status = fault(Call(self.command, self.path, operation, body))
            if status:
                self._answer(status, [], b"")
                return
            connection = http.client.HTTPConnection(target, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            headers = [item for item in answer.getheaders() if item[0].lower() not in HOP_BY_HOP]
            self._answer(answer.status, headers, answer.read())
            connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _forward  # noqa: N815 - as the base has them

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = _QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of callers that go away: a function does when it has ended or is replaced."""

    def handle_error(self, *_request: object) -> None:
        """Leave it to the caller to notice."""
