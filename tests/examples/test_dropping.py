"""The proxy that drops responses does so after the server has handled the request."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest

from infra.api_client import Client, Response, send
from tests.support.dropping import dropping_responses
from tests.support.stack import Stack


def twice(request: Callable[[], Response]) -> Response:
    """The response to the second attempt; the first has none."""
    with pytest.raises(http.client.RemoteDisconnected):
        request()
    return request()


def test_a_client_misses_the_first_response_to_each_request(stack: Stack, ada: Client) -> None:
    """The upload whose response was dropped is stored: its repetition answers 412."""
    with dropping_responses(stack.account.endpoint or "") as dropped:
        client = Client(dropped.through(stack.api_url), ada.token)
        asked = twice(lambda: client.request_upload("a.txt", "text/plain", 3)).body
        upload = asked["upload"]
        again = twice(lambda: send(upload["method"], upload["url"], upload["headers"], b"one"))
        record = twice(lambda: client.call("GET", f"documents/{asked['documentId']}"))

    assert upload["url"].startswith(dropped.url)
    assert (412, 200) == (again.status, record.status)
    assert {"GET": 1, "POST": 1, "PUT": 1} == {name.split()[0]: 1 for name in dropped.dropped}
    assert {2} == set(dropped.requests.values())
    assert "PROCESSED" == stack.settled(ada, asked["documentId"])["status"]
