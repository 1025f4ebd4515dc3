"""The text of presentations, drawings and spreadsheets in packages, whose words are not counted.

A part that is damaged or exceeds a limit ends the text: the file is not rejected for it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence

from chalicelib.files import zip_package
from chalicelib.files.extracted_text import PAGE, PARAGRAPH, TextCollector
from chalicelib.files.extraction import as_far_as_readable
from chalicelib.files.extractors import office_words
from chalicelib.files.extractors.packed_strings import PackedStrings
from chalicelib.files.extractors.spreadsheet_dates import is_date, shown
from chalicelib.files.xml_events import attributes_of, local_name, parse

_MAX_BYTES = 32 * 1_048_576
"""Of all slides or sheets, decompressed; enough for the longest text of numbers."""

_BOOLEANS = {"0": "FALSE", "1": "TRUE"}

_STRINGS, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
"""The usual names."""


def add_slides(archive: zipfile.ZipFile, presentation: str, text: TextCollector) -> None:
    """Add the text of the slides, without their notes: ECMA-376 part 1, 13.3.8."""
    with as_far_as_readable(text):
        slides = _listed(archive, presentation, "sldId")
        for chunks in _parts(archive, slides, text):
            office_words.word_count(chunks, office_words.SLIDE, text)


def add_body(archive: zipfile.ZipFile, kind: office_words.Format, text: TextCollector) -> None:
    """Add the text of an OpenDocument file of this kind."""
    with as_far_as_readable(text):
        office_words.word_count(zip_package.part(archive, "content.xml"), kind, text)


def add_sheets(archive: zipfile.ZipFile, workbook: str, text: TextCollector) -> None:
    """Add the values of the cells, dates and times in the form of ISO 8601."""
    with as_far_as_readable(text):
        strings = _SharedStrings()
        if _STRINGS in archive.NameToInfo:
            parse(zip_package.part(archive, _STRINGS), strings, only=_SharedStrings.ELEMENTS)
        styles = _Styles()
        if _STYLES in archive.NameToInfo:
            parse(zip_package.part(archive, _STYLES), styles, only=_Styles.ELEMENTS)
        properties = attributes_of(zip_package.part(archive, workbook), "workbookPr")
        is_since_1904 = any(each.get("date1904") in ("1", "true") for each in properties)
        for chunks in _parts(archive, _listed(archive, workbook, "sheet"), text):
            cells = _Cells(strings, styles.are_dates, text, is_since_1904=is_since_1904)
            parse(chunks, cells, only=_Cells.ELEMENTS)


def _listed(archive: zipfile.ZipFile, name: str, element: str) -> list[str]:
    """The parts that these elements of a part refer to."""
    related = zip_package.related(archive, name)
    ids = (
        value
        for attributes in attributes_of(zip_package.part(archive, name), element)
        for attribute, value in attributes.items()
        if attribute.endswith("/relationships id")
    )
    return [related[each] for each in ids if each in related]


def _parts(
    archive: zipfile.ZipFile, names: Sequence[str], text: TextCollector
) -> Iterator[Iterator[bytes]]:
    """The content of each part, between which the text has form feeds."""
    remaining_bytes = _MAX_BYTES
    for number, name in enumerate(names):
        if number:
            text.add(PAGE)
        if text.is_full:
            return
        if name in archive.NameToInfo:
            yield zip_package.part(archive, name, remaining_bytes)
            remaining_bytes -= archive.getinfo(name).file_size


class _SharedStrings(PackedStrings):
    """The strings that cells refer to; a handler for `parse`."""

    ELEMENTS = frozenset({"si", "t", "rPh"})
    """ECMA-376 part 1, 18.4: rPh is the pronunciation."""

    def __init__(self) -> None:
        super().__init__()
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        self._path.append(local_name(name))

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        self._path.pop()
        if not self._path:
            self.end_string()

    def text(self, text: str) -> None:
        if self._path == ["si", "t"]:
            self.extend_last(text)

    def end_chunk(self) -> None:
        """Nothing is collected by chunk."""


class _Styles:
    """Which styles of cells show dates; a handler for `parse`."""

    ELEMENTS = frozenset({"numFmt", "cellXfs", "xf"})
    """ECMA-376 part 1, 18.8."""

    def __init__(self) -> None:
        self.are_dates = bytearray()
        """By the number of the style."""
        self._codes: dict[str, str] = {}
        self._is_cell = False

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        element = local_name(name)
        if element == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif element == "cellXfs":
            self._is_cell = True
        elif self._is_cell:
            number = attributes.get("numFmtId", "0")
            self.are_dates.append(is_date(int(number), self._codes.get(number)))

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        self._is_cell = self._is_cell and local_name(name) != "cellXfs"

    def text(self, text: str) -> None:
        """Ignore it."""

    def end_chunk(self) -> None:
        """Nothing is collected by chunk."""


class _Cells:
    """Adds the values of the cells of a sheet; a handler for `parse`."""

    ELEMENTS = frozenset({"row", "c", "v", "is", "t", "rPh"})
    """ECMA-376 part 1, 18.3.1."""

    def __init__(
        self,
        strings: _SharedStrings,
        are_dates: bytearray,
        text: TextCollector,
        *,
        is_since_1904: bool,
    ) -> None:
        self._strings = strings
        self._are_dates = are_dates
        self._is_since_1904 = is_since_1904
        self._text = text
        self._style = 0
        self._path: list[str] = []
        self._type = ""
        self._value: list[str] = []
        self._separator = ""

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:  # noqa: ARG002 - a handler
        self._path.append(local_name(name))
        if self._path[-1] == "c":
            self._type = attributes.get("t", "n")
            self._style = int(attributes.get("s", "0"))
            self._value.clear()

    def end(self, name: str, depth: int) -> None:  # noqa: ARG002 - a handler
        ended = self._path.pop()
        if ended == "row":
            self._separator = PARAGRAPH
        elif ended == "c" and self._value:
            if self._text.is_full:
                raise ValueError("the rest of the text is not wanted")
            self._text.add(self._separator + self._shown())
            self._separator = "\t"

    def _shown(self) -> str:
        value = "".join(self._value)
        if self._type == "s":
            value = self._strings[int(value)]
        elif self._type == "b":
            value = _BOOLEANS.get(value, value)
        elif self._type == "n":
            value = self._number(value)
        return value.replace("\n", " ")

    def _number(self, value: str) -> str:
        """The date; else the number in the 15 digits that Excel keeps."""
        try:
            number = float(value)
        except ValueError:
            return value
        is_date = any(self._are_dates[self._style : self._style + 1])
        date = shown(number, is_since_1904=self._is_since_1904) if is_date else None
        return date or (value if value.isdecimal() else f"{number:.15g}")

    def text(self, text: str) -> None:
        if self._path[-1:] == ["v"] or self._path[-2:] == ["is", "t"]:
            self._value.append(text)

    def end_chunk(self) -> None:
        """Nothing is collected by chunk."""
