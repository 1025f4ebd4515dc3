"""Large objects of the local AWS, sent piece by piece.

MiniStack (1.5.33) hands an object to its HTTP server as a whole, which copies it before sending the
first byte: 5 GiB take longer than the functions wait for S3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ministack.core.responses import StreamingResponse

SMALL_BYTES = 16 * 1_048_576
"""Sent as a whole."""
_PIECE_BYTES = 1_048_576

Send = Callable[[dict[str, Any]], Awaitable[None]]
"""ASGI's: https://asgi.readthedocs.io/en/latest/specs/www.html#response-body-send-event"""
Answer = tuple[int, dict[str, str], Any]
"""Status, headers and content of a handler of MiniStack."""


def stream_large(get_object: Callable[..., Answer]) -> Callable[..., Answer]:
    """MiniStack's handler of GetObject, which streams large objects."""

    def answer(*arguments: Any, **named: Any) -> Answer:
        status, headers, content = get_object(*arguments, **named)
        if not isinstance(content, bytes) or len(content) <= SMALL_BYTES:
            return status, headers, content
        return status, headers, StreamingResponse(partial(send_pieces, content))

    return answer


async def send_pieces(content: bytes, send: Send, _receive: object) -> None:
    """Send the content as fast as the client takes it."""
    view = memoryview(content)
    for offset in range(0, len(view), _PIECE_BYTES):
        piece = bytes(view[offset : offset + _PIECE_BYTES])
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
