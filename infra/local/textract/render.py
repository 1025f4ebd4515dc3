"""Pages of a PDF as grey images, in a process of its own, because PDFium is neither thread-safe nor
bounded: `python -m infra.local.textract.render FILE [PAGE IMAGE]`.

Without a page it prints the number of pages. With a page, counted from 0, it writes a PGM.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pypdfium2

from infra.local.textract.documents import DOTS_PER_INCH, MOST_PIXELS_A_SIDE

POINTS_PER_INCH = 72


def count_pages(path: Path) -> int:
    """The number of pages of a PDF.

    Raises:
        pypdfium2.PdfiumError: the file is damaged or needs a password.
    """
    with pypdfium2.PdfDocument(path) as document:
        return len(document)


def render(path: Path, page_index: int, image: Path) -> None:
    """Write a page of a PDF as a PGM.

    Raises:
        pypdfium2.PdfiumError: likewise.
    """
    with pypdfium2.PdfDocument(path) as document:
        page = document[page_index]
        longest = max(page.get_size())
        scale = min(DOTS_PER_INCH / POINTS_PER_INCH, MOST_PIXELS_A_SIDE / longest)
        bitmap = page.render(scale=scale, grayscale=True)
        pixels, width, stride = memoryview(bitmap.buffer), bitmap.width, bitmap.stride
        with image.open("wb") as file:
            file.write(b"P5 %d %d 255\n" % (width, bitmap.height))
            for row in range(bitmap.height):
                file.write(pixels[row * stride : row * stride + width])


def main(path: str, page: str | None = None, image: str | None = None) -> int:
    """The exit code: 0, or 1 if PDFium cannot read the file."""
    try:
        if page is None or image is None:
            sys.stdout.write(str(count_pages(Path(path))))
        else:
            render(Path(path), int(page), Path(image))
    except pypdfium2.PdfiumError as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
