"""The text of Word 6 to 2003, text boxes last: [MS-DOC] 2.4.1, retrieving text.

Without headers, footers, notes, comments and the codes of fields. What was deleted or hidden while
changes were tracked is part of it.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator, Sequence

from chalicelib.files import code_pages
from chalicelib.files.compound import CompoundFile, Stream
from chalicelib.files.extracted_text import PARAGRAPH, TextCollector
from chalicelib.files.extraction import as_far_as_readable

_HEADER_BYTES = 0x1AA
_WORD_97 = 0x00C1
_IS_COMPLEX, _IS_IN_TABLE_1, _IS_WIDE = 0x0004, 0x0200, 0x1000
"""Flags of the header: [MS-DOC] 2.5.2, FibBase: fComplex, fWhichTblStm, fExtChar."""

_PIECES_97, _LENGTHS_97 = 0x01A2, 0x004C
"""Offsets of fcClx, [MS-DOC] 2.5.6, and of ccpText, 2.5.4. The lengths of footnotes, headers, an
unused part, comments, endnotes and text boxes follow."""
_PIECES_95, _LENGTH_95, _BEGIN_95 = 0x0160, 0x0034, 0x0018
"""The same of Word 6 and 95, and of fcMin, where the text of a file without pieces begins."""

_ENVIRONMENT, _MACINTOSH = 0x12, 1
"""Offset of envr in Word 6 and 95; later versions always use Windows-1252 or Unicode."""

_PROPERTIES, _PIECE_TABLE = 1, 2
"""First bytes of the parts of a Clx: [MS-DOC] 2.9.38."""
_IS_COMPRESSED = 0x40000000
"""[MS-DOC] 2.9.73, FcCompressed."""

_MAX_TABLE_BYTES = 4 * 1_048_576
_CHUNK_CHARACTERS = 65_536

_FIELD = re.compile("([\x13\x14\x15])")
_BEGIN_FIELD, _SEPARATE_FIELD, _END_FIELD = "\x13", "\x14", "\x15"
"""[MS-DOC] 2.8.25. The code of a field is between them."""

_FIELD_MARKS = frozenset({_BEGIN_FIELD, _SEPARATE_FIELD, _END_FIELD})
_MAX_MARKS = 300_000
"""Of a document; reading them takes less than a second."""

_SHOWN = str.maketrans(
    {
        "\r": "\n",
        "\x07": "\t",
        "\x0b": "\n",
        "\x0e": "\n",
        "\x1e": "-",
        **dict.fromkeys("\x00\x01\x02\x03\x04\x05\x06\x08\x1f", ""),
    }
)
"""Characters with a meaning of their own: [MS-DOC] 2.4.1, sprmCFSpec and 2.8.8."""


def add(file: CompoundFile, text: TextCollector) -> None:
    """Add the text, as far as it can be read."""
    with as_far_as_readable(text):
        shown = _Shown(text)
        main = file.stream("WordDocument")
        if main is None:
            return
        for piece in _pieces(file, main):
            if text.is_full:
                return
            shown.add(piece)


class _Shown:
    """Adds the text without the codes of fields."""

    def __init__(self, text: TextCollector) -> None:
        self._text = text
        self._is_code: list[bool] = []  # of each open field
        self._codes = 0
        self._marks_left = _MAX_MARKS

    def add(self, piece: str) -> None:
        for part in _FIELD.split(piece):
            if part in _FIELD_MARKS:
                self._apply(part)
            elif not self._codes:
                self._text.add(part.replace("\x07\x07", "\n").translate(_SHOWN))

    def _apply(self, mark: str) -> None:
        self._marks_left -= 1
        if not self._marks_left:
            raise ValueError("the document has more fields than the limit")
        if mark == _BEGIN_FIELD:
            self._is_code.append(True)
            self._codes += 1
        elif self._is_code:
            self._codes -= self._is_code.pop()
            if mark == _SEPARATE_FIELD:
                self._is_code.append(False)


def _pieces(file: CompoundFile, main: Stream) -> Iterator[str]:
    header = main.read(0, _HEADER_BYTES).ljust(_HEADER_BYTES, b"\0")
    _, version, _, locale, _, flags = struct.unpack_from("<6H", header)
    if version >= _WORD_97:
        table = file.stream("1Table" if flags & _IS_IN_TABLE_1 else "0Table")
        if table is not None:
            pieces = _table(table, header, _PIECES_97)
            *before, boxes = struct.unpack_from("<7L", header, _LENGTHS_97)
            for begin, length in ((0, before[0]), (sum(before), boxes)):
                yield from _joined(main, _within(pieces, begin, length), None)
                yield PARAGRAPH
        return
    page = code_pages.of_locale(locale)
    codec = (code_pages.codec_of(page) if page else None) or "cp1252"
    if header[_ENVIRONMENT] == _MACINTOSH:
        codec = "mac_roman"
    if flags & _IS_WIDE:
        codec = "utf-16-le"
    (begin,), (length,) = (
        struct.unpack_from("<L", header, offset) for offset in (_BEGIN_95, _LENGTH_95)
    )
    if flags & _IS_COMPLEX:
        yield from _joined(main, _within(_table(main, header, _PIECES_95), 0, length), codec)
    else:
        yield from _decoded(main, begin, length, codec)


_Piece = tuple[int, int, int]
"""First character, the one after the last, and place of a piece."""


def _table(stream: Stream, header: bytes, clx_offset: int) -> Sequence[_Piece]:
    """The pieces of all text: [MS-DOC] 2.8.35."""
    offset, size = struct.unpack_from("<LL", header, clx_offset)
    clx = stream.read(offset, min(size, _MAX_TABLE_BYTES))
    position = 0
    while clx[position] == _PROPERTIES:
        position += 3 + int.from_bytes(clx[position + 1 : position + 3], "little")
    if clx[position] != _PIECE_TABLE:
        raise ValueError("there is no piece table")
    data = clx[position + 5 :][: int.from_bytes(clx[position + 1 : position + 5], "little")]
    count = (len(data) - 4) // 12
    ends = struct.unpack_from(f"<{count + 1}L", data)
    places = struct.iter_unpack("<2xL2x", data[4 * (count + 1) : 4 * (count + 1) + 8 * count])
    return [(ends[index], ends[index + 1], place) for index, (place,) in enumerate(places)]


def _within(pieces: Sequence[_Piece], begin: int, length: int) -> Iterator[tuple[int, int]]:
    """Length in characters and place of each piece of a part of the text."""
    for first, last, place in pieces:
        start, stop = max(first, begin), min(last, begin + length)
        if start < stop:  # a character takes two bytes, or one at half of the place
            yield stop - start, place + 2 * (start - first)


def _joined(main: Stream, table: Iterator[tuple[int, int]], codec: str | None) -> Iterator[str]:
    """The text of the pieces; raises ValueError if it has more characters than the file has bytes.

    Args:
        main: has the text.
        table: the pieces.
        codec: of Word 6 and 95; None for later versions, which state it for each piece.
    """
    remaining = main.size
    for characters, place in table:
        remaining -= characters
        if remaining < 0:
            raise ValueError("the text is longer than the file")
        if codec:
            yield from _decoded(main, place, characters, codec)
        elif place & _IS_COMPRESSED:
            yield from _decoded(main, (place & ~_IS_COMPRESSED) // 2, characters, "cp1252")
        else:
            yield from _decoded(main, place, characters, "utf-16-le")


def _decoded(main: Stream, position: int, characters: int, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)("replace")
    width = 2 if codec == "utf-16-le" else 1
    end = position + characters * width
    while position < end and (data := main.read(position, min(_CHUNK_CHARACTERS, end - position))):
        position += len(data)
        yield decoder.decode(data)
