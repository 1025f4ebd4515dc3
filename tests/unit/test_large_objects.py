"""The local AWS sends a large object piece by piece."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.large_objects import SMALL_BYTES, stream_large


def sent(content: bytes) -> list[dict[str, Any]] | bytes:
    """What the handler hands to the HTTP server: events of ASGI, or all at once."""
    status, headers, body = stream_large(lambda **_: (200, {"ETag": "1"}, content))(key="a")
    assert (200, {"ETag": "1"}) == (status, headers)
    if isinstance(body, bytes):
        return body
    events: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    with pytest.raises(StopIteration):  # it waits for nothing but `send`, which never waits
        body.runner(send, None).send(None)
    return events


def test_a_large_object_is_sent_in_pieces() -> None:
    """All of its bytes, in order, and an end."""
    content = bytes(range(256)) * (SMALL_BYTES // 256) + b"end"
    events = sent(content)
    assert isinstance(events, list)
    assert content == b"".join(event["body"] for event in events)
    assert [True] * (len(events) - 1) + [False] == [event["more_body"] for event in events]
    assert SMALL_BYTES > max(len(event["body"]) for event in events)


@pytest.mark.parametrize("content", [b"", b"one", bytes(SMALL_BYTES)])
def test_another_object_is_sent_at_once(content: bytes) -> None:
    """As MiniStack does."""
    assert content == sent(content)
