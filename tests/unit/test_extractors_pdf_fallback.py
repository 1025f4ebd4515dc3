"""What pdf.py leaves unfinished, and how the fallback finishes it."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from chalicelib.documents import FailureCode, Metadata
from chalicelib.files import analysis, extraction
from chalicelib.files.analysis import Analysis
from chalicelib.files.extraction import FileRejectedError, Unfinished
from chalicelib.files.extractors import pdf
from chalicelib.files.types import PDF, TEXT
from infra.aws.stage import ROOT
from tests.support import files
from tests.support.corpora import CORPORA, known_types

FOUND = {
    "pageCount": 2,
    "wordCount": 18,
    "hasTextLayer": True,
    "pagesWithoutText": 0,
    "encrypted": False,
}


def without_pages(content: bytes) -> bytes:
    """The content with a page too few, which PDFium does not read."""
    return content.replace(b"/Count 2", b"/Count 3")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(files.pdf() + b"more", FOUND, id="other structure"),
        pytest.param(files.encrypted_pdf(""), FOUND | {"encrypted": True}, id="encrypted"),
        pytest.param(without_pages(files.pdf()), {}, id="text not read"),
        pytest.param(b"%PDF-1.7\n", {}, id="header only"),
    ],
)
def test_unfinished(content: bytes, found: Metadata) -> None:
    """The extractor passes on what it found."""
    assert Unfinished(found) == extraction.extract(io.BytesIO(content), PDF)


def test_finished() -> None:
    """The extractor's sample is read without the fallback."""
    assert extraction.extract(io.BytesIO(pdf.SAMPLE), PDF) == {
        "pageCount": 1,
        "wordCount": 1,
        "hasTextLayer": True,
        "pagesWithoutText": 0,
        "title": "t",
        "createdAt": "2026-01-01T11:00:00Z",
        "pdfVersion": "1.4",
        "encrypted": False,
        "pageWidth": 99,
        "pageHeight": 99,
        "hasScripts": False,
        "hasForms": False,
        "hasAttachments": False,
        "hasSignatures": False,
    }


def test_text_is_not_read_again() -> None:
    """The fallback takes over the results for the text."""
    found = {"pageCount": 7, "wordCount": 0, "encrypted": False}
    metadata = extraction.finish(io.BytesIO(files.pdf()), PDF, found)

    assert (7, 0, False) == tuple(
        metadata[name] for name in ("pageCount", "wordCount", "hasTextLayer")
    )


@pytest.mark.parametrize(
    "found",
    [
        {"pageCount": 0, "wordCount": 0, "encrypted": False},
        {"pageCount": 1, "wordCount": -1, "encrypted": False},
        {"pageCount": 2**53, "wordCount": 1, "encrypted": False},
        {"pageCount": 1, "wordCount": 2**53, "encrypted": False},
        {"pageCount": 1, "wordCount": 1, "encrypted": 2},
        {"pageCount": 1, "wordCount": 1, "pagesWithoutText": 2, "encrypted": False},
        {"pageCount": 1, "wordCount": 1, "pagesWithoutText": -1, "encrypted": False},
        {"pageCount": 1, "wordCount": 1, "pagesWithoutText": "1", "encrypted": False},
        {"pageCount": 1, "wordCount": 1},
        {"pageCount": "1", "wordCount": 1, "encrypted": False},
        {"pageCount": 1.5, "wordCount": 1, "encrypted": False},
    ],
)
def test_malformed_results(found: Metadata) -> None:
    """Results that PDFium cannot have had make the file unreadable."""
    with pytest.raises(FileRejectedError) as refusal:
        extraction.finish(io.BytesIO(files.pdf()), PDF, found)

    assert refusal.value.code == FailureCode.UNREADABLE


def test_analysis() -> None:
    """An analysis is unfinished, and finished with what was found."""
    content = io.BytesIO(files.pdf(information={"Title": b"(A title)"}) + b"more")
    unfinished = analysis.analyze(content, [PDF])
    finished = analysis.finish(content, unfinished)

    assert Analysis(PDF, unfinished=FOUND) == unfinished
    assert ("A title", None) == ((finished.metadata or {})["title"], finished.failure)


@pytest.mark.parametrize(
    ("candidate_types", "file_type"),
    [((), PDF), ((PDF,), PDF), ((PDF, TEXT), TEXT), ((TEXT, PDF), PDF)],
)
def test_other_types(candidate_types: tuple[str, ...], file_type: str) -> None:
    """A file that the fallback rejects is of one of the types that follow, if there are any."""
    content = io.BytesIO(b"the header %PDF- of a PDF")

    finished = analysis.finish(content, Analysis(PDF, unfinished={}), candidate_types)

    assert file_type == finished.file_type


def test_encrypted() -> None:
    """No other type is tried for an encrypted PDF, even if its bytes are text."""
    content = io.BytesIO(files.pdf_encrypted_for_a_certificate())
    finished = analysis.finish(content, Analysis(PDF, unfinished={}), [PDF, TEXT])

    assert finished.failure is not None
    assert (PDF, FailureCode.ENCRYPTED) == (finished.file_type, finished.failure.code)


def run(script: str, *arguments: str) -> str:
    """What a Python process of its own prints, which imports nothing by itself."""
    command = [sys.executable, "-S", "-c", script, *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout


def test_no_expensive_imports() -> None:
    """The extractor imports nothing that makes forks expensive."""
    script = (
        "import sys; sys.path[:] = sys.argv[1:]\n"
        "from chalicelib.files import extraction\n"
        "extraction.warm_up('application/pdf')\n"
        "print({'logging', 'threading', 'pypdf', 'pypdfium2', 'pypdfium2_raw'} & {*sys.modules})"
    )

    assert run(script, str(ROOT), *sys.path) == "set()\n"


WITHOUT_DESCRIPTORS = """
import json, os, resource, sys
sys.path[:] = json.loads(sys.argv[1])
from chalicelib.files import extraction
from chalicelib.files.extraction import FileRejectedError, Unfinished
from chalicelib.files.mapped import MappedFile

def answer(content):
    try:
        found = extraction.extract(content, "application/pdf")
        if isinstance(found, Unfinished):
            found = extraction.finish(content, "application/pdf", found.found)
        return json.dumps(found)
    except FileRejectedError as rejection:
        return rejection.message

def answer_of_child(path, limit):
    answers, answer_end = os.pipe()
    if os.fork() == 0:
        content = MappedFile(os.open(path, os.O_RDONLY))
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        os.write(answer_end, answer(content).encode())
        os._exit(0)
    os.close(answer_end)
    with os.fdopen(answers) as pipe:
        found = pipe.read()
    os.wait()
    return found

extraction.warm_up("application/pdf")
extraction.warm_up_fallback("application/pdf")
for path in sys.argv[2:]:
    if answer_of_child(path, 0) != answer_of_child(path, 64):
        print(path)
"""


def test_no_descriptors() -> None:
    """After the warm-up, a child that cannot open files finds the same in each real PDF."""
    paths = [str(path) for path in known_types() if path.suffix == ".pdf"]

    assert run(WITHOUT_DESCRIPTORS, json.dumps([str(ROOT), *sys.path]), *paths) == ""
    assert len(paths) > 100, f"real PDFs in {CORPORA}"
