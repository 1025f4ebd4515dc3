"""Weak ETags and If-None-Match (RFC 9110, 8.8.3 and 13.1.2). Standard library only."""

from __future__ import annotations

import hashlib


def weak_etag(text: str) -> str:
    """The ETag of a response body; weak, since API Gateway may compress the response."""
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def etag_matches(if_none_match: str | None, e_tag: str) -> bool:
    """Whether the client's copy is current: one of its ETags equals this one, strong or weak."""
    sent = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    return "*" in sent or e_tag.removeprefix("W/") in sent
