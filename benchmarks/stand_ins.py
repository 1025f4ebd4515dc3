"""Stand-ins for S3's GetObject and DynamoDB's calls, with the latency that they have on AWS.

    python -m benchmarks.stand_ins

reads one line of JSON, the path of each key's content, and answers with its port. GET returns an
object, POST accepts an item or returns a full page of a query, and GET /outcomes what items were
put since the last time. It ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import socketserver
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from infra.paths import ROOT

S3_SECONDS = 0.026
"""Assumed: until the first byte of a small object, from a Lambda in the bucket's region."""
S3_BYTES_A_SECOND = 80_000_000
"""Of one connection. S3 user guide, "Performance guidelines for Amazon S3": 85 to 90 MB/s."""
DYNAMODB_SECONDS = 0.008
"""Assumed: of a PutItem. DynamoDB developer guide: single-digit milliseconds."""

OUTCOMES = "/outcomes"

_CHUNK_BYTES = 65_536


@contextmanager
def stand_ins(paths: Mapping[str, Path]) -> Iterator[str]:
    """The URL of running stand-ins, with these objects by key."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stand_ins"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps({key: str(path) for key, path in paths.items()}) + "\n")
        server.stdin.flush()
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


def outcomes(url: str) -> list[str]:
    """The outcomes of the items that were put since the last call: a status or a failure code."""
    with urllib.request.urlopen(url + OUTCOMES) as answer:  # noqa: S310 - the stand-ins' own URL
        return list(json.load(answer))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = objects
        self.outcomes: list[str] = []
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    """Answers the requests of one connection; http.server would take a millisecond of CPU each."""

    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while line := self.rfile.readline():
            method, path, _ = line.decode().split()
            length = self._content_length()
            body = self.rfile.read(length)
            received = time.perf_counter()
            if method == "POST":
                _sleep_until(received + DYNAMODB_SECONDS)
                request = json.loads(body)
                answer = {"Items": items(request["Limit"])} if "IndexName" in request else {}
                self._answer(json.dumps(answer).encode(), "application/x-amz-json-1.0")
                self.server.outcomes.append(_outcome(request.get("Item", {})))
            elif path == OUTCOMES:
                found, self.server.outcomes = self.server.outcomes, []
                self._answer(json.dumps(found).encode(), "application/json")
            else:
                key = urllib.parse.unquote(path.partition("?")[0]).split("/", 2)[2]
                _sleep_until(received + S3_SECONDS)
                self._send_object(key)

    def _content_length(self) -> int:
        length = 0
        while (header := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return length

    def _answer(self, body: bytes, content_type: str) -> None:
        self.wfile.write(_head(body, content_type, f"x-amz-crc32: {zlib.crc32(body)}") + body)

    def _send_object(self, key: str) -> None:
        """An object at S3's rate, as one of PDF type."""
        content = self.server.objects[key]
        started = time.perf_counter()
        head = _head(content, "application/pdf", 'ETag: "0"')
        for offset in range(0, max(1, len(content)), _CHUNK_BYTES):
            _sleep_until(started + offset / S3_BYTES_A_SECOND)
            self.wfile.write(head + content[offset : offset + _CHUNK_BYTES])
            head = b""


def items(count: int) -> list[dict[str, Any]]:
    """Records of PDFs in DynamoDB's format."""
    number, text = {"N": "1234"}, {"S": "2026-11-22T12:00:00.000Z"}
    metadata = {f"number{name}": number for name in range(6)}
    metadata |= {f"text{name}": text for name in range(6)}
    names = ("fileName", "uploadedAt", "processedAt", "objectKey", "sequencer", "eTag", "owner")
    record = dict.fromkeys(names, text) | {"fileSize": number, "metadata": {"M": metadata}}
    record |= {"fileType": {"S": "application/pdf"}, "status": {"S": "PROCESSED"}}
    return [{**record, "documentId": {"S": str(uuid.UUID(int=place))}} for place in range(count)]


def _head(body: bytes, content_type: str, header: str) -> bytes:
    return (
        f"HTTP/1.1 {HTTPStatus.OK.value} OK\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n{header}\r\n\r\n"
    ).encode()


def _outcome(item: Mapping[str, Any]) -> str:
    failure = item.get("failure", {}).get("M", {})
    return str(failure.get("code", item.get("status", {})).get("S", ""))


def _sleep_until(moment: float) -> None:
    seconds = moment - time.perf_counter()
    if seconds > 0:
        time.sleep(seconds)


def main() -> None:
    """Serve until the input ends."""
    with contextlib.suppress(PermissionError):
        os.nice(-20)  # what else the machine does must not delay an answer
    paths = json.loads(sys.stdin.readline())
    with _Server({key: Path(path).read_bytes() for key, path in paths.items()}) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
