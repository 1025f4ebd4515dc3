"""OLE2 compound files: their directory, and the streams in it.

Specification: [MS-CFB]. Sizes and sector numbers are not trusted: no more is read or allocated than
the file has bytes. A stream whose chain of sectors is damaged ends there.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol

from chalicelib.files.extraction import LimitExceededError
from chalicelib.files.mapped import memory_of

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER = struct.Struct("<8s22xHH14xL8xL4xL")
"""Signature, shifts of both sector sizes, first sectors of the directory, of the mini FAT and of
the DIFAT: [MS-CFB] 2.2."""

_HEADER_BYTES = 512
_SECTOR_SHIFTS = (9, 12)
_MINI_SHIFT = 6
_MINI_BELOW_BYTES = 4_096
"""Shorter streams lie in the mini stream: [MS-CFB] 2.2."""

_MAX_REGULAR_SECTOR = 0xFFFFFFFA

_ENTRY = struct.Struct("<64sHBBLLL36xLQ")
"""Name, its length, type, color, left, right, child, first sector, size: [MS-CFB] 2.6.1."""

_STORAGE, _STREAM, _ROOT = 1, 2, 5


class _Memory(Protocol):
    def __getitem__(self, index: slice, /) -> bytes: ...

    def __len__(self) -> int: ...


class Stream:
    """The bytes of a stream, which may be in several places of the file."""

    def __init__(self, memory: _Memory, extents: Sequence[tuple[int, int]], size: int) -> None:
        """Join these extents, each an offset and a length, up to this size."""
        self._memory = memory
        self._offsets = [offset for offset, _ in extents]
        self._starts = [0]
        for offset, length in extents:
            available = max(min(length, len(memory) - offset), 0)
            self._starts.append(self._starts[-1] + available)
        self.size = min(size, self._starts[-1])
        """In bytes, as far as the file has them."""

    def read(self, position: int, size: int) -> bytes:
        """The bytes at this position; fewer at the end."""
        end = min(position + size, self.size)
        pieces = []
        index = bisect_right(self._starts, position) - 1
        while position < end:
            start, stop = self._starts[index], min(self._starts[index + 1], end)
            offset = self._offsets[index] - start
            pieces.append(self._memory[offset + position : offset + stop])
            position = stop
            index += 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Sector(NamedTuple):
    """Where a stream begins and what it claims."""

    start: int
    size: int


@dataclass(slots=True)
class Storage:
    """A folder. Names are in lower case: they are compared without case, [MS-CFB] 2.6.4."""

    storages: dict[str, Storage] = field(default_factory=dict)
    streams: dict[str, _Sector] = field(default_factory=dict)


class CompoundFile:
    """The directory of a compound file; its streams are read on demand, each once.

    Streams that share their bytes cost no more than those of a valid file.
    """

    def __init__(self, content: BinaryIO) -> None:
        """Read the directory.

        Raises:
            ValueError: it is not a compound file, or has no directory.
        """
        self._memory = memory_of(content)
        header = self._memory[:_HEADER_BYTES]
        if len(header) < _HEADER_BYTES:
            raise ValueError("the header is incomplete")
        signature, shift, mini_shift, directory, mini_fat, difat = _HEADER.unpack_from(header)
        if signature != SIGNATURE or shift not in _SECTOR_SHIFTS or mini_shift != _MINI_SHIFT:
            raise ValueError("the header is invalid")
        self._shift = shift
        self._fat = self._load_fat(header, difat)
        self._mini_fat_start = mini_fat
        self._mini: tuple[Sequence[int], bytes] | None = None
        self._remaining_bytes = len(self._memory)
        entries = self._chain(directory).read(0, len(self._memory))
        self._root_sector, self.root = _tree(entries, is_large=shift != _SECTOR_SHIFTS[0])

    def has(self, name: str) -> bool:
        """Whether the root storage has a stream or storage of this name."""
        return name.lower() in self.root.streams or name.lower() in self.root.storages

    def stream(
        self, name: str, storage: Storage | None = None, most: int | None = None
    ) -> Stream | None:
        """The stream of this name in the storage, the root storage by default; None without it.

        Args:
            name: in any case.
            storage: one of this file.
            most: bytes of its beginning that are wanted; None for all.

        Raises:
            LimitExceededError: all streams together are longer than the file.
        """
        found = (storage or self.root).streams.get(name.lower())
        if found is None:
            return None
        size = found.size if most is None else min(found.size, most)
        is_short = found.size < _MINI_BELOW_BYTES
        stream = self._short(found.start, size) if is_short else self._chain(found.start, size)
        self._remaining_bytes -= stream.size
        if self._remaining_bytes < 0:
            raise LimitExceededError("The streams together are longer than the file.")
        return stream

    def read(self, name: str, storage: Storage | None = None, most: int | None = None) -> bytes:
        """The bytes of the stream that `stream` returns; empty without it."""
        stream = self.stream(name, storage, most)
        return stream.read(0, stream.size) if stream else b""

    def _load_fat(self, header: bytes, difat: int) -> Sequence[int]:
        """The file allocation table, no longer than the file has sectors: [MS-CFB] 2.3."""
        sectors = len(self._memory) >> self._shift
        numbers = 1 << self._shift - 2  # in one sector
        wanted = -(-sectors // numbers)
        locations = _numbers(header[76:])
        visited: set[int] = set()
        while len(locations) < wanted + len(visited) and difat < sectors and difat not in visited:
            visited.add(difat)
            *more, difat = _numbers(self._sector(difat)) or [_MAX_REGULAR_SECTOR]
            locations.extend(more)
        used = [location for location in locations if location < _MAX_REGULAR_SECTOR][:wanted]
        return _numbers(b"".join(self._sector(location) for location in used))[:sectors]

    def _sector(self, number: int) -> bytes:
        offset = number + 1 << self._shift
        return self._memory[offset : offset + (1 << self._shift)]

    def _chain(self, start: int, size: int | None = None) -> Stream:
        size = len(self._memory) if size is None else size
        header_bytes = 1 << self._shift
        extents = list(_extents(self._fat, start, size, self._shift, header_bytes))
        return Stream(self._memory, extents, size)

    def _short(self, start: int, size: int) -> Stream:
        mini_fat, mini_stream = self._mini_stream()
        extents = list(_extents(mini_fat, start, size, _MINI_SHIFT, header_bytes=0))
        return Stream(mini_stream, extents, size)

    def _mini_stream(self) -> tuple[Sequence[int], bytes]:
        """The allocation table and the bytes of short streams: [MS-CFB] 2.4, 2.5."""
        if self._mini is None:
            data = self._chain(*self._root_sector)
            table = self._chain(self._mini_fat_start, 4 * (data.size >> _MINI_SHIFT))
            self._mini = _numbers(table.read(0, table.size)), data.read(0, data.size)
        return self._mini


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data[: len(data) & ~3])
    return numbers


def _extents(
    fat: Sequence[int], start: int, size: int, shift: int, header_bytes: int
) -> Iterator[tuple[int, int]]:
    """Offsets and lengths of the sectors of a chain, adjacent ones together.

    A chain with a loop ends with the size or the number of sectors in the table.
    """
    remaining = min(-(-size >> shift), len(fat))
    while remaining and start < len(fat):
        end = start
        following = fat[end]
        remaining -= 1
        while following == end + 1 and following < len(fat) and remaining:
            end = following
            following = fat[end]
            remaining -= 1
        yield header_bytes + (start << shift), end - start + 1 << shift
        start = following


def _tree(entries: bytes, *, is_large: bool) -> tuple[_Sector, Storage]:
    """Start and size of the mini stream, and the root storage.

    Each entry is used once, so that crafted references cost no more than the directory's size.
    """
    unused = bytearray(b"\1") * (len(entries) // _ENTRY.size)
    top = _ENTRY.unpack_from(entries) if unused else None
    if top is None or top[2] != _ROOT:
        raise ValueError("the directory has no root")
    root = Storage()
    pending = [(root, top[6])]
    while pending:
        storage, number = pending.pop()
        if number >= len(unused) or not unused[number]:
            continue
        unused[number] = 0
        name, name_bytes, kind, _, left, right, child, start, size = _ENTRY.unpack_from(
            entries, number * _ENTRY.size
        )
        pending += [(storage, left), (storage, right)]
        key = name[: max(name_bytes - 2, 0)].decode("utf-16-le", "replace").lower()
        if kind == _STORAGE:
            pending.append((storage.storages.setdefault(key, Storage()), child))
        elif kind == _STREAM:
            size = size if is_large else size & 0xFFFFFFFF  # [MS-CFB] 2.6.3
            storage.streams.setdefault(key, _Sector(start, size))
    return _Sector(top[7], top[8] & 0xFFFFFFFF), root
