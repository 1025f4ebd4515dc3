"""Text and text formats: wc, csv and json of Python, striprtf."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from striprtf.striprtf import rtf_to_text

from benchmarks.accuracy.readers.programs import ReadError, exiftool, run

_MARK = b"\xef\xbb\xbf"
"""Of UTF-8."""


def wc(path: Path) -> dict[str, Any]:
    """Counts of a text in UTF-8; wc does not decode others."""
    content = path.read_bytes()
    if content.startswith(_MARK):
        raise ReadError("wc counts the mark as a word")
    content.decode("utf-8")
    if b"\0" in content:
        raise ReadError("binary")
    lines, words, characters = map(int, run("wc", "-l", "-w", "-m", path).split()[:3])
    has_rest = not content.endswith(b"\n")
    return {
        "wordCount": words,
        "characterCount": characters,
        "lineCount": lines + has_rest,
        "text": content.decode("utf-8"),
    }


def file(path: Path) -> dict[str, Any]:
    """The encoding that `file` guesses, for information; no encoding if it is not text to it."""
    kind, _, encoding = run("file", "--brief", "--mime", path).strip().partition("; charset=")
    if encoding == "binary":
        raise ReadError(kind)
    return {"encoding": encoding}


def python_csv(path: Path) -> dict[str, Any]:
    """A table, with the delimiter that Python's sniffer finds."""
    text = path.read_bytes().decode("utf-8-sig")
    dialect = csv.Sniffer().sniff(text[:20_000], ",;\t|")
    csv.field_size_limit(10_000_000)
    rows = [row for row in csv.reader(text.splitlines(keepends=True), dialect) if row]
    return {
        "delimiter": dialect.delimiter.replace("\t", "\\t"),
        "columnCount": max(map(len, rows)),
        "rowCount": len(rows),
    }


def python_json(path: Path) -> dict[str, Any]:
    """A JSON text, or one on each line."""
    content = path.read_bytes()
    try:
        value = json.loads(content)
    except ValueError:
        lines = [json.loads(line) for line in content.splitlines() if line.strip()]
        if not lines:
            raise
        return {"recordCount": len(lines)}
    kind = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return {
        "topLevel": kind.get(type(value), "number"),
        "recordCount": len(value) if isinstance(value, list) else None,
        "memberCount": len(value) if isinstance(value, dict) else None,
        "depth": _depth(value),
    }


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        deepest += 1
        level = [
            child for each in level for child in (each.values() if isinstance(each, dict) else each)
        ]
    return deepest


def striprtf(path: Path) -> dict[str, Any]:
    """The words of an RTF document."""
    text = rtf_to_text(path.read_bytes().decode("latin-1"), errors="replace")
    text = text.replace("|", " ")  # between cells
    return {"wordCount": len(text.split()), "text": text}


def exif_rtf(path: Path) -> dict[str, Any]:
    """Document information of RTF."""
    tags = exiftool(path)
    return {"title": tags.get("RTF:Title"), "author": tags.get("RTF:Author")}


READERS = {
    "wc": wc,
    "file": file,
    "csv": python_csv,
    "json": python_json,
    "striprtf": striprtf,
    "exiftool": exif_rtf,
}
