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


_Folder = dict[str, "_Folder | bytes"]


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file of these streams, `storage/stream` for one in a storage."""
    root: _Folder = {}
    for path, content in streams.items():
        *folders, name = path.split("/")
        folder = root
        for each in folders:
            inner = folder.setdefault(each, {})
            assert isinstance(inner, dict)
            folder = inner
        folder[name] = content
    return _Writer().written(root)


class _Sectors:
    """Data in sectors, and the chains of their numbers."""

    def __init__(self, sector_bytes: int) -> None:
        self.data = bytearray()
        self.chains: list[int] = []
        self._sector_bytes = sector_bytes

    def append(self, content: bytes) -> int:
        """The number of the first sector of this content."""
        start = len(self.chains)
        length = -(-len(content) // self._sector_bytes)
        if not length:
            return _END_OF_CHAIN
        self.data += content.ljust(length * self._sector_bytes, b"\0")
        self.chains += [*range(start + 1, start + length), _END_OF_CHAIN]
        return start


class _Writer:
    """The parts of a compound file."""

    def __init__(self) -> None:
        self._sectors = _Sectors(_SECTOR)
        self._short = _Sectors(_MINI_SECTOR)
        self._directory = [b""]

    def written(self, root: _Folder) -> bytes:
        """The file of this root storage."""
        child = self._append_folder(root)
        mini_start = self._sectors.append(bytes(self._short.data))
        size = len(self._short.data)
        self._directory[0] = _entry("Root Entry", 5, child, _NO_SECTOR, mini_start, size)
        mini_fat = self._sectors.append(_packed(self._short.chains))
        directory = self._sectors.append(b"".join(self._directory))
        used = len(self._sectors.chains)
        fat_sectors = next(n for n in count(1) if n * _SECTOR // 4 >= used + n)
        fat = _packed([*self._sectors.chains, *[_FAT_SECTOR] * fat_sectors])
        header = struct.pack(
            "<8s16xHHHHH6xLLLLLLLLL",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            *(0x3E, 3, 0xFFFE, 9, 6),
            *(0, fat_sectors, directory, 0, _CUTOFF),
            *(mini_fat, -(-len(self._short.chains) // 128), _END_OF_CHAIN, 0),
        )
        header += _packed(range(used, used + fat_sectors)).ljust(436, b"\xff")
        return header + self._sectors.data + fat.ljust(fat_sectors * _SECTOR, b"\xff")

    def _append_folder(self, folder: _Folder) -> int:
        """The number of the first entry, of which each refers to the next."""
        first = len(self._directory)
        self._directory += [b""] * len(folder)
        for number, (name, content) in enumerate(folder.items(), first):
            following = number + 1 if number + 1 < first + len(folder) else _NO_SECTOR
            if isinstance(content, dict):
                entry = _entry(name, 1, self._append_folder(content), following, 0, 0)
            else:
                sectors = self._short if len(content) < _CUTOFF else self._sectors
                start = sectors.append(content)
                entry = _entry(name, 2, _NO_SECTOR, following, start, len(content))
            self._directory[number] = entry
        return first if folder else _NO_SECTOR


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
    return saved(versions, token)


def saved(versions: Sequence[bytes], token: int = 0xE391C05F) -> dict[str, bytes]:
    """The streams of a presentation saved with these document containers, the last one current."""
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


def message(
    texts: Mapping[int, str],
    numbers: Mapping[int, int] | None = None,
    inner: Mapping[str, tuple[Mapping[int, str], Mapping[int, int]]] | None = None,
    code_page: int | None = None,
) -> bytes:
    """An Outlook message with these properties, by identifier: [MS-OXMSG].

    Args:
        texts: in Unicode, or in the code page.
        numbers: integers; those above 2^32 are times.
        inner: texts and numbers of recipients and attachments, by the names of their storages.
        code_page: that of the message, which it names.
    """
    named = {} if code_page is None else {0x3FFD: code_page}
    streams = _properties(texts, {**named, **(numbers or {})}, 32, code_page)
    for name, (its_texts, its_numbers) in (inner or {}).items():
        for stream, data in _properties(its_texts, its_numbers, 8, code_page).items():
            streams[f"{name}/{stream}"] = data
    return compound(streams)


def _properties(
    texts: Mapping[int, str], numbers: Mapping[int, int], header_bytes: int, code_page: int | None
) -> dict[str, bytes]:
    fixed = b"".join(
        struct.pack("<HHLQ", 0x40 if value >> 32 else 3, number, 6, value)
        for number, value in numbers.items()
    )
    kind, codec = (0x1F, "utf-16-le") if code_page is None else (0x1E, f"cp{code_page}")
    streams = {
        f"__substg1.0_{number:04X}{kind:04X}": value.encode(codec, errors="replace")
        for number, value in texts.items()
    }
    return {"__properties_version1.0": bytes(header_bytes) + fixed, **streams}
