"""What a Matroska segment contains, collected from its elements: RFC 9559, 5.1."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.files.extractors import ebml

SEGMENT = 0x18538067
CLUSTER = 0x1F43B675
SIMPLE_BLOCK = 0xA3
BLOCK = 0xA1

_TRACK = 0xAE
_VIDEO = 0xE0
_AUDIO = 0xE1
_BLOCK_GROUP = 0xA0
_TAG = 0x7373

PARENTS = frozenset(
    {SEGMENT, CLUSTER, _TRACK, _VIDEO, _AUDIO, _BLOCK_GROUP, _TAG}
    | {0x1549A966, 0x1654AE6B, 0x1254C367, 0x63C0, 0x67C8}
)
"""Elements whose children count; the last ones: Info, Tracks, Tags, Targets, SimpleTag."""

_VIDEO_KIND, _AUDIO_KIND = 1, 2
"""Types of tracks: 5.1.4.1.3."""

_PIXELS = 0
"""Unit of a display size."""

_LACING = 0x06
"""Flags of a block with several frames."""

_TRACK_LEVEL, _DEFAULT_LEVEL = 30, 50
"""Target of a tag: a piece of music, an album or a film: 5.1.8.1.1.1."""

_MAX_TRACKS = 1_000
_MAX_TAGS = 10_000

_TAG_NAMES = {
    "TITLE": "title",
    "ARTIST": "artist",
    "ALBUM": "album",
    "GENRE": "genre",
    "DATE_RELEASED": "year",
    "DATE": "year",
    "DATE_RECORDED": "year",
}
"""https://www.matroska.org/technical/tagging.html, and those that FFmpeg writes."""


class Track:
    """A track; 0: unknown."""

    def __init__(self) -> None:
        """A track of which nothing is known."""
        self.number: int = 0
        self.kind: int = 0
        self.codec: str = ""
        self.width: int = 0
        self.height: int = 0
        self.display_width: int = 0
        self.display_height: int = 0
        self.display_unit: int = _PIXELS
        self.channels: int = 0
        self.sample_rate: int = 0
        self.output_rate: int = 0
        """Hertz, where decoding changes it."""
        self.frame_nanoseconds: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Display size in pixels, else the coded size."""
        stated = self.display_width, self.display_height
        is_plausible = stated[0] >= self.width or stated[1] >= self.height
        return (
            stated
            if self.display_unit == _PIXELS and all(stated) and is_plausible
            else (
                self.width,
                self.height,
            )
        )


class _Tag:
    def __init__(self) -> None:
        self.level: int = _DEFAULT_LEVEL
        self.is_of_track: bool = False
        self.name: str = ""
        self.texts: dict[str, str] = {}


class Segment:
    """The facts of a segment."""

    def __init__(self) -> None:
        """An empty segment."""
        self.tracks: list[Track] = []
        self.by_number: dict[int, Track] = {}
        self.tags: list[_Tag] = []
        self.title: str = ""
        self.scale: int = 1_000_000
        """Nanoseconds in a unit of times: 5.1.2.9."""
        self.duration: float | None = None
        """As stated, in units."""
        self.cluster: int = 0
        """Time of the current cluster, in units."""
        self.block: int = 0
        """Nanoseconds at which the current block starts."""
        self.end_nanoseconds: int = 0
        """The end of the last frame that is known."""

    @property
    def video(self) -> Track | None:
        """The first video track with a codec."""
        return self._first(_VIDEO_KIND)

    @property
    def audio(self) -> Track | None:
        """The first audio track with a codec."""
        return self._first(_AUDIO_KIND)

    @property
    def milliseconds(self) -> int | None:
        """The stated duration, else, as of live recordings, up to the last frame."""
        if self.duration is not None and 0 < self.duration < 2**53:
            return round(self.duration * self.scale / 1_000_000)
        return round(self.end_nanoseconds / 1_000_000) or None

    def texts(self) -> dict[str, str]:
        """Title, artist, album, genre and year: of the piece of music, else of the whole."""
        tags = [tag for tag in self.tags if not tag.is_of_track]
        pieces = [tag for tag in tags if tag.level <= _TRACK_LEVEL]
        wholes = [tag for tag in tags if tag.level > _TRACK_LEVEL]
        found: dict[str, str] = {}
        if self.title:
            found["title"] = self.title
        for tag in [*pieces, *wholes]:
            for name, text in tag.texts.items():
                if name == "title" and pieces and tag.level > _TRACK_LEVEL:
                    found.setdefault("album", text)
                else:
                    found.setdefault(name, text)
        return found

    def add(self, identifier: int, value: bytes) -> None:
        """Add the start of a parent, the head of a block, or a value."""
        if identifier == _TRACK and len(self.tracks) < _MAX_TRACKS:
            self.tracks.append(Track())
        elif identifier == _TAG and len(self.tags) < _MAX_TAGS:
            self.tags.append(_Tag())
        elif identifier == _AUDIO and self.tracks:
            # Defaults of its elements: 5.1.4.1.29.1, 5.1.4.1.29.3.
            self.tracks[-1].channels, self.tracks[-1].sample_rate = 1, 8_000
        elif identifier in (BLOCK, SIMPLE_BLOCK):
            self._add_block(value)
        elif identifier in _SEGMENT_VALUES:
            _SEGMENT_VALUES[identifier](self, value)
        elif identifier in _TRACK_VALUES and self.tracks:
            name, parse = _TRACK_VALUES[identifier]
            setattr(self.tracks[-1], name, parse(value))
            self.by_number[self.tracks[-1].number] = self.tracks[-1]
        elif identifier in _TAG_VALUES and self.tags:
            _TAG_VALUES[identifier](self.tags[-1], value)

    def _first(self, kind: int) -> Track | None:
        tracks = (track for track in self.tracks if track.kind == kind and track.codec)
        return next(tracks, None)

    def _add_block(self, head: bytes) -> None:
        """A block's head, 10.1: track, time from that of the cluster."""
        number, width = ebml.number(head, 0, keeps_marker=False)
        relative = int.from_bytes(head[width : width + 2], "big", signed=True)
        track = self.by_number.get(number)
        lasts = (track.frame_nanoseconds if track else 0) * _frames(head[width + 2 : width + 4])
        self.block = (self.cluster + relative) * self.scale
        self.end_nanoseconds = max(self.end_nanoseconds, self.block + lasts)


