"""Audio and video: one module for each container or bitstream format.

These modules have no dataclasses: creating theirs doubled the time in which a worker starts.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import text_codecs, types
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import (
    ac3,
    adts,
    aiff,
    amr,
    asf,
    avi,
    flac,
    matroska,
    monkeys_audio,
    mp4,
    mpeg_audio,
    ogg,
    riff,
)
from chalicelib.files.extractors.media_values import Facts
from chalicelib.files.mapped import memory_of
from chalicelib.files.metadata import RawMetadata

_NOTHING_PLAYS = "The file has no readable audio or video."

_READERS: Mapping[str, Callable[[mmap.mmap], Facts]] = {
    types.MP3: mpeg_audio.read,
    types.WAV: riff.read_wave,
    types.FLAC: flac.read,
    types.AAC: adts.read,
    types.AC3: ac3.read,
    types.EAC3: ac3.read,
    types.AMR: amr.read,
    types.APE: monkeys_audio.read,
    types.AIFF: aiff.read,
    types.AVI: avi.read,
    **dict.fromkeys((types.AUDIO_OGG, types.VIDEO_OGG), ogg.read),
    **dict.fromkeys((types.WMA, types.WMV), asf.read),
    **dict.fromkeys((types.QUICKTIME, types.MP4, types.AUDIO_MP4), mp4.read),
    **dict.fromkeys((types.THREE_GPP, types.AUDIO_THREE_GPP), mp4.read),
    **dict.fromkeys((types.THREE_GPP2, types.AUDIO_THREE_GPP2), mp4.read),
    **dict.fromkeys((types.WEBM, types.AUDIO_WEBM), matroska.read),
    **dict.fromkeys((types.MATROSKA, types.AUDIO_MATROSKA), matroska.read),
}


def prepare() -> None:
    """Load what extraction would load lazily: the codecs of tags."""
    text_codecs.load([*text_codecs.UNICODE, "latin-1", "windows-1252", "mac-roman"])


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Duration, formats and tags.

    - durationMilliseconds; channels and sampleRate, in hertz, of the first audio track; bitRate:
      average of the audio, in kilobits per second.
    - width, height (video): size in pixels, before rotation.
    - codec (containers): identifier of the video codec, else of the audio codec.
    - title, artist, album, genre, year: tags.

    Raises:
        FileRejectedError: neither a track nor a duration is found.
    """
    found = _READERS[file_type](memory_of(content))
    facts = {name: value or None for name, value in found.items()}
    if not any(facts.get(name) for name in ("durationMilliseconds", "sampleRate", "codec")):
        raise FileRejectedError(FailureCode.UNREADABLE, _NOTHING_PLAYS)
    return facts
