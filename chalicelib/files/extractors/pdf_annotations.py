"""What flattening leaves out of the text of a page's annotations, or should leave out.

Table numbers are those of ISO 32000-1.
"""

from __future__ import annotations

from codecs import utf_16_le_decode
from typing import NamedTuple

from chalicelib.files.extractors.pdfium import PDFIUM, address

_MAX_EXAMINED = 100
"""Annotations of a page; flattening skips each of them sooner than Python does."""

_MAX_TEXT_BYTES = 1_048_576
"""Of one annotation, in UTF-16."""

_APPEARANCE = b"AP"
"""Key of an annotation's appearance: table 164."""

_FREE_TEXT, _WIDGET = 3, 20
"""FPDF_ANNOT_FREETEXT and FPDF_ANNOT_WIDGET."""

_TEXT_FIELD = "Tx"

_HIDDEN, _NO_VIEW = 2, 32
"""Flags: table 165."""


class Annotations(NamedTuple):
    """Annotations of a page."""

    texts: list[str]
    """Of those that viewers make the appearance of, since the file has none."""
    have_appearances: bool
    """Whether flattening may find one."""


def examined(page: int) -> Annotations:
    """The annotations; those that no viewer shows on a screen become hidden."""
    count = PDFIUM.FPDFPage_GetAnnotCount(page)
    texts: list[str] = []
    have_appearances = count > _MAX_EXAMINED
    for index in range(min(count, _MAX_EXAMINED)):
        annotation = PDFIUM.FPDFPage_GetAnnot(page, index)
        if annotation is None:
            continue
        if PDFIUM.FPDFAnnot_HasKey(annotation, _APPEARANCE):
            have_appearances = True
            _hide_unless_viewed(annotation)
        elif text := _stated_text(annotation).strip():
            texts.append(text)
        PDFIUM.FPDFPage_CloseAnnot(annotation)
    return Annotations(texts, have_appearances)


def _hide_unless_viewed(annotation: int) -> None:
    """Flattening ignores the flag."""
    flags = PDFIUM.FPDFAnnot_GetFlags(annotation)
    if flags & _NO_VIEW:
        PDFIUM.FPDFAnnot_SetFlags(annotation, flags | _HIDDEN)


def _stated_text(annotation: int) -> str:
    """The text that a viewer writes on the page: tables 174 and 229."""
    if PDFIUM.FPDFAnnot_GetFlags(annotation) & (_HIDDEN | _NO_VIEW):
        return ""
    subtype = PDFIUM.FPDFAnnot_GetSubtype(annotation)
    if subtype == _FREE_TEXT:
        return _value(annotation, b"Contents")
    if subtype == _WIDGET and _value(annotation, b"FT") == _TEXT_FIELD:
        return _value(annotation, b"V")
    return ""


def _value(annotation: int, key: bytes) -> str:
    """The text string, or name; empty without one, or if it is too long."""
    length = PDFIUM.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    if not 0 < length <= _MAX_TEXT_BYTES:
        return ""
    buffer = bytearray(length)
    PDFIUM.FPDFAnnot_GetStringValue(annotation, key, address(buffer), length)
    return utf_16_le_decode(buffer, "ignore")[0].removesuffix("\0")
