"""A proxy for clients of the API that drops the first response to every request."""

from __future__ import annotations

import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.faults import Call, ConnectionFault, faulty_aws


@dataclass
class DroppedResponses:
    """Which requests a client made through the proxy, and whose response it did not get.

    A request is `METHOD path`, and for a part of a multipart upload `METHOD path partNumber=1`.
    Preflight requests pass: a browser sends them, not the client.
    """

    containing: str
    """Of the path; other requests pass."""
    url: str = ""
    """Of the proxy, in place of the local AWS's endpoint."""
    requests: Counter[str] = field(default_factory=Counter)
    """How often each request arrived."""
    dropped: Counter[str] = field(default_factory=Counter)
    """How often its response was dropped: once each, after the server had handled it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call) -> ConnectionFault | None:
        """LOST for the first occurrence of a request."""
        if call.method == "OPTIONS" or self.containing not in call.path:
            return None
        name = name_of(call)
        with self._lock:
            self.requests[name] += 1
            if self.requests[name] > 1:
                return None
            self.dropped[name] += 1
        return ConnectionFault.LOST

    def through(self, url: str) -> str:
        """A URL of the API or of Cognito, through the proxy."""
        return urllib.parse.urlsplit(url)._replace(netloc=self.url.removeprefix("http://")).geturl()

    def entry(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Those of a client's variables that are URLs, through the proxy."""
        return {
            name: self.through(value)
            for name, value in variables.items()
            if name in ("INTAKE_API_URL", "INTAKE_COGNITO_URL")
        }


@contextmanager
def dropping_responses(endpoint: str, *, containing: str = "") -> Iterator[DroppedResponses]:
    """A proxy to the local AWS at this endpoint while the block lasts.

    URLs in the API's responses lead through the proxy as well.

    Args:
        endpoint: where requests are forwarded to.
        containing: only responses to requests with this in their path are dropped.
    """
    dropped = DroppedResponses(containing)
    with faulty_aws(endpoint, dropped, for_clients=True) as url:
        dropped.url = url
        yield dropped


def name_of(call: Call) -> str:
    """A request as `DroppedResponses` counts it."""
    parts = urllib.parse.urlsplit(call.path)
    number = urllib.parse.parse_qs(parts.query).get("partNumber")
    return " ".join([call.method, parts.path, *(f"partNumber={text}" for text in number or ())])
