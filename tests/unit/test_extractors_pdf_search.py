"""Scripts, embedded files and signatures in PDFs, and what is unknown."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping

import pytest

from chalicelib.files.extractors import pdf_search
from chalicelib.files.extractors.pdf_objects import Dictionary
from chalicelib.files.types import PDF
from tests.support import files
from tests.support.files_pdf import OBJECTS, by_pypdf, by_reader, reason_of, streamed, updated
from tests.support.metadata import extract

SCRIPT = b"<< /S /JavaScript /JS (x) >>"
EMBEDDED = b"<< /Type /Filespec /EF << /F 7 0 R >> >>"
SIGNATURE = b"<< /Type /Sig /Contents <00> /ByteRange [0 1 2 3] >>"
NONE = {"hasScripts": False, "hasAttachments": False, "hasSignatures": False}
UNKNOWN = dict.fromkeys(NONE)


def features_of(content: bytes) -> Mapping[str, object]:
    """What both readers find, which has to be the same."""
    by_both = [
        {name: found[name] for name in NONE} for found in (by_reader(content), by_pypdf(content))
    ]
    assert by_both[0] == by_both[1]
    return by_both[0]


def with_objects(*, catalog: bytes = b"", page: bytes = b"", sixth: bytes = b"null") -> bytes:
    """A file with these entries in its catalog and page; the seventh object is a stream."""
    return files.assembled_pdf(
        [
            OBJECTS[0].replace(b">>", catalog + b" >>"),
            OBJECTS[1],
            OBJECTS[2].replace(b">>", page + b" >>"),
            *OBJECTS[3:],
            sixth,
            files.stream(b"the file", b"/Type /EmbeddedFile"),
        ]
    )


@pytest.mark.parametrize(
    ("catalog", "page"),
    [
        pytest.param(b"/OpenAction " + SCRIPT, b"", id="on opening"),
        pytest.param(b"/Names << /JavaScript << /Names [(a) %b] >> >>" % SCRIPT, b"", id="name"),
        pytest.param(b"/AA << /WC %b >>" % SCRIPT, b"", id="document"),
        pytest.param(b"/AcroForm << /Fields [<< /AA << /K %b >> >>] >>" % SCRIPT, b"", id="field"),
        pytest.param(
            b"/AcroForm << /Fields [<< /Kids [<< /A %b >>] >>] >>" % SCRIPT, b"", id="field below"
        ),
        pytest.param(b"/Outlines << /First << /A %b >> >>" % SCRIPT, b"", id="bookmark"),
        pytest.param(b"", b"/AA << /O %b >>" % SCRIPT, id="page"),
        pytest.param(b"", b"/Annots [<< /A << /S /URI /Next %b >> >>]" % SCRIPT, id="annotation"),
        pytest.param(
            b"", b"/Annots [<< /AA << /E << /S /Rendition /JS 7 0 R >> >> >>]", id="rendition"
        ),
        pytest.param(b"", b"/Annots [<< /3DD << /OnInstantiate 7 0 R >> >>]", id="3D artwork"),
        pytest.param(b"/OpenAction << /S /JavaScript /J#53 (x) >>", b"", id="letter as code"),
        pytest.param(b"/OpenAction << /S /JavaScript /#4a#53 (x) >>", b"", id="letters as codes"),
        pytest.param(b"/OpenAction << /S /JavaScript /JS(x) >>", b"", id="no space"),
    ],
)
def test_scripts(catalog: bytes, page: bytes) -> None:
    """A script is found wherever an action may be."""
    assert {**NONE, "hasScripts": True} == features_of(with_objects(catalog=catalog, page=page))


@pytest.mark.parametrize(
    ("catalog", "page"),
    [
        pytest.param(
            b"/Names << /EmbeddedFiles << /Names [(a) %b] >> >>" % EMBEDDED, b"", id="name"
        ),
        pytest.param(b"/AF [%b]" % EMBEDDED, b"", id="associated"),
        pytest.param(b"", b"/AF [%b]" % EMBEDDED, id="of the page"),
        pytest.param(b"/StructTreeRoot << /K << /AF %b >> >>" % EMBEDDED, b"", id="structure"),
        pytest.param(
            b"", b"/Annots [<< /Subtype /FileAttachment /FS %b >>]" % EMBEDDED, id="annotation"
        ),
    ],
)
def test_embedded_files(catalog: bytes, page: bytes) -> None:
    """An embedded file is found wherever its specification may be."""
    assert {**NONE, "hasAttachments": True} == features_of(with_objects(catalog=catalog, page=page))


@pytest.mark.parametrize(
    "catalog",
    [
        pytest.param(b"/AcroForm << /Fields [<< /FT /Sig /V %b >>] >>" % SIGNATURE, id="field"),
        pytest.param(
            b"/AcroForm << /Fields [<< /FT /Sig /Kids [<< /V %b >>] >>] >>" % SIGNATURE,
            id="field below",
        ),
    ],
)
def test_signatures(catalog: bytes) -> None:
    """A field with a signature is found."""
    assert {**NONE, "hasSignatures": True} == features_of(with_objects(catalog=catalog))


@pytest.mark.parametrize(
    "catalog",
    [
        pytest.param(b"/Perms << /UR3 %b >>" % SIGNATURE, id="usage rights"),
        pytest.param(
            b"/Perms << /UR3 << /EF [/Create] /ByteRange [0 1] >> >>", id="rights for attachments"
        ),
        pytest.param(
            b"/AcroForm << /SigFlags 1 /Fields [<< /FT /Sig >>] >>", id="field without signature"
        ),
        pytest.param(b"/AF [<< /Type /Filespec /F (a file elsewhere) >>]", id="no embedded file"),
        pytest.param(b"/AF [<< /EF << /F null >> >>]", id="embedded file that is missing"),
        pytest.param(b"/OpenAction << /S /GoTo /JS (x) >>", id="other action"),
        pytest.param(b"/OpenAction << /S /Java#53cript /JSX (x) >>", id="other name"),
        pytest.param(b"/Names 1 0 R /AcroForm 1 0 R /JS 1 0 R", id="itself"),
    ],
)
def test_similar_objects(catalog: bytes) -> None:
    """What has the names but another meaning is not reported."""
    assert NONE == features_of(with_objects(catalog=catalog))


def test_script_in_an_object_stream() -> None:
    """Names in compressed objects are found."""
    catalog = OBJECTS[0].replace(b">>", b"/OpenAction %b >>" % SCRIPT)

    assert features_of(streamed(compressed=(catalog, *OBJECTS[1:4])))["hasScripts"] is True


def test_object_stream_that_nothing_refers_to() -> None:
    """An object stream that cannot be decoded does not matter if its objects are not in use."""
    content = updated(streamed(), dict(enumerate(OBJECTS[:4], start=1)))
    content = content.replace(b"/Type /ObjStm", b"/Type /ObjXxx")

    assert NONE == {name: by_reader(content)[name] for name in NONE}


def test_object_that_nothing_refers_to() -> None:
    """A script that was replaced, so that nothing refers to it, is not reported."""
    assert NONE == features_of(with_objects(sixth=SCRIPT))


@pytest.mark.parametrize(
    ("packet", "has_scripts"),
    [
        (b"<template><script contentType='application/x-javascript'>x</script></template>", True),
        (b"<x:template><x:script>x</x:script></x:template>", True),
        (b"<template><description>a script</description></template>", False),
    ],
)
def test_scripts_in_xfa(packet: bytes, has_scripts: bool) -> None:
    """Scripts of an XFA form are found in its packets."""
    content = files.assembled_pdf(
        [
            OBJECTS[0].replace(b">>", b"/AcroForm << /XFA [(template) 6 0 R] >> >>"),
            *OBJECTS[1:],
            files.stream(zlib.compress(packet), b"/Filter /FlateDecode"),
        ]
    )

    assert features_of(content)["hasScripts"] is has_scripts


def test_xfa_that_cannot_be_decoded() -> None:
    """Whether a form has scripts is unknown if it cannot be decoded."""
    content = files.assembled_pdf(
        [
            OBJECTS[0].replace(b">>", b"/AcroForm << /XFA 6 0 R >> >>"),
            *OBJECTS[1:],
            files.stream(b"no deflate", b"/Filter /NoFilter"),
        ]
    )
    found = extract(io.BytesIO(content), PDF)

    assert (False, "hasScripts" in found) == (found["hasAttachments"], False)


def test_limit() -> None:
    """What was not found within the limit is unknown; what was found before is known."""
    values = b"[" + b"[] " * pdf_search._MAX_VALUES + b"]"  # noqa: SLF001 - the limit itself
    content = with_objects(
        catalog=b"/OpenAction %b /Later << /Values %b /EF 1 >>" % (SCRIPT, values)
    )

    assert {**NONE, "hasScripts": True, "hasAttachments": None} == features_of(content)


def test_missing_object() -> None:
    """A name whose object may be among those missing is unknown, and other names are absent."""
    content = with_objects(catalog=b"/OpenAction 99 0 R", sixth=SCRIPT)
    found = by_pypdf(content)

    assert reason_of(content) == "missing object"
    assert {**NONE, "hasScripts": None} == {name: found[name] for name in NONE}


def test_object_at_another_place() -> None:
    """Pypdf does not search the whole file for each object that is not where it should be."""
    content = with_objects(catalog=b"/OpenAction 6 0 R", sixth=SCRIPT)
    content = content.replace(b"%010d" % content.index(b"6 0 obj"), b"0000000009")
    found = by_pypdf(content)

    assert {**NONE, "hasScripts": None} == {name: found[name] for name in NONE}


class _Damaged:
    """A document one of whose object streams cannot be decoded."""

    def __init__(self) -> None:
        self.catalog: Dictionary = {"/OpenAction": {"/S": "/JavaScript", "/JS": b"x"}}
        self.information: Dictionary | None = None
        self.is_encrypted = False
        self.has_gaps = True

    def resolve(self, value: object) -> object:
        return value

    def data_of(self, stream: Dictionary) -> None:
        """Nothing can be decoded."""

    def parts(self) -> Iterator[bytes | None]:
        yield from (b"", None)


def test_damaged_object_stream() -> None:
    """What is found elsewhere is known, all else is unknown."""
    assert {**UNKNOWN, "hasScripts": True} == pdf_search.search(_Damaged())
