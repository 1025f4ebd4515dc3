"""application/pdf: pages and words by PDFium (pdf_text.py), all else by pdf_catalog.py.

A file that either cannot read is left to pypdf (pdf_fallback.py). It is not imported here: it and
the modules that it imports make each fork of the process more expensive.
"""

from __future__ import annotations

from typing import BinaryIO

from chalicelib.files.extracted_text import TextCollector
from chalicelib.files.extraction import Unfinished
from chalicelib.files.extractors import pdf_catalog, pdf_text
from chalicelib.files.extractors.pdf_syntax import HandOverError
from chalicelib.files.extractors.pdfium import NotReadError
from chalicelib.files.mapped import memory_of
from chalicelib.files.metadata import RawMetadata

SAMPLE = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R /Metadata 7 0 R >> endobj
2 0 obj << /Type /Pages /Count 1 /Kids [3 0 R] >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R
           /Resources << /Font << /F 5 0 R >> >> >> endobj
4 0 obj << /Length 24 >> stream
BT /F 9 Tf (word) Tj ET
endstream endobj
5 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj
6 0 obj << /Title <FEFF0074> /CreationDate (D:20260101120000+01'00') >> endobj
7 0 obj << /Type /Metadata /Subtype /XML /Length 5 >> stream
<x/>
endstream endobj
xref
0 8
0000000000 65535 f\r
0000000009 00000 n\r
0000000074 00000 n\r
0000000131 00000 n\r
0000000265 00000 n\r
0000000338 00000 n\r
0000000408 00000 n\r
0000000487 00000 n\r
trailer << /Size 8 /Root 1 0 R /Info 6 0 R >>
startxref
570
%%EOF
"""
"""Makes PDFium load the system's fonts, and everything else what it uses first."""


def extract(
    content: BinaryIO,
    file_type: str = "application/pdf",  # noqa: ARG001 - one type only
    text: TextCollector | None = None,
) -> RawMetadata | Unfinished:
    """Pages, words, document information, version and features; docs/metadata.md defines them.

    - wordCount: whitespace-separated tokens of all pages; hasTextLayer: whether there are any; a
      scan has none. pagesWithoutText: pages that show something, but no characters. All are missing
      if nothing was found on content that may be damaged.
    - pageWidth, pageHeight: of the first page in points (1/72 inch), rounded, before rotation.
    - pdfAClaim: declared conformance such as `PDF/A-2b`; not verified.
    - hasScripts, hasAttachments, hasSignatures: None if not all objects could be searched.
    """
    memory = memory_of(content)
    try:
        counted = pdf_text.read(memory, text)
    except NotReadError:
        if text:
            text.clear()
        return Unfinished({})
    try:
        return pdf_catalog.read(memory, counted)
    except HandOverError:
        counts = counted.counts(is_complete=not counted.is_blank)
        known = {name: value for name, value in counts.items() if value is not None}
        return Unfinished({**known, "encrypted": counted.is_encrypted})
