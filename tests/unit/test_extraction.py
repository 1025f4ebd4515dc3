"""The contract of all extractors: what leaves them is clean and bounded, or a rejection."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys

import pytest

from chalicelib.documents import FailureCode, MetadataValue
from chalicelib.files import types
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.metadata import MAX_TEXT_CHARACTERS
from chalicelib.files.types import SUPPORTED_TYPES
from infra.aws.stage import ROOT
from tests.support import files
from tests.support.metadata import extract


def title_of(value: str) -> MetadataValue | None:
    """The title in the metadata of a PDF with this title, None where it has none."""
    title = b"<FEFF" + value.encode("utf-16-be", "surrogatepass").hex().encode() + b">"
    return extract(io.BytesIO(files.pdf(information={"Title": title})), "application/pdf").get(
        "title"
    )


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("  a\tb\r\nc  ", "a b  c", id="white space"),
        pytest.param("a\0b\x1bc\x7fd\x9be", "abcde", id="control characters"),
        pytest.param("a\u2028b", "a b", id="line separator"),
        pytest.param("e\u0301 \u212b", "e\u0301 \u212b", id="not normalized"),
        pytest.param(" \n\0", None, id="nothing left"),
        pytest.param("x" * MAX_TEXT_CHARACTERS, "x" * MAX_TEXT_CHARACTERS, id="longest"),
        pytest.param("x" * (MAX_TEXT_CHARACTERS + 1), "x" * MAX_TEXT_CHARACTERS, id="too long"),
    ],
)
def test_clean_text(found: str, kept: str | None) -> None:
    """Text of a file is stored without what could harm a log, a page or the table."""
    assert kept == title_of(found)


def test_truncated_names() -> None:
    """The names of all that was cut are in the metadata."""
    long = b"(" + b"x" * 2_000 + b")"
    content = files.pdf(information={"Title": long, "Author": b"(me)", "Subject": long})

    assert extract(io.BytesIO(content), "application/pdf")["truncated"] == "title,subject"


def test_metadata_is_json() -> None:
    """Metadata survives the way through JSON, which a child process would send it."""
    metadata = extract(io.BytesIO(files.pdf()), "application/pdf")

    assert metadata == json.loads(json.dumps(metadata))


def test_every_supported_type_has_an_extractor() -> None:
    """Every row of the table names a module with an `extract` function."""
    modules = [
        importlib.import_module(f"chalicelib.files.extractors.{file_type.extractor}")
        for file_type in types.FILE_TYPES.values()
    ]

    assert all(callable(module.extract) for module in modules)


def test_default_types() -> None:
    """A fresh deployment accepts all types but archives and documents with macros."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    archives = {types.ZIP, "application/gzip", "application/x-tar"}
    macros = {types.DOCM, types.XLSM, types.PPTM}
    macros |= {types.DOTM, types.XLTM, types.XLSB, types.POTM, types.PPSM}

    assert config["environment_variables"]["ALLOWED_TYPES"] == "default"
    assert SUPPORTED_TYPES - archives - macros == types.DEFAULT_TYPES


def test_every_supported_type_is_documented() -> None:
    """The reference names each type, the last part of it at least."""
    reference = (ROOT / "docs" / "metadata.md").read_text(encoding="utf-8")

    assert not [name for name in SUPPORTED_TYPES if name.rpartition(".")[2] not in reference]


def test_any_exception_of_a_parser_is_a_refusal() -> None:
    """An exception that no parser documents makes the file unreadable, and keeps its cause."""

    class Bomb(io.BytesIO):
        def read(self, amount: int | None = -1) -> bytes:
            raise RecursionError(amount)

    with pytest.raises(FileRejectedError) as refusal:
        extract(Bomb(), "text/plain")

    assert refusal.value.code == FailureCode.UNREADABLE
    assert refusal.value.message == "The file cannot be read as text/plain."
    assert isinstance(refusal.value.__cause__, RecursionError)


def test_parsers_are_imported_when_needed() -> None:
    """A cold start that inspects a text imports no parser of another family."""
    script = (
        "import io, sys; from chalicelib.files.validation import *;"
        "from chalicelib.files.analysis import analyze;"
        "validate(io.BytesIO(b'x'), 1, None, Limits(9, frozenset({'text/plain'})), analyze);"
        "print({'chardetng_py', 'ijson', 'pypdf', 'xml', 'zipfile'} & set(sys.modules))"
    )
    ran = subprocess.run(  # our own words
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "set()\n"
