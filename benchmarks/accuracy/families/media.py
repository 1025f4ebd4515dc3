"""Images, audio and video."""

from __future__ import annotations

from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.rules import BIT_RATE, CODEC, DURATION, EXACT, FLAG, TAG, TEXT, TIME, YEAR

_SOUND = {
    "durationMilliseconds": DURATION,
    **dict.fromkeys(("channels", "sampleRate"), EXACT),
    "codec": CODEC,
    **dict.fromkeys(("title", "artist", "album", "genre"), TAG),
    "year": YEAR,
}


MEDIA = (
    Family(
        name="svg",
        types=("image/svg+xml",),
        extensions=("svg",),
        module="markup",
        readers=("lxml", "exiftool"),
        facts={
            **dict.fromkeys(("width", "height", "elementCount"), EXACT),
            **dict.fromkeys(("viewBox", "title", "rootElement", "rootNamespace"), TEXT),
            "hasScripts": FLAG,
        },
    ),
    Family(
        name="image",
        types=("image/",),
        extensions=(
            "jpg",
            "jpeg",
            "png",
            "gif",
            "webp",
            "heic",
            "heif",
            "avif",
            "tif",
            "tiff",
            "bmp",
            "ico",
            "jp2",
            "j2k",
            "jpx",
            "j2c",
            "jxl",
            "psd",
            "dng",
        ),
        module="image",
        readers=("exiftool", "pillow", "ffprobe"),
        facts={
            **dict.fromkeys(("width", "height", "orientation", "bitDepth", "frameCount"), EXACT),
            "imageCount": EXACT,
            **dict.fromkeys(("colorMode", "cameraMake", "cameraModel", "software"), TEXT),
            "takenAt": TIME,
            "hasGpsPosition": FLAG,
        },
    ),
    Family(
        name="audio",
        types=("audio/",),
        extensions=(
            "mp3",
            "m4a",
            "wav",
            "flac",
            "ogg",
            "oga",
            "opus",
            "aiff",
            "aif",
            "aac",
            "amr",
            "ac3",
            "eac3",
            "wma",
            "mka",
            "weba",
            "ape",
        ),
        module="media",
        readers=("ffprobe", "mediainfo"),
        facts={**_SOUND, "bitRate": BIT_RATE},
    ),
    Family(
        name="video",
        types=("video/",),
        extensions=(
            "mp4",
            "m4v",
            "mov",
            "mkv",
            "webm",
            "avi",
            "wmv",
            "3gp",
            "3g2",
            "mpg",
            "mpeg",
            "asf",
            "ogv",
        ),
        module="media",
        readers=("ffprobe", "mediainfo"),
        facts={**_SOUND, "width": EXACT, "height": EXACT},
    ),
)
