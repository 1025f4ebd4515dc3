"""The header of a frame of MPEG audio: ISO/IEC 11172-3, 2.4.1.3; 13818-3, 2.4.2.3; MPEG 2.5."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import NamedTuple

_BIT_RATES: dict[tuple[bool, int], Sequence[int]] = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits per second, by whether it is MPEG 1, and layer; the first one's index is 1."""

_SAMPLE_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
"""Hertz, by the bits of the version: MPEG 1, 2, 2.5."""

_MONO = 3


class Frame(NamedTuple):  # a dataclass would cost more per cold start
    """A frame's header."""

    head: int
    """The second byte: version, layer and whether there is no checksum."""
    fields: int
    """The third byte: bit rate, sample rate and padding."""
    channels: int

    @property
    def layer(self) -> int:
        """1 to 3."""
        return 4 - (self.head >> 1 & 3)

    @property
    def is_mpeg_1(self) -> bool:
        """Else MPEG 2 or 2.5."""
        return self.head >> 3 & 3 == 3

    @property
    def sample_rate(self) -> int:
        """Hertz."""
        return _SAMPLE_RATES[self.head >> 3 & 3][self.fields >> 2 & 3]

    @property
    def samples(self) -> int:
        """Of each channel."""
        if self.layer == 1:
            return 384
        return 1_152 if self.is_mpeg_1 or self.layer == 2 else 576

    @property
    def size_bytes(self) -> int:
        """Of the whole frame."""
        return self.size_of(self.fields)

    @property
    def side_information_bytes(self) -> int:
        """In layer III, between the header and its data, where a Xing header is."""
        if self.is_mpeg_1:
            return 17 if self.channels == 1 else 32
        return 9 if self.channels == 1 else 17

    def is_followed(self, data: mmap.mmap | bytes, position: int, end: int) -> bool:
        """Whether another frame of this format or the end of the data follows."""
        following = position + self.size_bytes
        if following >= end:
            return following == end
        other = frame_at(data, following)
        return other is not None and self._has_format_of(other)

    def has_totals(self, data: mmap.mmap | bytes, position: int) -> bool:
        """Whether the frame contains a Xing, Info or VBRI header."""
        xing = position + 4 + self.side_information_bytes
        return (
            data[xing : xing + 4] in (b"Xing", b"Info")
            or data[position + 36 : position + 40] == b"VBRI"
        )

    def _has_format_of(self, other: Frame) -> bool:
        return self.head | 1 == other.head | 1 and self.sample_rate == other.sample_rate

    def size_of(self, fields: int) -> int:
        """Bytes of a frame of this format with this third byte; 0: it has another format."""
        index, sample_rate, padding = fields >> 4, fields >> 2 & 3, fields >> 1 & 1
        if not 0 < index < 15 or sample_rate != self.fields >> 2 & 3:
            return 0
        bits = _BIT_RATES[self.is_mpeg_1, self.layer][index - 1] * 1_000
        if self.layer == 1:
            return (12 * bits // self.sample_rate + padding) * 4
        return self.samples // 8 * bits // self.sample_rate + padding


def frame_at(data: mmap.mmap | bytes, position: int) -> Frame | None:
    """The header of the frame at this offset, if there is one with a stated bit rate."""
    header = data[position : position + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    index, sample_rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 0 or not 0 < index < 15 or sample_rate == 3:
        return None
    return Frame(header[1], header[2], 1 if header[3] >> 6 == _MONO else 2)
