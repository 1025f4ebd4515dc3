"""Durations and sizes of an MP4's samples, in fragments too: 14496-12, 8.6.1, 8.7.3, 8.8."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Mapping, Sequence

from chalicelib.files.extractors.iso_boxes import Box, boxes, child, children
from chalicelib.files.extractors.media_values import unpack

_BATCH = 65_536
"""Entries of a table that are read at once."""

_BASE_OFFSET, _DESCRIPTION_INDEX, _DEFAULT_DURATION = 0x1, 0x2, 0x8
"""Flags of a track fragment's header."""

_DATA_OFFSET, _FIRST_FLAGS, _DURATION = 0x1, 0x4, 0x100
_SAMPLE_FIELDS = (_DURATION, 0x200, 0x400, 0x800)
"""Flags of a run: the fields that each of its samples has, four bytes each."""


def units_of_samples(data: mmap.mmap, times: Box) -> int:
    """The sum of the durations in a time-to-sample box (`stts`)."""
    (count,) = unpack(">L", data, times.start + 4)
    rows = _table(data, times.start + 8, times.end, count, 2)
    return sum(
        samples * units
        for batch in rows
        for samples, units in zip(batch[::2], batch[1::2], strict=True)
    )


def size_of_samples(data: mmap.mmap, sizes: Box) -> int:
    """The sum of the sizes in a sample size box (`stsz`), in bytes; 0: unknown.

    QuickTime states a size of 1 for uncompressed audio, whatever it is: "QuickTime File Format",
    "Sample Size Atoms". More than the file has is not believed.
    """
    size, count = unpack(">LL", data, sizes.start + 4)
    if size == 1:
        return 0
    table = _table(data, sizes.start + 12, sizes.end, count, 1)
    total = int(size * count) if size else sum(sum(batch) for batch in table)
    return total if total <= len(data) else 0


def defaults(data: mmap.mmap, boxes_of_tracks: Iterable[Box]) -> dict[int, int]:
    """Durations of a sample by track number, from track extends boxes (`trex`)."""
    found = {}
    for box in boxes_of_tracks:
        track, _, duration = unpack(">LLL", data, box.start + 4)
        found[track] = duration
    return found


def units_by_track(
    data: mmap.mmap, fragments: Sequence[Box], defaults: Mapping[int, int]
) -> dict[int, int]:
    """The sums of the samples' durations by track number."""
    found: dict[int, int] = {}
    for fragment in fragments:
        for traf in children(data, fragment, b"traf"):
            header = child(data, traf, b"tfhd")
            if header is None:
                continue
            track, duration = _header(data, header, defaults)
            for box in boxes(data, traf.start, traf.end):
                if box.kind == b"trun":
                    found[track] = found.get(track, 0) + _run(data, box, duration)
    return found


def _header(data: mmap.mmap, header: Box, defaults: Mapping[int, int]) -> tuple[int, int]:
    """Track number and default duration of a track fragment header (`tfhd`)."""
    flags, track = unpack(">LL", data, header.start)
    if not flags & _DEFAULT_DURATION:
        return track, defaults.get(track, 0)
    position = header.start + 8
    position += 8 if flags & _BASE_OFFSET else 0
    position += 4 if flags & _DESCRIPTION_INDEX else 0
    (duration,) = unpack(">L", data, position)
    return track, duration


def _run(data: mmap.mmap, run: Box, default: int) -> int:
    """The duration of the samples of a track run (`trun`)."""
    flags, count = unpack(">LL", data, run.start)
    if not flags & _DURATION:
        return int(count * default)
    position = run.start + 8
    position += 4 if flags & _DATA_OFFSET else 0
    position += 4 if flags & _FIRST_FLAGS else 0
    fields = sum(bool(flags & field) for field in _SAMPLE_FIELDS)
    return sum(sum(batch[::fields]) for batch in _table(data, position, run.end, count, fields))


def _table(
    data: mmap.mmap, start: int, end: int, count: int, fields: int
) -> Iterable[tuple[int, ...]]:
    """The 32-bit numbers of a table's rows, in batches of whole rows; those that exist."""
    rows = min(count, max(end - start, 0) // (4 * fields))
    for first in range(0, rows, _BATCH):
        numbers = min(_BATCH, rows - first) * fields
        yield struct.unpack_from(f">{numbers}L", data, start + first * 4 * fields)
