"""Real files: their types are found, and nothing that happens to them gets out of an extractor."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path

from chalicelib.files.detection import HEAD_BYTES, candidate_types
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.files.validation import Limits, validate
from tests.support.corpora import known_types
from tests.support.metadata import analyze

SAME = {
    "audio/opus": "audio/ogg",  # codecs; the file is an Ogg
    "audio/vorbis": "audio/ogg",
    "audio/vnd.wave": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "audio/x-flac": "audio/flac",
    "text/markdown": "text/plain",  # distinguished only by the declared type
    "video/x-matroska": "video/matroska",
}
"""Names in the table, and the ones in use here."""


def test_types_agree() -> None:
    """Of the files whose family is claimed, at least 95 % are what their extension stands for."""
    limits = Limits(2**40, SUPPORTED_TYPES)
    claimed = 0
    misses = []
    for path, known in known_types().items():
        expected = SAME.get(known, known)
        if expected not in SUPPORTED_TYPES:
            continue
        claimed += 1
        content = path.read_bytes()
        found = validate(io.BytesIO(content), len(content), None, limits, analyze).file_type
        if found != expected:
            misses.append(f"{path.name}: {found}, not {expected}")
    figure = f"types found: {claimed - len(misses)} of {claimed}; not:"
    sys.stdout.write("\n  ".join([figure, *misses]))  # shown by pytest -s

    assert len(misses) <= 0.05 * claimed


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with something wrong."""
    changed = bytearray(content)
    at = chance.randrange(len(content))
    match chance.randrange(4):
        case 0:
            del changed[at:]
        case 1:
            for _ in range(20):
                changed[chance.randrange(len(content))] = chance.randrange(256)
        case 2:
            changed[at : at + 4] = b"\xff\xff\xff\x7f"
        case 3:
            start = chance.randrange(len(content))
            changed[at:at] = content[start : start + 1_000]
    return bytes(changed)


def test_mutated_files() -> None:
    """No exception gets out for a real file with something wrong, and all is within bounds."""
    chance = random.Random(1)  # noqa: S311 - the same each time
    for path, content in _small_files():
        possible = candidate_types(content[:HEAD_BYTES], None, is_whole_file=False)
        supported = [file_type for file_type in possible if file_type in SUPPORTED_TYPES]
        if supported:
            examined = analyze(io.BytesIO(mutated(content, chance)), supported)
            assert examined.file_type, path.name


def _small_files() -> list[tuple[Path, bytes]]:
    """Those but PDFs, which have tests of their own and take longest."""
    contents = [(path, path.read_bytes()) for path in known_types() if path.suffix != ".pdf"]
    return [(path, content) for path, content in contents if 0 < len(content) < 100_000]
