"""A client of the API: HTTP with a token, independent of the rest of this project."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Response:
    """A response of any status."""

    status: int
    headers: Message
    """Case-insensitive."""
    content: bytes

    @property
    def body(self) -> Any:
        """The content parsed as JSON."""
        return json.loads(self.content)


def send(
    method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> Response:
    """Send one request; error statuses are returned, not raised."""
    request = urllib.request.Request(url, content, dict(headers or {}), method=method)  # noqa: S310 - the caller's http or https URL
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - likewise
            return Response(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, error.headers, error.read())


@dataclass(frozen=True)
class Client:
    """A user's session with the API."""

    api_url: str
    """With a final slash."""
    token: str | None
    """None if not signed in."""

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Call a route; a body is sent as JSON, bytes as they are."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", self.token)
        content = None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return send(method, self.api_url + path.lstrip("/"), sent, content)

    def request_upload(
        self, file_name: str, file_type: str, file_size: int, **more: object
    ) -> Response:
        """Request an upload URL."""
        asked = {"fileName": file_name, "fileType": file_type, "fileSize": file_size, **more}
        return self.call("POST", "uploads", asked)

    def upload(self, file_name: str, file_type: str, content: bytes) -> str:
        """Request an upload URL and upload the content; the document's id."""
        asked = self.request_upload(file_name, file_type, len(content))
        assert asked.status == 201, asked.content
        put = asked.body["upload"]
        answer = send(put["method"], put["url"], put["headers"], content)
        assert answer.status == 200, answer.content
        return str(asked.body["documentId"])
