"""The AudioSpecificConfig of AAC: channels and sample rate. ISO/IEC 14496-3, 1.6.2.1 and 4.4.1."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

SAMPLE_RATES = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000),
    *(12_000, 11_025, 8_000, 7_350),
)
"""Hertz by index."""

CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 11: 7, 12: 8, 13: 24, 14: 8}
"""By channel configuration; 0: the stream defines them."""

_SBR = 5
_PS = 29
_GENERAL_AUDIO = frozenset({1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23})
_SYNC_EXTENSION = 0x2B7
_PS_EXTENSION = 0x548
_MAX_BYTES = 64

HIGHEST_SBR_CORE_RATE = 24_000
"""Hertz; spectral band replication at most doubles it to 48,000."""


class AudioFormat(NamedTuple):
    """What a decoder puts out; None: the configuration does not establish it."""

    channels: int | None
    sample_rate: int | None


class _Bits:
    """Reads numbers of bits; raises EOFError behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self.left = 8 * len(data)

    def read(self, count: int) -> int:
        if count > self.left:
            raise EOFError
        self.left -= count
        return self._value >> self.left & ((1 << count) - 1)


def parse(config: bytes) -> AudioFormat | None:
    """The format that a configuration establishes; None of another codec than AAC.

    Spectral band replication (HE-AAC) doubles the sample rate, and need not be signalled if the
    core has 24,000 Hz or less.
    """
    bits = _Bits(config[:_MAX_BYTES])
    try:
        return _parse(bits)
    except EOFError:
        return AudioFormat(None, None)


def _parse(bits: _Bits) -> AudioFormat | None:
    kind = _object_type(bits)
    rate = _sample_rate(bits)
    configuration = bits.read(4)
    extended_rate = None
    is_parametric = kind == _PS
    is_signalled = kind in (_SBR, _PS)
    if is_signalled:
        extended_rate = _sample_rate(bits)
        kind = _object_type(bits)
    channels = CHANNELS.get(configuration)
    with contextlib.suppress(EOFError):  # what was read before is known
        if kind not in _GENERAL_AUDIO:
            return None
        channels = _general_config(bits, kind, configuration) or channels
        if not is_signalled:
            is_signalled, extended_rate, is_parametric = _extension(bits)
    if is_parametric and channels == 1:
        channels = 2
    is_open = not is_signalled and rate is not None and rate <= HIGHEST_SBR_CORE_RATE
    return AudioFormat(channels, None if is_open else extended_rate or rate)


def _object_type(bits: _Bits) -> int:
    kind = bits.read(5)
    return 32 + bits.read(6) if kind == 31 else kind


def _sample_rate(bits: _Bits) -> int | None:
    index = bits.read(4)
    if index == 15:
        return bits.read(24) or None
    return SAMPLE_RATES[index] if index < len(SAMPLE_RATES) else None


def _general_config(bits: _Bits, kind: int, configuration: int) -> int | None:
    """Read a GASpecificConfig; the channels that it defines itself."""
    bits.read(1)
    if bits.read(1):
        bits.read(14)
    has_extension = bits.read(1)
    channels = None if configuration else _program_channels(bits)
    if kind in (6, 20):
        bits.read(3)
    if has_extension:
        if kind == 22:
            bits.read(16)
        if kind in (17, 19, 20, 23):
            bits.read(3)
        bits.read(1)
    return channels


def _program_channels(bits: _Bits) -> int | None:
    """The channels of a program_config_element, ISO/IEC 14496-3, 4.4.1.1."""
    bits.read(10)
    front, side, back, low, data, coupling = (bits.read(count) for count in (4, 4, 4, 2, 3, 4))
    for mixdown in (4, 4, 3):
        if bits.read(1):
            bits.read(mixdown)
    channels = low
    for _ in range(front + side + back):
        channels += 1 + bits.read(1)
        bits.read(4)
    bits.read(4 * low + 4 * data + 5 * coupling)
    bits.read(bits.left % 8)
    bits.read(8 * bits.read(8))
    return channels or None


def _extension(bits: _Bits) -> tuple[bool, int | None, bool]:
    """Whether spectral band replication is signalled behind the rest, its rate, and stereo."""
    if bits.read(11) != _SYNC_EXTENSION or _object_type(bits) != _SBR:
        return False, None, False
    rate = _sample_rate(bits) if bits.read(1) else None
    is_parametric = bits.left >= 12 and bits.read(11) == _PS_EXTENSION and bits.read(1) == 1
    return True, rate, is_parametric
