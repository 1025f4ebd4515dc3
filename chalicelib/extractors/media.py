"""Sound by TinyTag; what MP4, QuickTime and Matroska show by `boxes` and `matroska`."""

from __future__ import annotations

from typing import BinaryIO

from tinytag import TinyTag, TinyTagException

from chalicelib.documents import FailureCode
from chalicelib.extractors import Found, Refused, boxes, matroska
from chalicelib.extractors.containers import AUDIO_MP4, MP4

_NO_SOUND = "The file has no sound that can be read."

_MATROSKA = frozenset({"video/matroska", "video/webm"})
_MOVIES = frozenset({MP4, AUDIO_MP4, "video/quicktime"})


def extract(content: BinaryIO, file_type: str) -> Found:
    """What plays, for how long, and what it is called.

    - durationMilliseconds; channels; sampleRate, in hertz; bitRate (sound), in kilobits a second.
    - width, height (pictures): pixels to be shown, before any turning.
    - codec (MP4, QuickTime, Matroska): the file's own name for that of the picture, else the sound.
    - title, artist, album, genre, year: tags.
    """
    if file_type in _MATROSKA:
        return matroska.read(content)
    movie = boxes.read(content) if file_type in _MOVIES else None
    content.seek(0)
    try:
        tags = TinyTag.get(file_obj=content)
    except TinyTagException as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from None
        if movie is None:
            raise Refused(FailureCode.UNREADABLE, _NO_SOUND) from error
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
            raise Refused(FailureCode.UNREADABLE, _NO_SOUND)
        return found
    found["durationMilliseconds"] = movie.duration_milliseconds
    found["bitRate"] = None  # TinyTag's is of the sound alone, or of all, as it happens
    found["codec"] = movie.codec
    found["width"] = movie.width or None
    found["height"] = movie.height or None
    return found
