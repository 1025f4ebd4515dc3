"""The API as any client uses it: over HTTP, with a token, and nothing of this project's code."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Message
    """Their names in any case."""
    content: bytes

    @property
    def body(self) -> Any:
        """The content, read as JSON."""
        return json.loads(self.content)


def send(
    method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> Answer:
    """Send one request; whatever its status, the answer is an answer."""
    request = urllib.request.Request(url, content, dict(headers or {}), method=method)  # noqa: S310 - http or https, as the caller says
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - likewise
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


@dataclass(frozen=True)
class Client:
    """Somebody who uses the API."""

    api_url: str
    """With a final slash."""
    token: str | None
    """None: not signed in."""

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Call a route, with a JSON body where there is one."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", self.token)
        content = None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return send(method, self.api_url + path.lstrip("/"), sent, content)

    def ask_to_upload(
        self, file_name: str, file_type: str, file_size: int, **more: object
    ) -> Answer:
        """Ask for an upload URL."""
        asked = {"fileName": file_name, "fileType": file_type, "fileSize": file_size, **more}
        return self.call("POST", "uploads", asked)

    def upload(self, file_name: str, file_type: str, content: bytes) -> str:
        """Ask for an upload URL and put the content there; the document's id."""
        asked = self.ask_to_upload(file_name, file_type, len(content))
        assert asked.status == 201, asked.content
        put = asked.body["upload"]
        answer = send(put["method"], put["url"], put["headers"], content)
        assert answer.status == 200, answer.content
        return str(asked.body["documentId"])
