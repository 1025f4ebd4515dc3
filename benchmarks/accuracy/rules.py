"""When two values of one fact are the same: one rule for each kind of fact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

Value = str | int | float | bool

_WORDS = 0.05
"""Readers of a PDF's text differ in what they join; benchmarks/text.py has the same tolerance."""

_DURATION = 0.01
_DURATION_MILLISECONDS = 50
"""Containers, streams and the count of samples differ by padding and rounding."""

_BIT_RATE = 0.05
"""Some readers include the headers of frames."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How the values of a fact are compared."""

    name: str
    same: Callable[[Value, Value], bool]
    """Whether Intake's value and a reference's are the same."""
    is_flag: bool = False
    """Readers search different places: the fact is true if one of them finds something."""


def _exact(ours: Value, theirs: Value) -> bool:
    return type(ours) is type(theirs) and ours == theirs


def _text(ours: Value, theirs: Value) -> bool:
    """Equal but for white space, or as much of it as Intake keeps (1,024 characters)."""
    left, right = _collapsed(ours), _collapsed(theirs)
    return left == right or (len(left) > 250 and right.startswith(left))


def _collapsed(value: Value) -> str:
    printable = "".join(each if each.isprintable() else " " for each in str(value))
    return " ".join(printable.split())


def _tag(ours: Value, theirs: Value) -> bool:
    """The first value: readers join several by `;` or ` / `."""
    return _text(ours, theirs) or _text(ours, re.split(r"\s*;\s*| / ", str(theirs))[0])


def _address(ours: Value, theirs: Value) -> bool:
    """Equal name and address; quotes and brackets do not count."""
    return re.sub(r'["<>\s]', "", str(ours)) == re.sub(r'["<>\s]', "", str(theirs))


def _instant(ours: Value, theirs: Value) -> bool:
    """Equal instants if both have an offset, else equal local times; fractions do not count."""
    try:
        left, right = datetime.fromisoformat(str(ours)), datetime.fromisoformat(str(theirs))
    except ValueError:
        return str(ours) == str(theirs)
    left, right = left.replace(microsecond=0), right.replace(microsecond=0)
    if left.tzinfo is None or right.tzinfo is None:
        return left.replace(tzinfo=None) == right.replace(tzinfo=None)
    return left == right


def _within(part: float, absolute: float = 0) -> Callable[[Value, Value], bool]:
    def same(ours: Value, theirs: Value) -> bool:
        if isinstance(ours, str) or isinstance(theirs, str):
            return False
        return abs(ours - theirs) <= max(part * abs(theirs), absolute)

    return same


def _year(ours: Value, theirs: Value) -> bool:
    """The first four digits: some readers complete a year to a date."""
    if ours == theirs:
        return True
    left, right = (re.search(r"\d{4}", str(value)) for value in (ours, theirs))
    return bool(left and right and left[0] == right[0])


_CODECS: Mapping[str, tuple[str, ...]] = {
    "h264": ("avc1", "avc3", "v_mpeg4/iso/avc"),
    "hevc": ("hvc1", "hev1", "v_mpegh/iso/hevc"),
    "mpeg4": ("mp4v", "mp4v-20", "v_mpeg4/iso/asp", "xvid", "divx", "dx50", "fmp4"),
    "aac": ("mp4a", "mp4a-40-2", "mp4a-40-5", "a_aac", "a_aac-2"),
    "mp3": (".mp3", "mp4a-6b", "a_mpeg/l3"),
    "alac": ("a_alac",),
    "mp4als": ("mp4a-40-36",),
    "ac3": ("ac-3", "a_ac3"),
    "eac3": ("ec-3", "a_eac3"),
    "opus": ("a_opus",),
    "vorbis": ("a_vorbis",),
    "vp8": ("v_vp8",),
    "vp9": ("vp09", "v_vp9"),
    "av1": ("av01", "v_av1"),
    "flac": ("fla", "a_flac"),
    "h263": ("s263",),
    "mjpeg": ("jpeg", "v_mjpeg", "mjpg"),
    "theora": ("v_theora",),
    "pcm": ("sowt", "twos", "lpcm", "raw", "in24", "fl32", "ipcm"),
    "amr_nb": ("samr", "amrnb"),
}
"""FFmpeg's name of a codec, and its identifiers in MP4, QuickTime, Matroska and AVI."""

_CODEC_NAMES = {other: name for name, others in _CODECS.items() for other in (name, *others)}


def codec_name(value: Value) -> str:
    """FFmpeg's name of a codec from any of its identifiers."""
    key = re.sub(r"[^a-z0-9/._-]", "", str(value).lower())
    return _CODEC_NAMES.get(key, "pcm" if key.startswith(("pcm_", "a_pcm")) else key)


def _codec(ours: Value, theirs: Value) -> bool:
    return codec_name(ours) == codec_name(theirs)


EXACT = Rule("exact", _exact)
FLAG = Rule("flag", _exact, is_flag=True)
TEXT = Rule("text", _text)
ADDRESS = Rule("address", _address)
TAG = Rule("tag", _tag)
TIME = Rule("time", _instant)
WORDS = Rule("words", _within(_WORDS))
DURATION = Rule("duration", _within(_DURATION, _DURATION_MILLISECONDS))
POINTS = Rule("points", _within(0, 1))
BIT_RATE = Rule("bit rate", _within(_BIT_RATE, 1))
YEAR = Rule("year", _year)
CODEC = Rule("codec", _codec)
