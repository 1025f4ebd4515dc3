"""Small files that cost their readers without end, named for what they are full of."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence

from tests.support.files import assembled_pdf, jpeg_segment, stream

MEBIBYTE = 1_048_576


def flate(length_bytes: int, *, times: int = 1) -> bytes:
    """A PDF of one page whose content is so many spaces, compressed so many times."""
    data = _compressed_spaces(length_bytes)
    for _ in range(times - 1):
        data = zlib.compress(data)
    filters = b"/Filter [%s]" % (b"/FlateDecode " * times)
    return _pdf([_page(b"4 0 R"), stream(data, filters)])


def shared_content(pages: int) -> bytes:
    """A PDF whose pages all have the same content of 0.9 MB."""
    content = stream(b"BT /F1 9 Tf (ab cd) Tj ET\n" * 35_000)
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + pages))
    return assembled_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
            content,
            b"<< >>",
            *[_page(b"3 0 R") for _ in range(pages)],
        ]
    )


def looping_page_tree() -> bytes:
    """A PDF whose page tree holds itself."""
    return assembled_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 9 /Kids [3 0 R 2 0 R] >>",
            b"<< /Type /Pages /Count 9 /Parent 2 0 R /Kids [2 0 R] >>",
        ]
    )


def nested_forms(levels: int, calls: int) -> bytes:
    """A PDF whose page shows a form, which shows another so many times, and so on."""
    call = b"/F Do\n"
    forms = [_form(call * calls, b"/XObject << /F %d 0 R >>" % (6 + n)) for n in range(levels)]
    last = _form(b"BT /F1 9 Tf (deep) Tj ET")
    return _pdf([_page(b"4 0 R", b"/XObject << /F 5 0 R >>"), stream(call), *forms, last])


def page_with_form(content: bytes, entries: bytes = b"") -> bytes:
    """A PDF whose page shows a form of this content, uncompressed."""
    form = stream(content, _form_entries() + entries)
    return _pdf([_page(b"4 0 R", b"/XObject << /F 5 0 R >>"), stream(b"/F Do"), form])


def form_shown_often(times: int) -> bytes:
    """A PDF whose page shows one form of 4,000 words so many times."""
    content = _flate_stream(b"/F Do\n" * times)
    words = _form(b"BT /F1 9 Tf " + b"(ab cd) Tj " * 2_000 + b"ET")
    return _pdf([_page(b"4 0 R", b"/XObject << /F 5 0 R >>"), content, words])


def long_string(length_bytes: int) -> bytes:
    """A PDF whose page writes one string of this length."""
    return _pdf([_page(b"4 0 R"), _flate_stream(b"BT (" + b"a" * length_bytes + b") Tj ET")])


def long_title(length_bytes: int) -> bytes:
    """A PDF with a title of this length."""
    information = b"<< /Title (" + b"t" * length_bytes + b") >>"
    return _pdf([_page(b"4 0 R"), stream(b"")], information)


def many_objects(count: int) -> bytes:
    """A PDF of so many objects and no cross-reference table."""
    body = b"".join(b"%d 0 obj 1 endobj\n" % number for number in range(9, count + 9))
    return flate(1).partition(b"xref\n")[0] + body + b"trailer\n<< /Root 1 0 R >>\n"


def deep_array(depth: int) -> bytes:
    """A PDF whose catalog holds arrays within arrays."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /X " + b"[" * depth + b"]" * depth + b" >>"
    return assembled_pdf([catalog, b"<< /Type /Pages /Count 0 /Kids [] >>"])


def jpeg_of_segments(length_bytes: int) -> bytes:
    """A JPEG of empty segments and no frame."""
    segment = jpeg_segment(0xE0, b"")
    return b"\xff\xd8" + segment * (length_bytes // len(segment))


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def zip_bomb(length_bytes: int) -> bytes:
    """A document of an office program whose text is so many spaces."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types><Override ContentType="{_DOCX}"/></Types>')
        with archive.open("word/document.xml", "w") as text:
            text.write(b"<document>")
            for _ in range(length_bytes // MEBIBYTE):
                text.write(b" " * MEBIBYTE)
    return content.getvalue()


def one_line(length_bytes: int) -> bytes:
    """A text of one line, on which expressions that match white space up to its end never end."""
    return b"a" + b" " * (length_bytes - 2) + b"b"


def _compressed_spaces(length_bytes: int) -> bytes:
    """So many spaces, at least 1 MB: one compressed megabyte, repeated."""
    whole, rest = divmod(length_bytes, MEBIBYTE)
    spaces = b" " * MEBIBYTE
    packer = zlib.compressobj(9)
    begin = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(b" " * rest) + packer.flush()
    checksum = zlib.adler32(b"")
    for _ in range(whole):
        checksum = zlib.adler32(spaces, checksum)
    checksum = zlib.adler32(b" " * rest, checksum)
    return begin + block * whole + end[:-4] + checksum.to_bytes(4)


def _pdf(objects: Sequence[bytes], information: bytes = b"") -> bytes:
    """A PDF of one page, whose object is the first of these and has number 3."""
    pages = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
    return assembled_pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", pages, *objects, information],
        information=3 + len(objects) if information else 0,
    )


def _page(contents: bytes, resources: bytes = b"") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents %s /Resources %s >>" % (
        contents,
        _resources(resources),
    )


def _form(content: bytes, resources: bytes = b"") -> bytes:
    return _flate_stream(content, _form_entries(resources))


def _form_entries(resources: bytes = b"") -> bytes:
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources %s "
    return entries % _resources(resources)


def _resources(entries: bytes) -> bytes:
    font = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    return b"<< %s %s >>" % (font, entries)


def _flate_stream(data: bytes, entries: bytes = b"") -> bytes:
    return stream(zlib.compress(data), b"/Filter /FlateDecode " + entries)


def many_entities(count: int) -> bytes:
    """XML of so many references to an entity that holds ten others, nine times over."""
    entities = b'<!ENTITY e0 "spam ">' + b"".join(
        b'<!ENTITY e%d "%s">' % (number, b"&e%d;" % (number - 1) * 10) for number in range(1, 10)
    )
    return b"<!DOCTYPE a [%s]><a>%s</a>" % (entities, b"&e9;" * count)


def long_array(size_bytes: int) -> bytes:
    """JSON of numbers of one digit."""
    return b"[" + b"1," * (size_bytes // 2 - 1) + b"1]"


def many_parts(count: int) -> bytes:
    """A mail of so many parts of nothing."""
    head = b"From: a@example.com\nTo: b@example.com\nSubject: x\n"
    return head + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * count
