"""Audio by TinyTag; video of MP4, QuickTime and Matroska by `mp4` and `matroska`."""

from __future__ import annotations

from typing import BinaryIO

from tinytag import TinyTag, TinyTagException

from chalicelib.documents import FailureCode
from chalicelib.files import text_codecs
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.extractors import matroska, mp4
from chalicelib.files.metadata import RawMetadata
from chalicelib.files.types import AUDIO_MP4, MP4

_NO_AUDIO = "The file has no readable audio."

_MATROSKA = frozenset({"video/matroska", "video/webm"})
_MOVIES = frozenset({MP4, AUDIO_MP4, "video/quicktime"})


def prepare() -> None:
    """Load what extraction would load lazily: the codecs of tags."""
    text_codecs.load([*text_codecs.UNICODE, "latin-1"])


def extract(content: BinaryIO, file_type: str) -> RawMetadata:
    """Duration, formats and tags.

    - durationMilliseconds; channels; sampleRate, in hertz; bitRate (audio), in kilobits per second.
    - width, height (video): display size in pixels, before rotation.
    - codec (MP4, QuickTime, Matroska): identifier of the video codec, else of the audio codec.
    - title, artist, album, genre, year: tags.
    """
    if file_type in _MATROSKA:
        return matroska.read(content)
    movie = mp4.read(content) if file_type in _MOVIES else None
    content.seek(0)
    try:
        tags = TinyTag.get(file_obj=content)
    except TinyTagException as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from None
        if movie is None:
            raise FileRejectedError(FailureCode.UNREADABLE, _NO_AUDIO) from error
        tags = TinyTag()
    duration = round(tags.duration * 1_000) if tags.duration is not None else None
    found: dict[str, str | int | None] = {
        "durationMilliseconds": duration,
        "channels": tags.channels,
        "sampleRate": tags.samplerate,
        "bitRate": round(tags.bitrate) if tags.bitrate else None,
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.album,
        "genre": tags.genre,
        "year": tags.year,
    }
    if movie is None:
        if not (duration or tags.samplerate):
            raise FileRejectedError(FailureCode.UNREADABLE, _NO_AUDIO)
        return found
    found["durationMilliseconds"] = movie.duration_milliseconds
    found["bitRate"] = None  # TinyTag's is ambiguous: of the audio, or of the file
    found["codec"] = movie.codec
    found["width"] = movie.width or None
    found["height"] = movie.height or None
    return found
