"""The items of a HEIF file: ISO/IEC 14496-12, 8.11, and ISO/IEC 23008-12."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.files.extractors import iso_boxes
from chalicelib.files.extractors.image_facts import Memory
from chalicelib.files.extractors.iso_boxes import Box

_MAX_ITEMS = 100_000
_MAX_EXTENTS = 1_000


@dataclass(frozen=True, slots=True)
class Items:
    """The items that a `meta` box describes."""

    memory: Memory
    meta: Box
    """Without its version and flags."""

    def primary(self) -> int | None:
        """The number of the item that represents the file."""
        box = self._find(b"pitm")
        if not box:
            return None
        (version,) = struct.unpack_from("B", self.memory, box.start)
        (number,) = struct.unpack_from(">L" if version else ">H", self.memory, box.start + 4)
        return int(number)

    def of_type(self, item_type: bytes) -> Sequence[int]:
        """The numbers of the items with this type."""
        box = self._find(b"iinf")
        if not box:
            return []
        first = box.start + (8 if self.memory[box.start] else 6)
        entries = iso_boxes.boxes(self.memory, first, box.end)
        return [number for number, kind in self._types(entries) if kind == item_type]

    def _types(self, entries: Iterator[Box]) -> Iterator[tuple[int, bytes]]:
        for box in entries:
            if box.kind != b"infe" or box.end - box.start < 12:
                continue
            version = self.memory[box.start]
            if version >= 2:
                form = ">H2x4s" if version == 2 else ">L2x4s"
                yield struct.unpack_from(form, self.memory, box.start + 4)

    def properties(self, item: int) -> Sequence[Box]:
        """The properties of an item, in the order in which they apply."""
        container = self._find(b"iprp", b"ipco")
        association = self._find(b"iprp", b"ipma")
        if not container or not association:
            return []
        indexes = self._associated(association, item)
        last = max(indexes, default=0)
        every: list[Box] = []
        for box in iso_boxes.boxes(self.memory, container.start, container.end):
            every.append(box)
            if len(every) == last:
                break
        return [every[index - 1] for index in indexes if 0 < index <= len(every)]

    def _associated(self, box: Box, item: int) -> Sequence[int]:
        """Positions in `ipco`, from 1: 23008-12, 9.3.1."""
        version, flags, count = struct.unpack_from(">BxxBL", self.memory, box.start)
        item_form = ">LB" if version else ">HB"
        form, mask = (">%dH", 0x7FFF) if flags & 1 else (">%dB", 0x7F)
        at = box.start + 8
        for _ in range(min(count, _MAX_ITEMS)):
            number, associations = struct.unpack_from(item_form, self.memory, at)
            at += struct.calcsize(item_form)
            if number == item:
                values = struct.unpack_from(form % associations, self.memory, at)
                return [value & mask for value in values]
            at += struct.calcsize(form % associations)
        return []

    def describing(self, item: int) -> Sequence[int]:
        """The numbers of the items that describe this one: references of type `cdsc`."""
        box = self._find(b"iref")
        if not box:
            return []
        form = "L" if self.memory[box.start] else "H"
        size = struct.calcsize(form)
        found = []
        for reference in iso_boxes.boxes(self.memory, box.start + 4, box.end):
            if reference.kind != b"cdsc":
                continue
            source, count = struct.unpack_from(f">{form}H", self.memory, reference.start)
            at = reference.start + size + 2
            count = min(count, (reference.end - at) // size)
            if item in struct.unpack_from(f">{count}{form}", self.memory, at):
                found.append(source)
        return found

    def data(self, item: int, *, most: int) -> bytes:
        """The first bytes of an item; empty if they are not in the file."""
        parts = []
        for start, end in self._extents(item):
            parts.append(self.memory[start : min(end, start + most)])
            most -= len(parts[-1])
        return b"".join(parts)

    def _extents(self, item: int) -> Iterator[tuple[int, int]]:
        """Start and end of each part of an item: 14496-12, 8.11.3."""
        box = self._find(b"iloc")
        if not box:
            return
        fields = _Fields(self.memory, box.start)
        version = fields.number(1)
        fields.number(3)
        sizes = fields.number(2)
        start_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_size = sizes & 15 if version else 0
        number_size = 4 if version == 2 else 2
        for _ in range(min(fields.number(number_size), _MAX_ITEMS)):
            number = fields.number(number_size)
            method = fields.number(2) & 15 if version else 0
            fields.number(2)
            base = fields.number(base_size)
            extents = fields.number(2)
            if number != item:
                fields.at += extents * (index_size + start_size + length_size)
                continue
            for _ in range(min(extents, _MAX_EXTENTS)):
                fields.number(index_size)
                start = base + fields.number(start_size)
                yield from self._located(method, start, fields.number(length_size))
            return

    def _located(self, method: int, start: int, length: int) -> Iterator[tuple[int, int]]:
        """An extent in the file or in `idat`; those in other items are not read."""
        whole = Box(b"", 0, len(self.memory)) if method == 0 else None
        data = self._find(b"idat") if method == 1 else whole
        if data:
            start += data.start
            yield start, min(start + length, data.end) if length else data.end

    def _find(self, *path: bytes) -> Box | None:
        return iso_boxes.find(self.memory, self.meta.start, self.meta.end, *path)


class _Fields:
    """Numbers of any size, one after the other."""

    def __init__(self, memory: Memory, at: int) -> None:
        self._memory = memory
        self.at = at

    def number(self, size: int) -> int:
        """The next bytes; beyond the end, fewer."""
        value = int.from_bytes(self._memory[self.at : self.at + size], "big")
        self.at += size
        return value
