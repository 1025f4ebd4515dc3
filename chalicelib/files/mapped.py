"""Files whose content is also in memory, for parsers that read memory instead of descriptors."""

from __future__ import annotations

import io
import mmap
from typing import BinaryIO


class MappedFile(io.BufferedReader):
    """A binary file on a descriptor, read-only; closing it closes the descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Map the file in its present size, without reading it."""
        super().__init__(io.FileIO(descriptor))
        # Copied on write, since ctypes takes the address of writable memory only.
        self.mapping = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
        """Stays valid when the file is closed."""


def memory_of(content: BinaryIO) -> mmap.mmap:
    """The mapping of a `MappedFile`, or a copy of another file's content."""
    if isinstance(content, MappedFile):
        return content.mapping
    content.seek(0)
    data = content.read() or b"\0"  # a mapping is not empty
    memory = mmap.mmap(-1, len(data))
    memory.write(data)
    return memory
