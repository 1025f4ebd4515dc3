"""Many strings in little memory: a list of them would take several times their size."""

from __future__ import annotations

from array import array


class PackedStrings:
    """Strings by index."""

    def __init__(self) -> None:
        """Start without any."""
        self._content = bytearray()
        self._ends = array("Q", [0])

    def extend_last(self, text: str) -> None:
        """Add to the string that ends next."""
        self._content += text.encode("utf-8", "replace")

    def end_string(self) -> None:
        """End a string, which may be empty."""
        self._ends.append(len(self._content))

    def __getitem__(self, index: int) -> str:
        """The string with this index; raises IndexError without it."""
        return self._content[self._ends[index] : self._ends[index + 1]].decode()
