"""Upload a file to Intake and print its record: `python upload.py FILE [DOCUMENT_ID]`.

Prints the document's id before it sends anything. After an interruption, pass that id: what is
stored already is not sent again. The environment needs the variables of `make env` and a user's
INTAKE_EMAIL and INTAKE_PASSWORD.
"""

import json
import mimetypes
import os
import sys
import time
import unicodedata
import uuid
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

API = os.environ["INTAKE_API_URL"]
RESUMABLE_BYTES = 16 * 1024 * 1024  # from here in parts: an interruption costs the current one
RESULT_SECONDS = 300
RETRIED = (429, 500, 502, 503, 504)


def new_session() -> requests.Session:
    """A session that repeats any request: the document's id makes all of them safe to repeat."""
    retry = Retry(total=8, backoff_factor=0.5, status_forcelist=RETRIED, allowed_methods=None)
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))  # `make local`
    return session


api, s3 = new_session(), new_session()  # S3 rejects the API's Authorization


def send(
    session: requests.Session, method: str, url: str, *accepted: int, **options: Any
) -> requests.Response:
    """A successful response, or one with an accepted status; any other ends the program."""
    response = session.request(method, url, timeout=60, **options)
    if not response.ok and response.status_code not in accepted:
        sys.exit(f"{method} {url.partition('?')[0]}: {response.status_code} {response.text}")
    return response


def sign_in(email: str, password: str) -> None:
    """Use an ID token from now on; it is valid for an hour, after which an upload is resumed."""
    target = "AWSCognitoIdentityProviderService.InitiateAuth"
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    user = {"USERNAME": email, "PASSWORD": password}
    client_id = os.environ["INTAKE_USER_POOL_CLIENT_ID"]
    body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client_id, "AuthParameters": user}
    url = os.environ["INTAKE_COGNITO_URL"]
    result = send(api, "POST", url, headers=headers, data=json.dumps(body)).json()
    api.headers["Authorization"] = result["AuthenticationResult"]["IdToken"]


def upload(path: Path, document_id: str) -> None:
    """Store a file as the document with this id, unless it is stored already."""
    size = path.stat().st_size
    asked = {
        "documentId": document_id,
        "fileName": unicodedata.normalize("NFC", path.name),
        "fileType": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        "fileSize": size,
        "multipart": size > RESUMABLE_BYTES,
    }
    target = send(api, "POST", f"{API}uploads", json=asked).json().get("upload")
    if target and target["method"] == "MULTIPART":
        put_parts(path, document_id, target["partSizeBytes"], target["partCount"])
    elif target:  # an open file has a length, which S3 requires; a generator has none
        with path.open("rb") as file:  # 412: an earlier attempt has stored it; 409: it is doing so
            send(s3, "PUT", target["url"], 409, 412, headers=target["headers"], data=file)


def put_parts(path: Path, document_id: str, part_bytes: int, count: int) -> None:
    """Send the parts that S3 does not have yet, and complete the upload."""
    url = f"{API}uploads/{document_id}"
    listed = send(api, "GET", f"{url}/parts").json()
    there = {part["partNumber"] for part in listed["parts"]}
    with path.open("rb") as file:
        for number in range(1, count + 1):
            if number not in there:
                signed = send(api, "POST", f"{url}/parts", json={"partNumbers": [number]}).json()
                file.seek((number - 1) * part_bytes)
                send(s3, "PUT", signed["parts"][0]["url"], data=file.read(part_bytes))
    send(api, "POST", f"{url}/complete")


def wait_for_record(document_id: str) -> dict[str, Any]:
    """The document's record, as soon as it is PROCESSED or FAILED."""
    deadline = time.monotonic() + RESULT_SECONDS
    while time.monotonic() < deadline:
        record: dict[str, Any] = send(api, "GET", f"{API}documents/{document_id}").json()
        if record["status"] in ("PROCESSED", "FAILED"):
            return record
        time.sleep(1)
    sys.exit(f"{document_id} has no result after {RESULT_SECONDS} s")


if __name__ == "__main__":
    document_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    print(document_id, file=sys.stderr, flush=True)
    sign_in(os.environ["INTAKE_EMAIL"], os.environ["INTAKE_PASSWORD"])
    upload(Path(sys.argv[1]), document_id)
    print(json.dumps(wait_for_record(document_id), indent=2))
