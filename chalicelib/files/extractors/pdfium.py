"""PDFium, declared for ctypes: the library of the package pypdfium2.

It is called directly, since importing the package takes 45 ms and 9 MB, the table below 1 ms and
1 MB, and each fork copies a part of that.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import (
    POINTER,
    byref,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_size_t,
    c_uint,
    c_ulong,
    c_void_p,
)
from importlib.machinery import PathFinder
from mmap import mmap

_PACKAGE = "pypdfium2_raw"
_LIBRARY_NAME = "libpdfium.dylib" if sys.platform == "darwin" else "libpdfium.so"


class Box(ctypes.Structure):
    """FS_RECTF: a page's box in the page's own units."""

    _fields_ = (("left", c_float), ("top", c_float), ("right", c_float), ("bottom", c_float))


_Handle = c_void_p

_FUNCTIONS: dict[str, tuple[type | None, list[type]]] = {
    "FPDF_InitLibrary": (None, []),
    "FPDF_LoadMemDocument64": (_Handle, [c_void_p, c_size_t, c_void_p]),
    "FPDF_CloseDocument": (None, [_Handle]),
    "FPDF_GetPageCount": (c_int, [_Handle]),
    "FPDF_GetSecurityHandlerRevision": (c_int, [_Handle]),
    "FPDF_LoadPage": (_Handle, [_Handle, c_int]),
    "FPDF_ClosePage": (None, [_Handle]),
    "FPDF_GetPageBoundingBox": (c_int, [_Handle, POINTER(Box)]),
    "FPDFPage_GetAnnotCount": (c_int, [_Handle]),
    "FPDFPage_GetAnnot": (_Handle, [_Handle, c_int]),
    "FPDFPage_CloseAnnot": (None, [_Handle]),
    "FPDFAnnot_HasKey": (c_int, [_Handle, c_char_p]),
    "FPDFAnnot_GetSubtype": (c_int, [_Handle]),
    "FPDFAnnot_GetFlags": (c_int, [_Handle]),
    "FPDFAnnot_SetFlags": (c_int, [_Handle, c_int]),
    "FPDFAnnot_GetStringValue": (c_ulong, [_Handle, c_char_p, c_void_p, c_ulong]),
    "FPDFPage_Flatten": (c_int, [_Handle, c_int]),
    "FPDFPage_CountObjects": (c_int, [_Handle]),
    "FPDFPage_GetObject": (_Handle, [_Handle, c_int]),
    "FPDFPageObj_GetType": (c_int, [_Handle]),
    "FPDFPage_RemoveObject": (c_int, [_Handle, _Handle]),
    "FPDFPageObj_Destroy": (None, [_Handle]),
    "FPDFText_LoadPage": (_Handle, [_Handle]),
    "FPDFText_ClosePage": (None, [_Handle]),
    "FPDFText_CountChars": (c_int, [_Handle]),
    "FPDFText_GetUnicode": (c_uint, [_Handle, c_int]),
    "FPDFText_GetCharBox": (c_int, [_Handle, c_int, *[POINTER(c_double)] * 4]),
    "FPDFText_GetTextIndexFromCharIndex": (c_int, [_Handle, c_int]),
    "FPDFText_GetText": (c_int, [_Handle, c_int, c_int, c_void_p]),
    "FPDFText_GetBoundedText": (c_int, [_Handle, *[c_double] * 4, c_void_p, c_int]),
}
"""Results and parameters: https://pdfium.googlesource.com/pdfium/+/refs/heads/main/public/"""


def _loaded() -> ctypes.CDLL:
    """The library, initialized.

    Raises:
        ImportError: the package is not installed.
    """
    package = PathFinder.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ImportError(f"the package {_PACKAGE} is not installed", name=_PACKAGE)
    library = ctypes.CDLL(f"{package.submodule_search_locations[0]}/{_LIBRARY_NAME}")
    for name, (result, parameters) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters
    library.FPDF_InitLibrary()
    return library


PDFIUM = _loaded()
"""The library; its functions return None for a handle of nothing."""


class NotReadError(Exception):
    """PDFium cannot open the file without a password, or one of its pages."""


def valid(handle: int | None) -> int:
    """The handle.

    Raises:
        NotReadError: there is none.
    """
    if handle is None:
        raise NotReadError
    return handle


def check(succeeded: int) -> None:
    """Raise NotReadError unless a function succeeded."""
    if not succeeded:
        raise NotReadError


def address(memory: bytearray | mmap) -> object:
    """A pointer to the beginning, as an argument of a function."""
    return byref(c_char.from_buffer(memory))
