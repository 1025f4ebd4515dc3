"""Archives and EPUB: zipinfo, zipfile, tarfile, gzip, lxml."""

from __future__ import annotations

import gzip
import posixpath
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree, html

from benchmarks.accuracy.readers.programs import ReadError, exiftool, run

_DC = "{http://purl.org/dc/elements/1.1/}"


def zip_info(path: Path) -> dict[str, Any]:
    """Info-ZIP's list of entries."""
    lines = run("zipinfo", "-1", path).splitlines()
    return {"entryCount": len(lines)}


def python_zip(path: Path) -> dict[str, Any]:
    """The directory of a ZIP."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    return {
        "entryCount": len(entries),
        "claimedUnpackedSize": sum(entry.file_size for entry in entries),
        "encrypted": any(entry.flag_bits & 1 for entry in entries),
    }


def python_tar(path: Path) -> dict[str, Any]:
    """The members of an uncompressed tar."""
    with tarfile.open(path, "r:") as archive:
        members = archive.getmembers()
    return {
        "entryCount": len(members),
        "claimedUnpackedSize": sum(each.size for each in members if each.isreg()),
    }


def python_gzip(path: Path) -> dict[str, Any]:
    """The content, unpacked."""
    with gzip.open(path) as file:
        size = len(file.read(1))
        moment = file.mtime  # of the first member: later ones replace it
        while chunk := file.read(1_048_576):
            size += len(chunk)
    return {
        "claimedUnpackedSize": size % 2**32,
        "modifiedAt": datetime.fromtimestamp(moment, UTC).isoformat() if moment else None,
    }


def exif(path: Path) -> dict[str, Any]:
    """The header of a gzip file."""
    tags = exiftool(path)
    if not any(name.startswith("ZIP:") for name in tags):
        raise ReadError("no archive")
    return {"storedName": tags.get("ZIP:ArchivedFileName")}


def epub(path: Path) -> dict[str, Any]:
    """Package document and spine by lxml."""
    with zipfile.ZipFile(path) as archive:
        container = etree.fromstring(archive.read("META-INF/container.xml"))
        package_path = next(container.iter("{*}rootfile")).get("full-path")
        package = etree.fromstring(archive.read(package_path))
        hrefs = {each.get("id"): each.get("href") for each in package.iter("{*}item")}
        spine = dict.fromkeys(each.get("idref") for each in package.iter("{*}itemref"))
        folder = posixpath.dirname(package_path)
        texts = [
            _text(archive.read(posixpath.normpath(posixpath.join(folder, hrefs[each]))))
            for each in spine
        ]
    return {
        **{
            name: next((each.text for each in package.iter(f"{_DC}{element}")), None)
            for name, element in {
                "title": "title",
                "author": "creator",
                "language": "language",
            }.items()
        },
        "wordCount": sum(len(text.split()) for text in texts),
        "text": "\n".join(texts),
    }


def _text(content: bytes) -> str:
    parser = html.HTMLParser(encoding="utf-8")
    tree = html.document_fromstring(content, parser)
    texts = tree.xpath("//body//text()[not(ancestor::script or ancestor::style)]")
    return " ".join(texts)


READERS = {
    "zipinfo": zip_info,
    "zipfile": python_zip,
    "tarfile": python_tar,
    "gzip": python_gzip,
    "exiftool": exif,
    "lxml": epub,
}
