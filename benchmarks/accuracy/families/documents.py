"""Documents: PDF, Office, OpenDocument, RTF, ebooks."""

from __future__ import annotations

from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.rules import EXACT, FLAG, POINTS, TEXT, TIME, WORDS

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

_PROPERTIES = {
    **dict.fromkeys(("title", "subject", "author", "keywords", "lastModifiedBy"), TEXT),
    **dict.fromkeys(("createdAt", "modifiedAt"), TIME),
    "application": TEXT,
    "hasMacros": FLAG,
}

DOCUMENTS = (
    Family(
        name="pdf",
        types=("application/pdf",),
        extensions=("pdf",),
        module="pdf",
        readers=("pdfinfo", "pdftotext", "mutool", "pdfdetach", "pdfsig", "qpdf", "exiftool"),
        facts={
            **dict.fromkeys(("title", "author", "subject", "keywords"), TEXT),
            **dict.fromkeys(("creator", "producer", "pdfVersion", "pdfAClaim"), TEXT),
            **dict.fromkeys(("createdAt", "modifiedAt"), TIME),
            "pageCount": EXACT,
            "wordCount": WORDS,
            **dict.fromkeys(("pageWidth", "pageHeight"), POINTS),
            **dict.fromkeys(("encrypted", "hasTextLayer", "hasScripts", "hasForms"), FLAG),
            **dict.fromkeys(("hasAttachments", "hasSignatures"), FLAG),
        },
    ),
    Family(
        name="word",
        types=(
            f"{_OPEN_XML}wordprocessingml.",
            "application/vnd.ms-word.document.macroenabled.12",
            "application/vnd.ms-word.template.macroenabled.12",
        ),
        extensions=("docx", "docm", "dotx", "dotm"),
        module="office",
        readers=("python-docx", "exiftool", "olevba"),
        facts={**_PROPERTIES, "wordCount": EXACT, "statedPageCount": EXACT},
    ),
    Family(
        name="spreadsheet",
        types=(f"{_OPEN_XML}spreadsheetml.", "application/vnd.ms-excel."),
        extensions=("xlsx", "xlsm", "xltx", "xltm", "xlam", "xlsb"),
        module="office",
        readers=("openpyxl", "exiftool", "olevba"),
        facts={**_PROPERTIES, "sheetCount": EXACT},
    ),
    Family(
        name="presentation",
        types=(f"{_OPEN_XML}presentationml.", "application/vnd.ms-powerpoint."),
        extensions=("pptx", "pptm", "ppsx", "ppsm", "potx", "potm"),
        module="office",
        readers=("python-pptx", "exiftool", "olevba"),
        facts={**_PROPERTIES, "slideCount": EXACT},
    ),
    Family(
        name="opendocument",
        types=(_OPEN_DOCUMENT,),
        extensions=("odt", "ods", "odp", "odg", "ott", "ots", "otp", "otg"),
        module="office",
        readers=("lxml", "exiftool"),
        facts={
            **_PROPERTIES,
            **dict.fromkeys(("wordCount", "sheetCount", "slideCount", "pageCount"), EXACT),
        },
    ),
    Family(
        name="word-97",
        types=("application/msword",),
        extensions=("doc", "dot"),
        module="ole2",
        readers=("exiftool", "antiword", "catdoc", "olevba"),
        facts={
            **_PROPERTIES,
            **dict.fromkeys(("statedPageCount", "statedWordCount"), EXACT),
            "wordCount": WORDS,
        },
    ),
    Family(
        name="excel-97",
        types=("application/vnd.ms-excel",),
        extensions=("xls", "xlt"),
        module="ole2",
        readers=("exiftool", "xlrd", "olevba"),
        facts={**_PROPERTIES, "sheetCount": EXACT},
    ),
    Family(
        name="powerpoint-97",
        types=("application/vnd.ms-powerpoint",),
        extensions=("ppt", "pps", "pot"),
        module="ole2",
        readers=("exiftool", "catppt", "atoms", "olevba"),
        facts={**_PROPERTIES, "slideCount": EXACT, "wordCount": WORDS},
    ),
    Family(
        name="rtf",
        types=("application/rtf",),
        extensions=("rtf",),
        module="text",
        readers=("exiftool", "striprtf"),
        facts={"title": TEXT, "author": TEXT, "wordCount": WORDS},
    ),
    Family(
        name="ebook",
        types=("application/epub+zip", "application/x-ibooks+zip"),
        extensions=("epub", "ibooks"),
        module="archive",
        readers=("lxml",),
        facts={**dict.fromkeys(("title", "author", "language"), TEXT), "wordCount": WORDS},
    ),
)
