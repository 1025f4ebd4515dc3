"""Checks of the API: tokens, ownership, statuses of API and gateway, CORS."""

from __future__ import annotations

import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from chalicelib.api.problems import MEDIA_TYPE
from chalicelib.setting_values import ANY_ORIGIN, parse_origins
from infra.api_client import Client, Response, send
from infra.aws.hooks import Limitation
from infra.verification.report import Report
from infra.verification.session import Session

_FOREIGN_ORIGIN = "https://foreign.example.com"
_GATEWAY_LIMIT_BYTES = 10 * 1024 * 1024
"""Of a request (API Gateway developer guide, "Quotas")."""
_REQUESTS_AT_ONCE = 40
_REQUESTS = 400
"""Far more than the default rate and burst allow within the seconds that they take."""


def check_access(session: Session, report: Report) -> None:
    """Who gets in, and what others see."""
    token = session.user.token
    tokens = {
        "a bare ID token": (token, 200),
        "a Bearer ID token": (f"Bearer {token}", 200),
        "no token": (None, 401),
        "a malformed token": ("malformed", 401),
        "an access token": (session.access_token(), 401),
    }
    for name, (sent, status) in tokens.items():
        answer = Client(session.api_url, sent).call("GET", "documents")
        report.expect(f"GET /documents with {name}", status, answer.status, _code(answer))
    described = Client(session.api_url, None).call("GET", "openapi.json").body
    server = f"{described['servers'][0]['url']}/"
    answer = Client(server, None).call("GET", "openapi.json")
    report.expect(f"GET /openapi.json of the described server {server}", 200, answer.status)
    document_id = session.request(session.user, "owned.txt", b"owned").document_id
    for name, client, status in (
        ("its owner", session.user, 200),
        ("another user", session.other, 404),
        ("an operator", session.operator, 200),
    ):
        answer = client.call("GET", f"documents/{document_id}")
        report.expect(f"GET /documents/ID as {name}", status, answer.status, _code(answer))


def check_statuses(session: Session, report: Report) -> None:
    """Errors of the API and of the gateway, which have one format."""
    user = session.user
    largest = int(session.settings["LARGEST_FILE_BYTES"])
    answers = {
        "GET of an unknown document": (404, user.call("GET", f"documents/{uuid.uuid4()}")),
        "GET of an unknown path": (404, user.call("GET", f"unknown/{secrets.token_hex(4)}")),
        "PUT /documents, which has no PUT": (405, user.call("PUT", "documents", {})),
        "POST /uploads without fields": (400, user.call("POST", "uploads", {})),
        "POST /uploads of a larger file than allowed": (
            413,
            user.request_upload("large.txt", "text/plain", largest + 1),
        ),
        "POST /uploads of a program": (
            415,
            user.request_upload("program.exe", "application/x-msdownload", 1),
        ),
    }
    for title, (status, answer) in answers.items():
        report.expect(title, status, answer.status, _code(answer))
        report.expect(f"{title}: format", MEDIA_TYPE, answer.headers["Content-Type"])
    report.unless(
        Limitation.REQUEST_SIZE,
        "POST of more than 10 MB",
        lambda: _check_request_size(session, report),
    )


def check_throttling(session: Session, report: Report) -> None:
    """Requests beyond the stage's rate and burst are rejected by the gateway."""
    report.unless(
        Limitation.THROTTLING,
        f"{_REQUESTS} requests at once",
        lambda: _check_throttling(session, report),
    )


def check_cors(session: Session, report: Report) -> None:
    """Preflight requests of browsers, to the API and to the bucket."""
    origins = parse_origins(session.settings.get("ALLOWED_ORIGINS", ""))
    is_any = ANY_ORIGIN in origins
    upload = session.request(session.user, "preflight.txt", b"preflight")
    targets = {
        "the API": (f"{session.api_url}uploads", "POST", "authorization,content-type"),
        "the bucket": (upload.url, "PUT", "content-type,if-none-match,x-amz-meta-file-name"),
    }
    for name, (url, method, headers) in targets.items():
        for kind, origin in (("allowed", _allowed(origins)), ("foreign", _FOREIGN_ORIGIN)):
            answer = _preflight(url, origin, method, headers)
            is_allowed = answer.headers.get("Access-Control-Allow-Origin") in (ANY_ORIGIN, origin)
            title = f"preflight of {method} to {name} from {kind} origin {origin}: allowed"
            report.expect(title, kind == "allowed" or is_any, is_allowed, str(answer.status))


def _check_request_size(session: Session, report: Report) -> None:
    answer = session.user.call("POST", "uploads", b" " * (_GATEWAY_LIMIT_BYTES + 1))
    report.expect("POST of more than 10 MB", 413, answer.status, _code(answer))


def _check_throttling(session: Session, report: Report) -> None:
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        calls = [
            pool.submit(session.user.call, "GET", f"documents/{uuid.uuid4()}")
            for _ in range(_REQUESTS)
        ]
        answers = [call.result() for call in calls]
    rejected = [answer for answer in answers if answer.status == 429]
    title = f"{_REQUESTS} requests at once: some are rejected with 429"
    report.expect(title, True, bool(rejected), f"({len(rejected)})")
    if rejected:
        report.expect("429: format", MEDIA_TYPE, rejected[0].headers["Content-Type"])


def _preflight(url: str, origin: str, method: str, headers: str) -> Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return send("OPTIONS", url, asked)


def _allowed(origins: tuple[str, ...]) -> str:
    return "https://allowed.example.com" if ANY_ORIGIN in origins else origins[0]


def _code(answer: Response) -> str:
    with suppress(ValueError):
        if isinstance(answer.body, dict):
            return str(answer.body.get("code", ""))
    return ""
