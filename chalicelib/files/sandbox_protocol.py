"""What the Lambda and the worker write to their socket; see sandbox.py.

The Lambda requests a child with a JSON object: `warmUp` lists the MIME types whose modules the
child needs. The worker replies with a byte of flags and the id of the child, to which the socket of
the child is attached; or with `ERROR` and a message.

A child answers with a JSON object in one line, which a line feed and the text of the file follow if
it has one and the request has `withText`. The text is not a JSON string: escaping it takes longer
than extracting it.
"""

from __future__ import annotations

EXTRACTORS = "extractors"
FALLBACKS = "fallbacks"
"""The modules that a worker's children run."""

UNDUMPABLE = 1
SECCOMP = 2
"""Flags: the optional layers in effect."""

ERROR = 0xFF
"""In place of the flags."""

PROCESS_ID_BYTES = 4
"""Big-endian."""

MAX_MESSAGE_BYTES = 16_384
"""Of any request, reply or answer without the text."""

TEXT_FOLLOWS = b"\n"
"""Between an answer and the text."""

TEXT = "text"
"""Name in an answer that the text follows: its number of bytes, and whether it is truncated."""
