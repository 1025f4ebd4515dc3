"""Tags at the end of audio, in any order: ID3v1, ID3v2 with a footer, APEv2, Lyrics3."""

from __future__ import annotations

import mmap

from chalicelib.files.extractors import ape_tag, id3

_MAX_TAGS = 10

_LYRICS_END = b"LYRICS200"
"""Behind six digits with the size of the rest: https://id3.org/Lyrics3v2."""


def read(data: mmap.mmap) -> tuple[int, dict[str, str]]:
    """The offset where the audio ends, and the tags; of several, ID3v2, APEv2, then ID3v1."""
    end = len(data)
    found: list[tuple[int, dict[str, str]]] = []
    for _ in range(_MAX_TAGS):
        before = end
        for rank, read_one in enumerate(_READERS):
            end, tags = read_one(data, end)
            found.append((rank, tags))
        if end == before:
            break
    found.sort(key=lambda ranked: ranked[0])
    return end, {name: text for _, tags in found for name, text in tags.items()}


def _lyrics_before(data: mmap.mmap, end: int) -> tuple[int, dict[str, str]]:
    digits = data[max(end - 15, 0) : end - 9] if end >= 15 else b""
    if data[max(end - 9, 0) : end] != _LYRICS_END or not digits.isdigit():
        return end, {}
    return max(end - 15 - int(digits), 0), {}


_READERS = (id3.version_1_before, _lyrics_before, ape_tag.before, id3.version_2_before)
"""Of several tags, the later ones here decide; ID3v1 cuts its texts."""
