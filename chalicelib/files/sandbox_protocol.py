"""What the Lambda and the worker write to their socket; see sandbox.py.

The Lambda requests a child with a JSON object: `warmUp` lists the MIME types whose modules the
child needs. The worker replies with a byte of flags and the id of the child, to which the socket of
the child is attached; or with `ERROR` and a message.
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
"""Of any request, reply or answer."""
