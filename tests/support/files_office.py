"""Tiny packages, built in code and named for what they are or what is wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

CORE = (
    f'<c:coreProperties xmlns:c="{_PACKAGE}/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:t="http://purl.org/dc/terms/">'
    "<dc:title>A title</dc:title><dc:creator>An author</dc:creator>"
    "<c:lastModifiedBy>Another</c:lastModifiedBy>"
    "<t:created>2024-05-01T10:00:00+02:00</t:created><t:modified>yesterday</t:modified>"
    "</c:coreProperties>"
)


def word_document(body: str, namespace: str = _MAIN) -> str:
    """The main part of a Word document with this body, whose elements have the prefix `w`."""
    compatibility = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    return (
        f'<w:document xmlns:w="{namespace}" xmlns:mc="{compatibility}"'
        ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
        ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f"<w:body>{body}</w:body></w:document>"
    )


WORDS = word_document(
    "<w:p><w:r><w:t>one</w:t></w:r><w:r><w:t>half</w:t></w:r></w:p>"
    "<w:p><w:r><w:t>two</w:t><w:tab/><w:t>three four</w:t></w:r></w:p>"
    "<w:p><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
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


def xlsx(
    sheets: str = "<sheet/>" * 3,
    namespace: str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
) -> bytes:
    """A workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    book = f'<workbook xmlns="{namespace}" xmlns:r="{relationships}"><sheets>{sheets}</sheets>'
    book += "<sheet/></workbook>"
    return open_xml(kind, "xl/workbook.xml", {"xl/workbook.xml": book})


def pptx(
    slides: int = 2, namespace: str = "http://schemas.openxmlformats.org/presentationml/2006/main"
) -> bytes:
    """A presentation with sections: [MS-PPTX] 2.2.7."""
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    sections = (
        '<extLst><ext><sectionLst xmlns="http://schemas.microsoft.com/office/powerpoint/2010/main">'
        f"<section><sldIdLst>{'<sldId/>' * slides}</sldIdLst></section></sectionLst></ext></extLst>"
    )
    show = f'<presentation xmlns="{namespace}"><sldIdLst>{"<sldId/>" * slides}</sldIdLst>'
    show += f"{sections}</presentation>"
    return open_xml(kind, "ppt/presentation.xml", {"ppt/presentation.xml": show})


def open_document(
    kind: str, body: str, extra: Mapping[str, str] | None = None, manifest: str = "<manifest/>"
) -> bytes:
    """An OpenDocument file of this kind (`text`, `spreadsheet`, `presentation`).

    In its body the prefixes `o`, `t`, `table`, `d` and `svg` stand for namespaces, `t` for text.
    """
    namespaces = " ".join(
        f'xmlns:{prefix}="{_OPEN_DOCUMENT}:{name}:1.0"'
        for prefix, name in {
            "o": "office",
            "t": "text",
            "table": "table",
            "d": "drawing",
            "svg": "svg-compatible",
        }.items()
    )
    meta = (
        "<meta><title>A title</title><keyword>one</keyword><keyword>two</keyword>"
        "<initial-creator>An author</initial-creator>"
        "<creator>Another</creator><creation-date>2024-05-01T10:00:00.123456789</creation-date>"
        '<document-statistic page-count="9" word-count="99"/></meta>'
    )
    return zip_of(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": manifest,
            "meta.xml": meta,
            "content.xml": f"<o:document-content {namespaces}><o:automatic-styles>"
            "<number-style><text>no word</text></number-style></o:automatic-styles>"
            f"<o:body>{body}</o:body></o:document-content>",
            **(extra or {}),
        }
    )


ODT = open_document(
    "text",
    "<o:text><t:tracked-changes><t:p>gone</t:p></t:tracked-changes>"
    "<t:h>one</t:h><t:p>two<t:s/>three<t:span>half</t:span></t:p></o:text>",
)
"""Three words, the last of them in two spans, and one that was deleted."""
