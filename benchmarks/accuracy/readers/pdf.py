"""PDF: poppler's programs, qpdf and ExifTool."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy.readers import dates
from benchmarks.accuracy.readers.programs import ReadError, exiftool, number, run

_BOX = re.compile(r"CropBox:\s+([\d.-]+)\s+([\d.-]+)\s+([\d.-]+)\s+([\d.-]+)")
_REFERENCE = re.compile(r"\d+ \d+ R")
_WITH_WARNINGS = (0, 3)
"""qpdf's exit codes for a file that it reads."""


def pdfinfo(path: Path) -> dict[str, Any]:
    """Document information, counts and the CropBox of the first page."""
    printed = run("pdfinfo", "-enc", "UTF-8", "-rawdates", "-box", path)
    lines = dict(line.split(":", 1) for line in printed.splitlines() if ":" in line)
    values = {name.strip(): value.strip() for name, value in lines.items()}
    return {
        "pageCount": number(values.get("Pages")),
        "pdfVersion": values.get("PDF version"),
        "encrypted": values.get("Encrypted", "").startswith("yes"),
        "title": values.get("Title"),
        "author": values.get("Author"),
        "subject": values.get("Subject"),
        "keywords": values.get("Keywords"),
        "creator": values.get("Creator"),
        "producer": values.get("Producer"),
        "createdAt": dates.to_iso(values.get("CreationDate")),
        "modifiedAt": dates.to_iso(values.get("ModDate")),
        "hasScripts": values.get("JavaScript") == "yes",
        **_size(printed),
    }


def _size(printed: str) -> dict[str, int]:
    if not (found := _BOX.search(printed)):
        return {}
    left, bottom, right, top = map(float, found.groups())
    return {"pageWidth": round(abs(right - left)), "pageHeight": round(abs(top - bottom))}


def pdftotext(path: Path) -> dict[str, Any]:
    """The text of all pages."""
    return _text(run("pdftotext", "-q", path, "-"))


def mutool(path: Path) -> dict[str, Any]:
    """The text of all pages, as MuPDF draws them."""
    return _text(run("mutool", "draw", "-q", "-F", "txt", path))


def _text(text: str) -> dict[str, Any]:
    words = len(text.split())
    return {"wordCount": words, "hasTextLayer": words > 0, "text": text}


def pdfdetach(path: Path) -> dict[str, Any]:
    """Attachments of the document and its pages."""
    return {"hasAttachments": number(run("pdfdetach", "-list", path)) not in (None, 0)}


def pdfsig(path: Path) -> dict[str, Any]:
    """Signatures; unsigned fields do not count."""
    printed = run("pdfsig", "-nocert", path, accepted=(0, 1, 2))
    if "Signature" not in printed and "not contain any signatures" not in printed:
        raise ReadError("no answer")
    fields, unsigned = len(re.findall(r"^Signature #", printed, re.M)), printed.count("not signed")
    return {"hasSignatures": fields > unsigned}


def qpdf(path: Path) -> dict[str, Any]:
    """The objects that the trailer leads to, searched by brute force."""
    found = json.loads(run("qpdf", "--json=2", path, "-", accepted=_WITH_WARNINGS))
    objects: Mapping[str, Any] = found["qpdf"][1]
    reachable = list(_reachable(objects))
    root = _value(objects, _value(objects, objects["trailer"]).get("/Root"))
    form = _value(objects, root.get("/AcroForm")) if isinstance(root, dict) else {}
    return {
        "pageCount": len(found["pages"]),
        "encrypted": bool(found["encrypt"]["encrypted"]),
        "hasScripts": any(_is_script(each) for each in reachable),
        "hasAttachments": bool(found["attachments"]) or any(map(_is_attachment, reachable)),
        "hasForms": isinstance(form, dict)
        and bool(_value(objects, form.get("/Fields")) or form.get("/XFA")),
    }


def _is_script(dictionary: Mapping[str, Any]) -> bool:
    return "/JS" in dictionary or dictionary.get("/S") == "/JavaScript"


def _is_attachment(dictionary: Mapping[str, Any]) -> bool:
    """An annotation or an associated file; not the content of a film or a sound."""
    return dictionary.get("/Subtype") == "/FileAttachment" or "/AF" in dictionary


def _value(objects: Mapping[str, Any], value: Any) -> Any:
    """The object that a value refers to; a stream's dictionary."""
    if isinstance(value, str) and _REFERENCE.fullmatch(value):
        value = objects.get(f"obj:{value}", {})
    if isinstance(value, dict) and "stream" in value:
        return value["stream"]["dict"]
    return value["value"] if isinstance(value, dict) and "value" in value else value


def _reachable(objects: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every dictionary that the trailer leads to."""
    seen: set[str] = set()
    waiting: list[Any] = [objects["trailer"]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value in seen or not _REFERENCE.fullmatch(value):
                continue
            seen.add(value)
        value = _value(objects, value)
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def exif(path: Path) -> dict[str, Any]:
    """Document information, and the PDF/A claim of the XMP."""
    tags = exiftool(path)
    part = tags.get("XMP-pdfaid:Part")
    return {
        **{
            ours: tags.get(f"PDF:{theirs}")
            for ours, theirs in {
                "title": "Title",
                "author": "Author",
                "subject": "Subject",
                "keywords": "Keywords",
                "creator": "Creator",
                "producer": "Producer",
            }.items()
        },
        "pdfVersion": tags.get("PDF:PDFVersion"),
        "createdAt": dates.to_iso(tags.get("PDF:CreateDate")),
        "modifiedAt": dates.to_iso(tags.get("PDF:ModifyDate")),
        "pageCount": number(tags.get("PDF:PageCount")),
        "pdfAClaim": f"PDF/A-{part}{tags.get('XMP-pdfaid:Conformance', '').lower()}"
        if part
        else None,
    }


READERS = {
    "pdfinfo": pdfinfo,
    "pdftotext": pdftotext,
    "mutool": mutool,
    "pdfdetach": pdfdetach,
    "pdfsig": pdfsig,
    "qpdf": qpdf,
    "exiftool": exif,
}
