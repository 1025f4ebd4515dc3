"""The directories of TIFF, BigTIFF and Exif: TIFF 6.0, section 2.

BigTIFF: https://www.awaresystems.be/imaging/tiff/bigtiff.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chalicelib.files.extractors.image_facts import Memory

_UNSIGNED = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}
"""BYTE, SHORT, LONG, IFD, LONG8, IFD8."""
_SIGNED = {6: "b", 8: "h", 9: "l", 17: "q"}
"""SBYTE, SSHORT, SLONG, SLONG8: some writers use them for positive numbers."""
_INTEGERS = {**_UNSIGNED, **_SIGNED}

_TEXT = 2
_RATIONALS = {5: "L", 10: "l"}

_SIZES = {
    _TEXT: 1,
    **{kind: struct.calcsize("=" + form) for kind, form in _INTEGERS.items()},
    **dict.fromkeys(_RATIONALS, 8),
}
"""Bytes of one value."""

_MAX_ENTRIES = 1_000_000
"""Entries of all directories, which may overlap; a directory itself counts as so many more:"""
_ENTRIES_OF_A_DIRECTORY = 8


class TooManyEntriesError(ValueError):
    """The directories have more entries than are read of one file."""


@dataclass(frozen=True, slots=True)
class Directory:
    """An image's tags."""

    entries: Mapping[int, tuple[int, int, int]]
    """By tag: type, number and position of the values."""
    next_at: int
    """Position of the next directory; 0: none."""


class TiffStructure:
    """The directories of one file."""

    def __init__(self, memory: Memory) -> None:
        """Read the header; ValueError or struct.error if there is none."""
        self._memory = memory
        self._order = {b"II": "<", b"MM": ">"}.get(memory[:2], "")
        if not self._order:
            raise ValueError("no byte order")
        (version,) = self._unpack("H", 2)
        if version not in (42, 43):
            raise ValueError("no TIFF")
        self._is_big = version == 43
        self._offset = "Q" if self._is_big else "L"
        (self.first_at,) = self._unpack(self._offset, 8 if self._is_big else 4)
        self._entries_left = _MAX_ENTRIES

    def chain(self) -> Iterator[Directory]:
        """The first directory and those that follow it, as far as they are in the file.

        Raises:
            TooManyEntriesError: not all could be read.
        """
        at = self.first_at
        seen = set()
        while at not in seen:
            directory = self.directory(at)
            if directory is None:
                return
            seen.add(at)
            yield directory
            at = directory.next_at

    def directory(self, at: int) -> Directory | None:
        """The directory at this position; None if there is none, or it is cut off."""
        count_form, entry_form = ("Q", "HHQQ") if self._is_big else ("H", "HHLL")
        size = struct.calcsize("=" + entry_form)
        start = at + struct.calcsize("=" + count_form)
        if not 0 < at <= len(self._memory) - (start - at):
            return None
        (count,) = self._unpack(count_form, at)
        end = start + count * size
        if not count or end > len(self._memory):
            return None
        self._entries_left -= count + _ENTRIES_OF_A_DIRECTORY
        if self._entries_left < 0:
            raise TooManyEntriesError
        values_at = size - struct.calcsize("=" + self._offset)
        rows = struct.iter_unpack(self._order + entry_form, self._memory[start:end])
        entries: dict[int, tuple[int, int, int]] = {}
        for number, (tag, kind, values, _) in enumerate(rows):
            entries.setdefault(tag, (kind, values, start + number * size + values_at))
        rest = self._memory[end : end + struct.calcsize("=" + self._offset)]
        next_at = int.from_bytes(rest, "little" if self._order == "<" else "big")
        return Directory(entries, next_at)

    def integers(self, directory: Directory, tag: int, *, most: int = 64) -> tuple[int, ...]:
        """The first values of a tag; none if it is absent, of another type or cut off."""
        kind, count, at = directory.entries.get(tag, (0, 0, 0))
        if kind not in _INTEGERS or not self._has(kind, count, at):
            return ()
        values: tuple[int, ...] = self._unpack(
            f"{min(count, most)}{_INTEGERS[kind]}", self._values_at(kind, count, at)
        )
        return values

    def integer(self, directory: Directory, tag: int) -> int | None:
        """The first value of a tag."""
        return next(iter(self.integers(directory, tag, most=1)), None)

    def text(self, directory: Directory, tag: int) -> str | None:
        """The text of a tag up to its first NUL; None as well if it is not ASCII or UTF-8."""
        kind, count, at = directory.entries.get(tag, (0, 0, 0))
        if kind != _TEXT or not self._has(kind, count, at):
            return None
        start = self._values_at(kind, count, at)
        try:
            return self._memory[start : start + count].partition(b"\0")[0].decode()
        except UnicodeDecodeError:
            return None

    def rationals(self, directory: Directory, tag: int) -> tuple[tuple[int, int], ...]:
        """The numerators and denominators of a tag with at most three."""
        kind, count, at = directory.entries.get(tag, (0, 0, 0))
        if kind not in _RATIONALS or count > 3 or not self._has(kind, count, at):
            return ()
        numbers = self._unpack(f"{2 * count}{_RATIONALS[kind]}", self._values_at(kind, count, at))
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))

    def _has(self, kind: int, count: int, at: int) -> bool:
        """Whether the values are in the file."""
        return self._values_at(kind, count, at) + count * _SIZES[kind] <= len(self._memory)

    def _values_at(self, kind: int, count: int, at: int) -> int:
        """Values that do not fit into the entry are elsewhere."""
        if count * _SIZES[kind] <= struct.calcsize("=" + self._offset):
            return at
        (elsewhere,) = self._unpack(self._offset, at)
        return int(elsewhere)

    def _unpack(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + form, self._memory, at)
