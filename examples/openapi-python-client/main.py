"""Upload a file, print its record, list and delete it: `python main.py FILE TYPE`."""

import json
import os
import sys
import time
import unicodedata
import uuid
from pathlib import Path
from typing import TypeVar

import httpx
from intake_client import AuthenticatedClient
from intake_client.api.documents import delete_document, get_document, list_documents
from intake_client.api.uploads import create_upload
from intake_client.models import CreatedUpload, CreateUploadBody, Document, Page, PutUpload

T = TypeVar("T")
RESULT_SECONDS = 300

client = AuthenticatedClient(
    base_url=os.environ["INTAKE_API_URL"].rstrip("/"),
    token=os.environ["INTAKE_TOKEN"],
    raise_on_unexpected_status=True,
)


def expect(kind: type[T], answer: object) -> T:
    """A successful response's body; a problem ends the program."""
    if not isinstance(answer, kind):
        sys.exit(str(answer))
    return answer


def upload(path: Path, file_type: str) -> uuid.UUID:
    """The id of a new document with this file."""
    body = CreateUploadBody(
        document_id=str(uuid.uuid4()),  # makes the request safe to repeat
        file_name=unicodedata.normalize("NFC", path.name),  # macOS has other forms
        file_type=file_type,
        file_size=path.stat().st_size,
    )
    asked = expect(CreatedUpload, create_upload.sync(client=client, body=body))
    if not isinstance(asked.upload, PutUpload):
        sys.exit("A file of this size is uploaded in parts")
    with path.open("rb") as file:  # has a length, which S3 requires; a generator has none
        headers = asked.upload.headers.to_dict()
        httpx.put(asked.upload.url, content=file, headers=headers).raise_for_status()
    return asked.document_id


def wait_for_result(document_id: uuid.UUID) -> Document:
    """The record, as soon as it is PROCESSED or FAILED."""
    deadline = time.monotonic() + RESULT_SECONDS
    while time.monotonic() < deadline:
        document = expect(Document, get_document.sync(document_id, client=client))
        if document.status in ("PROCESSED", "FAILED"):
            return document
        time.sleep(1)
    sys.exit(f"{document_id} has no result after {RESULT_SECONDS} s")


if __name__ == "__main__":
    document_id = upload(Path(sys.argv[1]), sys.argv[2])
    print(json.dumps(wait_for_result(document_id).to_dict()))
    page = expect(Page, list_documents.sync(client=client, limit=10))
    is_listed = document_id in {document.document_id for document in page.documents}
    print("listed" if is_listed else "not listed")
    print(delete_document.sync_detailed(document_id, client=client).status_code.value)
