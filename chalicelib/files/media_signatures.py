"""The signatures of audio and video formats that `filetype` misses or confuses."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import cast

from chalicelib.files import containers
from chalicelib.files.types import AIFF, AMR, APE, QUICKTIME, VIDEO_OGG, WAV

_FIRST_BYTES_OF_FRAMES = (b"\xff", b"\x0b", b"\0")
"""Of audio that consists of frames only: the first byte of a frame, or zeros in front."""

_FIRST_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Of QuickTime files: QuickTime File Format, "Atoms"."""


def container_type(head: bytes) -> str | None:
    """The MIME type of audio or video in one of these formats; None if it is in none."""
    return next((file_type for is_this, file_type in _CHECKS if is_this(head)), None)


def frames_type(head: bytes) -> str | None:
    """The type of audio that consists of frames only; None for other content."""
    if not head.startswith(_FIRST_BYTES_OF_FRAMES):
        return None
    # Imported here because it takes 3 ms, of which no cold start pays.
    signatures = importlib.import_module(f"{__package__}.extractors.frame_signatures")
    return cast(str | None, signatures.type_of(head))


def _is_wave(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def _is_amr(head: bytes) -> bool:
    return head.startswith((b"#!AMR\n", b"#!AMR-WB\n"))


def _is_monkeys_audio(head: bytes) -> bool:
    """By its signature and version, which is 3.10 to 9.99."""
    return head[:4] == b"MAC " and 3_100 <= int.from_bytes(head[4:6], "little") < 10_000


def _is_quicktime(head: bytes) -> bool:
    """By its brand, or, before QuickTime had brands, by its first atom."""
    is_atom = head[4:8] in _FIRST_ATOMS and int.from_bytes(head[:4], "big") >= 8
    return is_atom or containers.iso_media_type(head) == QUICKTIME


def _is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def _is_ogg_video(head: bytes) -> bool:
    return head[:4] == b"OggS" and b"\x80theora" in head


_CHECKS: Sequence[tuple[Callable[[bytes], bool], str]] = (
    (_is_amr, AMR),
    (_is_monkeys_audio, APE),
    (_is_wave, WAV),
    (_is_quicktime, QUICKTIME),
    (_is_aiff, AIFF),
    (_is_ogg_video, VIDEO_OGG),
)
