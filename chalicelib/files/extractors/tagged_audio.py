"""Audio behind an ID3 tag, which players write in front of any format."""

from __future__ import annotations

from typing import BinaryIO

from chalicelib.files.extractors import ac3_frames, adts_frames, id3
from chalicelib.files.mapped import memory_of
from chalicelib.files.types import AAC, AC3, APE, EAC3, FLAC, MP3, UNKNOWN

_SIGNATURES = {b"fLaC": FLAC, b"MAC ": APE}

_OTHER_FORMATS = (b"wvpk", b"MPCK", b"MP+", b"TTA1", b"TTA2", b"tBaK", b"OFR ", b"OggS")
"""First bytes of audio formats that are no MPEG audio but may follow a tag."""


def detect(content: BinaryIO) -> str:
    """The type of the audio after the tags: MP3 unless it has another signature."""
    data = memory_of(content)
    start = id3.end_of_tags(data)
    head = data[start : start + 4]
    if head in _SIGNATURES:
        return _SIGNATURES[head]
    if adts_frames.is_stream(data, start):
        return AAC
    if ac3_frames.is_stream(data, start):
        return EAC3 if ac3_frames.is_enhanced(data, start) else AC3
    return UNKNOWN if head.startswith(_OTHER_FORMATS) else MP3
