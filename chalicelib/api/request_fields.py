"""The fields of request bodies, and the query parameters."""

from __future__ import annotations

from chalicelib import tags
from chalicelib.api.downloads import ATTACHMENT, INLINE
from chalicelib.api.fields import Boolean, Field, Integer, ListOf, Text, TextMap
from chalicelib.api.parts import MAX_PARTS, MAX_PARTS_PER_REQUEST
from chalicelib.documents import Status

MAX_FILE_NAME_CHARACTERS = 255
"""Of a file name."""
MAX_PAGE_SIZE = 100
"""Documents per page of a list."""
DEFAULT_PAGE_SIZE = 20
LISTED_STATUSES = (Status.PROCESSED, Status.FAILED, Status.SCANNING)
"""PENDING documents have no uploadedAt, which the indexes require."""

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"  # noqa: S105 - an HTTP token (RFC 9110, 5.6.2) without characters that no media type uses
_PARAMETER = rf' ?; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9!#$&^_.+ -]*")'

FILE_NAME = Field(
    name="fileName",
    kind=Text(
        least=1,
        most=MAX_FILE_NAME_CHARACTERS,
        pattern=r"^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f/\\]+$",
        rule="must not contain control characters or path separators, nor be . or ..",
        format="file-name",
    ),
    description=(
        "The original file name, stored unchanged. Unicode form NFC, without control characters "
        "and path separators; not `.` or `..`."
    ),
    is_required=True,
    example="Résumé 2026.pdf",
)
FILE_TYPE = Field(
    name="fileType",
    kind=Text(
        least=3,
        most=255,
        pattern=rf"^{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*$",
        rule="must be a MIME type such as application/pdf",
    ),
    description="The file's MIME type. The upload must send it unchanged as Content-Type.",
    is_required=True,
    example="application/pdf",
)
FILE_SIZE = Field(
    name="fileSize",
    kind=Integer(least=1),
    description="The file's size in bytes; the upload must have exactly this size.",
    is_required=True,
    example=12_345,
)
SHA256 = Field(
    name="sha256",
    kind=Text(pattern="^[0-9a-fA-F]{64}$", rule="must be 64 hexadecimal digits"),
    description="SHA-256 of the file in hex. With it, S3 rejects any other bytes.",
)
TAGS = Field(
    name="tags",
    kind=TextMap(
        names=Text(
            least=1,
            most=tags.MAX_KEY_CHARACTERS,
            pattern=tags.NO_CONTROL_CHARACTERS,
            rule="must not contain control characters",
        ),
        values=Text(
            most=tags.MAX_VALUE_CHARACTERS,
            pattern=tags.NO_CONTROL_CHARACTERS,
            rule="must not contain control characters",
        ),
        most=tags.MAX_TAGS,
    ),
    description=(
        "Keys and values to store with the document. S3 allows 2 KB for name, owner and tags "
        "together, in percent-encoded UTF-8."
    ),
    example={"project": "Apollo", "invoice": "2026-017"},
)
DOCUMENT_ID = Field(
    name="documentId",
    # Version 5 is for the ids of direct uploads, which must not be claimed in advance.
    kind=Text(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        rule="must be a lower-case UUID of version 4 or 7",
    ),
    description=(
        "An id that the client chooses, so that it can repeat the request: a lower-case UUID of "
        "version 4 or 7. By default the service chooses one."
    ),
    example="0198c5b5-3f6f-7c0a-9d4e-8a1d5a3b7c42",
)
STATUS = Field(
    name="status",
    kind=Text(choices=LISTED_STATUSES),
    description=(
        "Only documents with this status. Default: PROCESSED, FAILED and, where files are scanned "
        "for malware, SCANNING."
    ),
)
_TIME = Text(
    pattern=(
        r"^[1-8][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
        r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
    ),
    rule="must be a time with its UTC offset, such as 2026-11-25T12:00:00Z",
    format="date-time",
)
UPLOADED_AFTER = Field(
    name="uploadedAfter",
    kind=_TIME,
    description="Only documents with `uploadedAt` at this time or later.",
    example="2026-11-01T00:00:00Z",
)
UPLOADED_BEFORE = Field(
    name="uploadedBefore",
    kind=_TIME,
    description="Only documents with `uploadedAt` before this time.",
    example="2026-12-01T00:00:00Z",
)
OF_FILE_TYPE = Field(
    name="fileType",
    kind=FILE_TYPE.kind,
    description="Only documents of this MIME type, as detected from the content.",
    example="application/pdf",
)
NAME_CONTAINS = Field(
    name="nameContains",
    kind=Text(least=1, most=MAX_FILE_NAME_CHARACTERS),
    description="Only documents whose `fileName` contains this text, regardless of case.",
    example="invoice",
)
ORDER = Field(
    name="order",
    kind=Text(choices=("desc", "asc")),
    description="By `uploadedAt`: `desc` lists the newest document first, `asc` the oldest.",
    default="desc",
)
LIMIT = Field(
    name="limit",
    kind=Integer(least=1, most=MAX_PAGE_SIZE),
    description="Maximum number of documents. A page may have fewer, or none, while `cursor` "
    "shows that more follow.",
    default=DEFAULT_PAGE_SIZE,
)
CURSOR = Field(
    name="cursor",
    kind=Text(least=1, most=1_024),
    description="`cursor` of the previous page; all other parameters but `limit`, and the user, "
    "have to be the same.",
)

DISPOSITION = Field(
    name="disposition",
    kind=Text(choices=(ATTACHMENT, INLINE)),
    description="`inline` lets a browser display a PDF or a picture; files of all other types are "
    "attachments in any case.",
    default=ATTACHMENT,
)
MULTIPART = Field(
    name="multipart",
    kind=Boolean(),
    description=(
        "Whether to upload the file in parts, which can be resumed. Default: above 100 MiB, unless "
        "`sha256` is sent, which S3 checks for a single PUT only."
    ),
)
PART_NUMBERS = Field(
    name="partNumbers",
    kind=ListOf(items=Integer(least=1, most=MAX_PARTS), most=MAX_PARTS_PER_REQUEST),
    description="Numbers of parts, from 1 to `partCount`.",
    is_required=True,
    example=[1, 2, 3],
)
