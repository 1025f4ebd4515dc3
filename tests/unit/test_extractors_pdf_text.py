"""What PDFium counts in PDFs whose words are known, and the memory that it takes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks import pdfs
from chalicelib.files.extractors import pdf_text
from chalicelib.files.extractors.pdf_facts import Text
from chalicelib.files.extractors.pdfium import NotReadError
from chalicelib.files.mapped import MappedFile, memory_of
from infra.aws.stage import ROOT
from infra.local import samples
from tests.support import bombs, files


def text_of(content: bytes) -> Text:
    """The text of a file with this content."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        with MappedFile(os.dup(file.fileno())) as mapped:
            return pdf_text.read(memory_of(mapped))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            files.pdf(), Text(2, 18, is_encrypted=False, pages_without_text=0), id="two pages"
        ),
        pytest.param(
            files.pdf([" one  two ", "", "x"]),
            Text(3, 3, is_encrypted=False, pages_without_text=0),
            id="empty page",
        ),
        pytest.param(
            samples.pdf(3, 149),
            Text(3, 447, is_encrypted=False, pages_without_text=0),
            id="many lines",
        ),
        pytest.param(
            files.encrypted_pdf(""),
            Text(2, 18, is_encrypted=True, pages_without_text=0),
            id="encrypted",
        ),
        pytest.param(
            files.pdf_with_image(9),
            Text(1, 0, is_encrypted=False, pages_without_text=1),
            id="picture",
        ),
        pytest.param(
            bombs.page_with_form(b"BT /F1 1 Tf (a b) Tj ET"),
            Text(1, 2, is_encrypted=False, pages_without_text=0),
            id="form",
        ),
        pytest.param(
            bombs.nested_forms(2, 80),
            Text(1, 1, is_encrypted=False, pages_without_text=0),
            id="a word 6,400 times in one place",
        ),
    ],
)
def test_words(content: bytes, text: Text) -> None:
    """Pages and words of all pages are counted, in mapped files and in others."""
    assert text == text_of(content)
    assert text == pdf_text.read(memory_of(io.BytesIO(content)))


def test_a_word_parted_at_the_end_of_a_line() -> None:
    """A word that a hyphen parts is one word, as pdftotext has it."""
    lines = "intake counts docu-) Tj 0 -14 Td (ments"

    assert 3 == text_of(files.pdf([lines])).words


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param("0 9 Td", 2, id="on the page"),
        pytest.param("0 2000 Td", 0, id="above it"),
        pytest.param("-2000 0 Td", 0, id="left of it"),
    ],
)
def test_text_beside_the_page(place: str, words: int) -> None:
    """Text beside the page, which viewers do not show, is not counted."""
    content = files.pdf([f") Tj {place} (two words"])

    assert words == text_of(content).words


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(files.encrypted_pdf("secret"), id="password"),
        pytest.param(files.pdf_encrypted_for_a_certificate(), id="certificate"),
        pytest.param(files.pdf().replace(b"/Count 2", b"/Count 3"), id="a page that is not there"),
        pytest.param(files.pdf([]), id="no pages"),
        pytest.param(b"%PDF-1.7\n", id="header only"),
    ],
)
def test_not_read(content: bytes) -> None:
    """What PDFium cannot read to its last page is left to somebody else, not counted in part."""
    with pytest.raises(NotReadError):
        text_of(content)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system has no /proc")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A PDF of 40 MB is read whole in no more than 12 MB above the memory of one of 1 MB."""
    (small_words, small_bytes), (large_words, large_bytes) = (
        words_and_memory(tmp_path, megabytes) for megabytes in (1, 40)
    )

    assert (1_800, 72_000) == (small_words, large_words)
    assert large_bytes < small_bytes + 12_000_000


def words_and_memory(folder: Path, megabytes: int) -> tuple[int, int]:
    """What a process of its own finds in a PDF of this size, and its most memory after a page.

    Pages of files, such as the PDF's own, do not count: the system can drop them.
    """
    path = folder / f"{megabytes}.pdf"
    path.write_bytes(pdfs.large(megabytes))
    script = (
        "import os, resource, sys; from pathlib import Path\n"
        "from chalicelib.files.extractors import pdf_text\n"
        "from chalicelib.files.mapped import MappedFile\n"
        "peak, shown = 0, pdf_text._shown\n"
        "def watched(*page):\n"
        "    global peak\n"
        "    resident, shared = Path('/proc/self/statm').read_text().split()[1:3]\n"
        "    peak = max(peak, int(resident) - int(shared))\n"
        "    return shown(*page)\n"
        "pdf_text._shown = watched\n"
        "file = MappedFile(os.open(sys.argv[1], os.O_RDONLY))\n"
        "print(pdf_text.read(file.mapping).words, peak * resource.getpagesize())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    words, peak_bytes = map(int, ran.stdout.split())
    return words, peak_bytes