def _frames(flags: bytes) -> int:
    """The number of frames of a block, by its flags and the byte behind them: 10.3."""
    is_laced = len(flags) == 2 and flags[0] & _LACING
    return flags[1] + 1 if is_laced else 1


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _hertz(value: bytes) -> int:
    rate = ebml.float_of(value)
    return round(rate) if 0 < rate < 2**32 else 0


def _text(value: bytes) -> str:
    return value.partition(b"\0")[0].decode("utf-8", errors="replace")


def _set_scale(segment: Segment, value: bytes) -> None:
    segment.scale = _integer(value)


def _set_duration(segment: Segment, value: bytes) -> None:
    segment.duration = ebml.float_of(value)


def _set_title(segment: Segment, value: bytes) -> None:
    segment.title = segment.title or _text(value)


def _set_cluster(segment: Segment, value: bytes) -> None:
    segment.cluster = _integer(value)


def _set_block_duration(segment: Segment, value: bytes) -> None:
    end = segment.block + _integer(value) * segment.scale
    segment.end_nanoseconds = max(segment.end_nanoseconds, end)


def _set_level(tag: _Tag, value: bytes) -> None:
    tag.level = _integer(value)


def _set_of_track(tag: _Tag, value: bytes) -> None:
    tag.is_of_track = tag.is_of_track or _integer(value) != 0


def _set_name(tag: _Tag, value: bytes) -> None:
    tag.name = _TAG_NAMES.get(_text(value).upper(), "")


def _set_text(tag: _Tag, value: bytes) -> None:
    if tag.name:
        tag.texts.setdefault(tag.name, _text(value))


_SEGMENT_VALUES: dict[int, Callable[[Segment, bytes], None]] = {
    0x2AD7B1: _set_scale,
    0x4489: _set_duration,
    0x7BA9: _set_title,
    0xE7: _set_cluster,
    0x9B: _set_block_duration,
}

_TRACK_VALUES: dict[int, tuple[str, Callable[[bytes], int | str]]] = {
    0xD7: ("number", _integer),
    0x83: ("kind", _integer),
    0x86: ("codec", _text),
    0x23E383: ("frame_nanoseconds", _integer),
    0xB0: ("width", _integer),
    0xBA: ("height", _integer),
    0x54B0: ("display_width", _integer),
    0x54BA: ("display_height", _integer),
    0x54B2: ("display_unit", _integer),
    0xB5: ("sample_rate", _hertz),
    0x78B5: ("output_rate", _hertz),
    0x9F: ("channels", _integer),
}

_TAG_VALUES: dict[int, Callable[[_Tag, bytes], None]] = {
    0x68CA: _set_level,
    0x63C5: _set_of_track,
    0x45A3: _set_name,
    0x4487: _set_text,
}
