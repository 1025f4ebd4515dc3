"""Audio and video: ffprobe and MediaInfo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy.readers.programs import ReadError, number, run

_TAGS = {"title": "title", "artist": "artist", "album": "album", "genre": "genre"}
_YEARS = ("date", "year", "tyer", "tdrc", "recorded_date")


def ffprobe(path: Path) -> dict[str, Any]:
    """FFmpeg's demuxers."""
    command = ("-v", "error", "-print_format", "json", "-show_format", "-show_streams", path)
    found = json.loads(run("ffprobe", *command))
    streams = [each for each in found["streams"] if not _is_cover(each)]
    video, audio = _first(streams, "video"), _first(streams, "audio")
    if not (video or audio):
        raise ReadError("no audio or video")
    tags = {**_lower(audio.get("tags")), **_lower(found["format"].get("tags"))}
    seconds = found["format"].get("duration")
    return {
        "durationMilliseconds": _milliseconds(seconds),
        "channels": audio.get("channels") or None,
        "sampleRate": number(audio.get("sample_rate")) or None,
        "bitRate": _kilobits(audio.get("bit_rate")),
        "codec": _identifier(video or audio),
        "width": video.get("width") or None,
        "height": video.get("height") or None,
        **{ours: tags.get(theirs) for ours, theirs in _TAGS.items()},
        "year": next((tags[name] for name in _YEARS if name in tags), None),
    }


def _identifier(stream: Mapping[str, Any]) -> str | None:
    """What the container has for the codec, where it is text and not that of encryption."""
    tag = stream.get("codec_tag_string", "")
    return stream.get("codec_name") if "[" in tag or tag.startswith("enc") else tag


def _is_cover(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _first(streams: list[Any], kind: str) -> dict[str, Any]:
    return next((each for each in streams if each.get("codec_type") == kind), {})


def _lower(tags: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (tags or {}).items()}


def _kilobits(value: object) -> int | None:
    found = number(value)
    return round(found / 1_000) if found else None


def mediainfo(path: Path) -> dict[str, Any]:
    """MediaInfo's parsers."""
    found = json.loads(run("mediainfo", "--Output=JSON", path) or "{}").get("media") or {}
    tracks = {each["@type"]: each for each in reversed(found.get("track", []))}
    general, video, audio = (tracks.get(kind, {}) for kind in ("General", "Video", "Audio"))
    if not (video or audio):
        raise ReadError("no audio or video")
    return {
        "durationMilliseconds": _milliseconds(general.get("Duration") or audio.get("Duration")),
        "channels": number(audio.get("Channels")),
        "sampleRate": number(audio.get("SamplingRate")),
        "bitRate": _kilobits(audio.get("BitRate")),
        "codec": (video or audio).get("CodecID") or (video or audio).get("Format"),
        "width": number(video.get("Width")),
        "height": number(video.get("Height")),
        "title": general.get("Track") or general.get("Title"),
        "artist": general.get("Performer"),
        "album": general.get("Album"),
        "genre": general.get("Genre"),
        "year": general.get("Recorded_Date"),
    }


def _milliseconds(seconds: str | None) -> int | None:
    return round(float(seconds) * 1_000) or None if seconds else None


READERS = {"ffprobe": ffprobe, "mediainfo": mediainfo}
