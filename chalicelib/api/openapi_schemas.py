"""The schemas of responses in the OpenAPI description."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from chalicelib.api.fields import JsonSchema
from chalicelib.api.problems import Code
from chalicelib.documents import FailureCode, Status, TextFailureCode, TextStatus

_TIME: JsonSchema = {"type": "string", "format": "date-time"}
TEXT: JsonSchema = {"type": "string"}
UUID: JsonSchema = {"type": "string", "format": "uuid"}
_COUNT: JsonSchema = {"type": "integer", "minimum": 1}
_URL: JsonSchema = {"type": "string", "format": "uri"}


def object_schema(properties: JsonSchema, required: Sequence[str] | None = None) -> JsonSchema:
    """An object with these properties, all of them required by default."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
    }


def _open_enum(values: type[StrEnum]) -> JsonSchema:
    """A string with these values, to which others may be added.

    With `enum`, generated clients reject an unknown value.
    """
    names = [str(value) for value in values]
    return {
        "type": "string",
        "description": f"{', '.join(f'`{name}`' for name in names)}; others may be added",
        "examples": names[:1],
        "x-extensible-enum": names,
    }


def reference(name: str) -> JsonSchema:
    """One of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: dict[str, JsonSchema] = {
    "Document": object_schema(
        {
            "documentId": UUID,
            "fileName": TEXT,
            "fileType": TEXT
            | {
                "description": (
                    "MIME type detected from the bytes; the declared one before they are read, "
                    "while PENDING or SCANNING"
                )
            },
            "declaredType": TEXT
            | {"description": "The declared MIME type, where the detected one differs"},
            "fileSize": {"type": "integer", "minimum": 0, "description": "Bytes"},
            "status": _open_enum(Status),
            "uploadedAt": _TIME | {"description": "Absent while PENDING"},
            "processedAt": _TIME | {"description": "Absent while PENDING or SCANNING"},
            "scannedAt": _TIME
            | {
                "description": (
                    "When a malware scan of the file ended; absent where there was none"
                )
            },
            "removedAt": _TIME
            | {"description": "When the file was deleted outside the API; present only then"},
            "owner": TEXT | {"description": "Cognito `sub` of the uploader, if known"},
            "tags": {"type": "object", "additionalProperties": TEXT},
            "objectKey": TEXT,
            "eTag": TEXT,
            "sequencer": TEXT,
            "sha256": TEXT
            | {
                "description": (
                    "SHA-256 of the content in hex; the declared one while PENDING or SCANNING"
                )
            },
            "metadata": {
                "type": "object",
                "description": "Extracted metadata, such as wordCount or pageCount",
                "additionalProperties": {"type": ["string", "integer", "boolean"]},
            },
            "text": object_schema(
                {
                    "source": TEXT
                    | {"description": "`document`: the file's own text; `ocr`: recognized"},
                    "characterCount": {"type": "integer", "minimum": 0},
                    "truncated": {
                        "type": "boolean",
                        "description": "Whether it is the beginning of a longer text",
                    },
                    "status": _open_enum(TextStatus),
                    "startedAt": _TIME | {"description": "When the recognition started"},
                    "wordCount": {"type": "integer", "minimum": 0},
                    "meanConfidence": {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": 100,
                        "description": "Amazon Textract's confidence in a word, in percent",
                    },
                    "analyzed": {
                        "type": "boolean",
                        "description": "Whether there are forms and tables to download",
                    },
                    "pagesNotRead": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Pages that Amazon Textract could not read",
                    },
                    "failure": object_schema({"code": _open_enum(TextFailureCode), "message": TEXT})
                    | {"description": "Why the text was not recognized"},
                },
                required=("source",),
            )
            | {"description": "About the text of the file, where the service keeps texts"},
            "failure": object_schema(
                {
                    "code": _open_enum(FailureCode),
                    "message": TEXT,
                }
            )
            | {"description": "Why the document is FAILED"},
            "expiresAt": _TIME | {"description": "While PENDING: when the record expires"},
        },
        required=("documentId", "fileName", "fileSize", "status"),
    ),
    "CreatedUpload": object_schema(
        {
            "documentId": UUID,
            "status": _open_enum(Status),
            "upload": {
                "oneOf": [reference("PutUpload"), reference("MultipartUpload")],
            }
            | {"description": "Only while the document is PENDING"},
        },
        required=("documentId", "status"),
    ),
    "PutUpload": object_schema(
        {
            "method": TEXT | {"description": "`PUT`"},
            "url": _URL,
            "headers": {"type": "object", "additionalProperties": TEXT},
            "expiresAt": _TIME,
        }
    ),
    "MultipartUpload": object_schema(
        {
            "method": TEXT | {"description": "`MULTIPART`"},
            "uploadId": TEXT,
            "partSizeBytes": _COUNT | {"description": "Of every part but the last"},
            "partCount": _COUNT,
            "expiresAt": _TIME | {"description": "All parts must be uploaded before"},
        }
    ),
    "PartUrls": object_schema(
        {
            "parts": {
                "type": "array",
                "items": object_schema({"partNumber": _COUNT, "url": _URL, "sizeBytes": _COUNT}),
            },
            "expiresAt": _TIME,
        }
    ),
    "UploadedParts": object_schema(
        {
            "parts": {
                "type": "array",
                "items": object_schema(
                    {
                        "partNumber": _COUNT,
                        "sizeBytes": _COUNT,
                        "eTag": TEXT | {"description": "Absent once the upload is completed"},
                    },
                    required=("partNumber", "sizeBytes"),
                ),
            },
            "partSizeBytes": _COUNT | {"description": "Of every part but the last"},
            "partCount": _COUNT,
        }
    ),
    "CompletedUpload": object_schema(
        {
            "documentId": UUID,
            "status": _open_enum(Status),
        }
    ),
    "Page": object_schema(
        {
            "documents": {"type": "array", "items": reference("Document")},
            "cursor": TEXT | {"description": "For the next page; absent on the last page"},
        },
        required=("documents",),
    ),
    "Content": object_schema({"url": _URL, "expiresAt": _TIME}),
    "User": object_schema({"userId": UUID, "email": TEXT | {"format": "email"}}),
    "Problem": object_schema(
        {
            "type": TEXT | {"examples": ["about:blank"]},
            "title": TEXT | {"description": "The phrase of the status"},
            "status": {"type": "integer"},
            "detail": TEXT,
            "code": _open_enum(Code),
            "errors": {
                "type": "array",
                "description": "The wrong fields of the request",
                "items": object_schema({"field": TEXT, "message": TEXT}),
            },
        },
        required=("type", "title", "status", "detail", "code"),
    ),
    "OpenApi": {"type": "object"},
}
