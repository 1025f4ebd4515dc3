"""OLE2 compound files and the records in them: [MS-CFB], [MS-OLEPS], [MS-XLS], [MS-PPT]."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import count

_SECTOR = 512
_MINI_SECTOR = 64
_CUTOFF = 4_096
"""Shorter streams lie in a stream of their own kind."""

_NO_SECTOR = 0xFFFFFFFF
_END_OF_CHAIN = 0xFFFFFFFE
_FAT_SECTOR = 0xFFFFFFFD


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file of these streams, `storage/stream` for one in a storage."""
    sectors: list[int] = []  # of which each number is that of the next
    data = b""
    mini_sectors: list[int] = []
    mini_data = b""
    directory: list[tuple[str, int, int, int, int, int]] = []

    def append(content: bytes) -> int:
        nonlocal data
        data += content.ljust(-(-len(content) // _SECTOR) * _SECTOR, b"\0")
        return _append(sectors, -(-len(content) // _SECTOR))

    def append_short(content: bytes) -> int:
        nonlocal mini_data
        mini_data += content.ljust(-(-len(content) // _MINI_SECTOR) * _MINI_SECTOR, b"\0")
        return _append(mini_sectors, -(-len(content) // _MINI_SECTOR))

    number = count(1)

    def append_entries(streams: Mapping[str, bytes]) -> int:
        """The number of the first of the entries of one storage."""
        names = list(dict.fromkeys(name.partition("/")[0] for name in streams))
        numbers = [next(number) for _ in names]
        for index, name in enumerate(names):
            following = numbers[index + 1] if index + 1 < len(names) else _NO_SECTOR
            if name in streams:
                content = streams[name]
                start = (append_short if len(content) < _CUTOFF else append)(content)
                entry = (name, 2, _NO_SECTOR, following, start, len(content))
            else:
                inner = {
                    path.partition("/")[2]: content
                    for path, content in streams.items()
                    if path.partition("/")[0] == name
                }
                entry = (name, 1, append_entries(inner), following, 0, 0)
            entries[numbers[index]] = entry
        return numbers[0] if numbers else _NO_SECTOR

    entries: dict[int, tuple[str, int, int, int, int, int]] = {}
    first = append_entries(streams)
    root = ("Root Entry", 5, first, _NO_SECTOR, append(mini_data), len(mini_data))
    directory = [root, *(entries[number] for number in sorted(entries))]
    mini_fat = append(_packed(mini_sectors))
    directory_start = append(b"".join(_entry(*entry) for entry in directory))
    fat_start = len(sectors)
    fat_sectors = next(n for n in count(1) if n * _SECTOR // 4 >= fat_start + n)
    fat = _packed([*sectors, *[_FAT_SECTOR] * fat_sectors])
    header = struct.pack(
        "<8s16xHHHHH6xLLLLLLLLL",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6),
        *(0, fat_sectors, directory_start, 0, _CUTOFF),
        *(mini_fat, -(-len(mini_sectors) // 128), _END_OF_CHAIN, 0),
    )
    header += _packed([fat_start + number for number in range(fat_sectors)]).ljust(436, b"\xff")
    return header + data + fat.ljust(fat_sectors * _SECTOR, b"\xff")


def _append(chain: list[int], length: int) -> int:
    """Append a chain of this length; its first sector."""
    if not length:
        return _END_OF_CHAIN
    start = len(chain)
    chain += [*range(start + 1, start + length), _END_OF_CHAIN]
    return start


def _packed(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}L", *numbers)


def _entry(name: str, kind: int, child: int, right: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    numbers = (len(encoded) + 2, kind, 1, _NO_SECTOR, right, child, start, size)
    return struct.pack("<64sHBBLLL36xLQ", encoded, *numbers)


def summary(title: bytes = b"A title\0", pages: int = 5, code_page: int | None = 1_251) -> bytes:
    """A property set with these: [MS-OLEPS] 2.21."""
    properties = [
        (2, struct.pack("<LL", 30, len(title)) + title.ljust((len(title) + 3) // 4 * 4, b"\0")),
        (14, struct.pack("<LL", 3, pages)),
    ]
    if code_page is not None:
        properties.insert(0, (1, struct.pack("<LHxx", 2, code_page)))
    return property_set(properties)


def property_set(properties: Sequence[tuple[int, bytes]]) -> bytes:
    """A property set of these identifiers and typed values."""
    offset = 8 + 8 * len(properties)
    index = values = b""
    for number, value in properties:
        index += struct.pack("<LL", number, offset + len(values))
        values += value
    section = struct.pack("<LL", offset + len(values), len(properties)) + index + values
    format_id = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")
    return struct.pack("<HHL16xL", 0xFFFE, 0, 0, 1) + format_id + struct.pack("<L", 48) + section


def record(kind: int, data: bytes = b"") -> bytes:
    """A record of Excel."""
    return struct.pack("<HH", kind, len(data)) + data


def workbook(*kinds: int, substream: int = 5, ends: bool = True) -> bytes:
    """The globals of a workbook with sheets of these types: [MS-XLS] 2.4.28, dt."""
    sheets = b"".join(
        record(0x85, struct.pack("<LBBBB1s", 0, 0, kind, 1, 0, b"a")) for kind in kinds
    )
    begin = record(0x0809, struct.pack("<HH12x", 0x0600, substream))
    # What follows are the sheets themselves.
    return begin + sheets + (record(0x0A) + record(0x85, bytes(8)) if ends else b"")


def atom(kind: int, data: bytes = b"", instance: int = 0) -> bytes:
    """A record of PowerPoint."""
    return struct.pack("<HHL", instance << 4, kind, len(data)) + data


def presentation(
    slides: int = 2, *, macros: bool = False, token: int = 0xE391C05F
) -> dict[str, bytes]:
    """The streams of a presentation that was saved twice; it had one slide more at first."""
    versions = [_document(slides + 1, macros=False), _document(slides, macros=macros)]
    stream = b""
    edit = 0
    for document in versions:
        position = len(stream)
        stream += document
        directory = len(stream)
        stream += atom(0x1772, struct.pack("<LL", 1 << 20 | 1, position))
        before, edit = edit, len(stream)
        stream += atom(0x0FF5, struct.pack("<8xLLL8x", before, directory, 1))
    user = atom(0x0FF6, struct.pack("<LLL", 20, token, edit))
    return {"PowerPoint Document": stream, "Current User": user}


def _document(slides: int, *, macros: bool) -> bytes:
    slide = atom(0x03F3, bytes(20)) + atom(0x0FA0, b"text")
    masters = atom(0x0FF0, atom(0x03F3, bytes(20)), instance=1)
    information = atom(0x03FF, atom(0x0400, struct.pack("<LLL", 9, macros, 2)))
    show = atom(0x0FF0, slide * slides)
    return atom(0x03E8, masters + show + atom(0x07D0, information))
