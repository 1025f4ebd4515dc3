"""Tiny packages and compound files, built in code and named for what they are or what is wrong."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_OFFICE_1 = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

CORE = (
    f'<c:coreProperties xmlns:c="{_PACKAGE}/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="http://purl.org/dc/terms/">'
    "<dc:title>A title</dc:title><dc:creator>An author</dc:creator>"
    "<c:lastModifiedBy>Another</c:lastModifiedBy>"
    "<t:created>2024-05-01T10:00:00+02:00</t:created><t:modified>yesterday</t:modified>"
    "</c:coreProperties>"
)

WORDS = (
    f'<w:document xmlns:w="{_MAIN}"><w:body>'
    "<w:p><w:r><w:t>one</w:t></w:r><w:r><w:t>half</w:t></w:r></w:p>"
    "<w:p><w:r><w:t>two</w:t><w:tab/><w:t>three four</w:t></w:r></w:p>"
    "<w:p><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
    "</w:body></w:document>"
)
"""Four words, the first of them in two runs, and one that was deleted."""


def zip_of(entries: Mapping[str, str | bytes], *, compressed: bool = True) -> bytes:
    """A zip of these entries."""
    content = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return content.getvalue()


def open_xml(
    main_type: str, main_part: str, entries: Mapping[str, str | bytes], first: bytes = b""
) -> bytes:
    """An Open XML package about this part.

    Args:
        main_type: the main part's content type.
        main_part: its name.
        entries: it and the others.
        first: data of an entry before all others.
    """
    parts: dict[str, str | bytes] = {"docProps/thumbnail.jpeg": first} if first else {}
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main_part}" ContentType="{main_type}"/></Types>'
    )
    parts["_rels/.rels"] = (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
        f' Type="{_OFFICE}/relationships/officeDocument" Target="/{main_part}"/></Relationships>'
    )
    return zip_of({**parts, **entries}, compressed=False)


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_DOCM = "application/vnd.ms-word.document.macroEnabled.main+xml"
_APPLICATION = "<Properties><Application>A program</Application><Pages>7</Pages></Properties>"


def docx(
    text: str | bytes = WORDS, core: str = CORE, *, macros: bool = False, first: bytes = b""
) -> bytes:
    """A Word document, with macros a docm, whose main part is not where Word puts it."""
    entries: dict[str, str | bytes] = {
        "word/other.xml": text,
        "docProps/core.xml": core,
        "docProps/app.xml": _APPLICATION,
    }
    if macros:
        entries["word/vbaProject.bin"] = b"\xd0\xcf\x11\xe0"
    return open_xml(_DOCM if macros else _DOCX, "word/other.xml", entries, first)


def xlsx(sheets: int = 3) -> bytes:
    """A workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    book = "<workbook><sheets>" + "<sheet/>" * sheets + "</sheets><sheet/></workbook>"
    return open_xml(kind, "xl/workbook.xml", {"xl/workbook.xml": book})


def pptx(slides: int = 2) -> bytes:
    """A presentation."""
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    show = "<presentation><sldIdLst>" + "<sldId/>" * slides + "</sldIdLst></presentation>"
    return open_xml(kind, "ppt/presentation.xml", {"ppt/presentation.xml": show})


def open_document(
    kind: str, body: str, extra: Mapping[str, str] | None = None, manifest: str = "<manifest/>"
) -> bytes:
    """An OpenDocument file of this kind (`text`, `spreadsheet`, `presentation`).

    In its body the prefix `o` stands for the namespace of what is common to all kinds.
    """
    meta = (
        "<meta><title>A title</title><initial-creator>An author</initial-creator>"
        "<creator>Another</creator><creation-date>2024-05-01T10:00:00.123456789</creation-date>"
        '<document-statistic page-count="9" word-count="99"/></meta>'
    )
    return zip_of(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": manifest,
            "meta.xml": meta,
            "content.xml": f'<o:document-content xmlns:o="{_OFFICE_1}"><o:automatic-styles>'
            "<number-style><text>no word</text></number-style></o:automatic-styles>"
            f"<o:body>{body}</o:body></o:document-content>",
            **(extra or {}),
        }
    )


ODT = open_document(
    "text",
    "<o:text><tracked-changes><p>gone</p></tracked-changes>"
    "<h>one</h><p>two<s/>three<span>half</span></p></o:text>",
)
"""Three words, the last of them in two spans, and one that was deleted."""


_SECTOR = 512
_STREAM_BYTES = 4_096
"""Shorter streams lie in a stream of their own kind."""

_NO_SECTOR = 0xFFFFFFFF
_END_OF_CHAIN = 0xFFFFFFFE
_FAT_SECTOR = 0xFFFFFFFD


def compound(streams: Mapping[str, bytes]) -> bytes:
    """An OLE2 compound file of these streams ([MS-CFB], version 3), each padded to 4,096 bytes."""
    sectors = _STREAM_BYTES // _SECTOR
    directory_sectors = (len(streams) + 1 + 3) // 4
    first_stream = 1 + directory_sectors
    fat = [_FAT_SECTOR, *range(2, 1 + directory_sectors), _END_OF_CHAIN]
    entries = [_entry("Root Entry", 5, 1 if streams else _NO_SECTOR, _NO_SECTOR, _END_OF_CHAIN, 0)]
    for number, name in enumerate(streams):
        start = first_stream + number * sectors
        fat += [*range(start + 1, start + sectors), _END_OF_CHAIN]
        following = number + 2 if number + 1 < len(streams) else _NO_SECTOR
        entries.append(_entry(name, 2, _NO_SECTOR, following, start, _STREAM_BYTES))
    header = struct.pack(
        "<8s16xHHHHH6xLLLLLLLLL",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6),
        *(0, 1, 1, 0, _STREAM_BYTES, _END_OF_CHAIN, 0, _END_OF_CHAIN, 0),
    )
    header += struct.pack("<109L", 0, *[_NO_SECTOR] * 108)
    fat += [_NO_SECTOR] * (_SECTOR // 4 - len(fat))
    directory = b"".join(entries).ljust(directory_sectors * _SECTOR, b"\0")
    data = b"".join(stream.ljust(_STREAM_BYTES, b"\0") for stream in streams.values())
    return header + struct.pack(f"<{len(fat)}L", *fat) + directory + data


def _entry(name: str, kind: int, child: int, right: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le")
    return struct.pack(
        "<64sHBBLLL36xLQ",
        encoded,
        len(encoded) + 2,
        kind,
        1,
        _NO_SECTOR,
        right,
        child,
        start,
        size,
    )


def summary(title: bytes = b"A title\0", pages: int = 5) -> bytes:
    """A property set with these, in Windows-1251: [MS-OLEPS] 2.21."""
    properties = [
        (1, struct.pack("<LHxx", 2, 1251)),
        (2, struct.pack("<LL", 30, len(title)) + title.ljust((len(title) + 3) // 4 * 4, b"\0")),
        (14, struct.pack("<LL", 3, pages)),
    ]
    offset = 8 + 8 * len(properties)
    index = values = b""
    for number, value in properties:
        index += struct.pack("<LL", number, offset + len(values))
        values += value
    section = struct.pack("<LL", offset + len(values), len(properties)) + index + values
    format_id = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")
    return struct.pack("<HHL16xL", 0xFFFE, 0, 0, 1) + format_id + struct.pack("<L", 48) + section
