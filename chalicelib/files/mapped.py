"""Files whose content is also in memory, for parsers that read memory instead of descriptors.

`mmap.mmap` duplicates the descriptor, and opens files for that reason. The mapping here is created
from the descriptor itself, so that a process that may not open any can still read the file.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
from typing import BinaryIO, Protocol, cast


class Memory(Protocol):
    """A whole content: bytes, or an array of c_char over mapped pages. `re` searches both."""

    def __len__(self) -> int:
        """Its size in bytes."""

    def __getitem__(self, part: slice, /) -> bytes:
        """A copy of a part."""

    def __buffer__(self, flags: int, /) -> memoryview:
        """Its bytes, without a copy."""


_PROT_READ = 1
_MAP_PRIVATE = 2
"""https://man7.org/linux/man-pages/man2/mmap.2.html; macOS has the same values."""

_FAILED = ctypes.c_void_p(-1).value


class MappedFile(io.BufferedReader):
    """A binary file on a descriptor, read-only; closing it closes the descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Map the file in its present size, without reading it."""
        super().__init__(io.FileIO(descriptor))
        self.mapping = _map(descriptor)
        """Valid until the process ends; None where the file cannot be mapped."""


def memory_of(content: BinaryIO) -> Memory:
    """The mapping of a `MappedFile`, or all bytes of another file."""
    mapping: Memory | None = getattr(content, "mapping", None)
    if mapping is not None:
        return mapping
    content.seek(0)
    return content.read()


def _map(descriptor: int) -> Memory | None:
    size = os.fstat(descriptor).st_size
    with contextlib.suppress(AttributeError, TypeError, OSError):  # a system without this function
        mmap = ctypes.CDLL(None).mmap
        mmap.restype = ctypes.c_void_p
        mmap.argtypes = (
            *(ctypes.c_void_p, ctypes.c_size_t),
            *(ctypes.c_int, ctypes.c_int, ctypes.c_int),
            ctypes.c_ssize_t,  # off_t
        )
        address = mmap(None, size, _PROT_READ, _MAP_PRIVATE, descriptor, 0)
        if address != _FAILED:
            return cast(Memory, (ctypes.c_char * size).from_address(address))
    return None
