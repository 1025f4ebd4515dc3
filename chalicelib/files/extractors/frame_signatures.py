"""The type of audio that consists of frames only, by the first ones."""

from __future__ import annotations

from chalicelib.files.extractors import ac3_frames, adts_frames, mpeg_frames
from chalicelib.files.types import AAC, AC3, EAC3, MP3


def type_of(head: bytes) -> str | None:
    """The MIME type of a file that begins so; None if no frames do."""
    if _is_mpeg_audio(head):
        return MP3
    if adts_frames.is_stream(head, 0):
        return AAC
    if ac3_frames.is_stream(head, 0):
        return EAC3 if ac3_frames.is_enhanced(head, 0) else AC3
    return None


def _is_mpeg_audio(head: bytes) -> bool:
    """Whether frames of MPEG audio begin the file, perhaps behind zeros.

    Two consecutive frames are required, or a header that only encoders write, since random bytes
    begin alike.
    """
    padding = len(head) - len(head.lstrip(b"\0"))
    frame = mpeg_frames.frame_at(head, padding)
    if frame is None:
        return False
    return frame.is_followed(head, padding, len(head)) or frame.has_totals(head, padding)
