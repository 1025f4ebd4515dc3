"""The page for people: its files in chalicelib/web, and what a browser may do with them.

The page is a client of the API as any other. Standard library only.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from chalicelib.inspection import Limits

WEB = Path(__file__).with_name("web")

SETTINGS_MARK = "{{settings}}"
"""Where index.html takes the page's settings: in the content of a <meta>, which runs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """What the page must know of its stage, all of it public."""

    client_id: str
    """As which it signs people in to the user pool."""
    sign_in_url: str
    """Of the user pool's API."""
    bucket_origin: str
    """Where upload and download URLs lead."""
    limits: Limits

    def to_json(self) -> str:
        """As app.js reads them."""
        return json.dumps(
            {
                "clientId": self.client_id,
                "signInUrl": self.sign_in_url,
                "largestFileBytes": self.limits.largest_file_bytes,
                "allowedTypes": sorted(self.limits.allowed_types),
            }
        )


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def page_text(settings: PageSettings) -> str:
    """The page itself, which knows its stage's settings."""
    text = file_text("index.html")
    return text.replace(SETTINGS_MARK, html.escape(settings.to_json(), quote=True))


def file_text(name: str) -> str:
    """A file of the page."""
    return (WEB / name).read_text(encoding="utf-8")


def file_headers(media_type: str, text: str) -> Mapping[str, str]:
    """With these a browser asks each time, and gets only what changed."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Cache-Control": "no-cache",
        "ETag": f'W/"{digest}"',  # weak: the gateway may compress it
        "X-Content-Type-Options": "nosniff",
    }


def page_headers(settings: PageSettings) -> Mapping[str, str]:
    """What the page may load, whom it may reach, and that nobody may frame it.

    Nothing that a file is called or holds could run, even where the script had a mistake: only
    the page's own two files do, and it can speak to the API, the user pool and the bucket alone.
    """
    reached = sorted({origin_of(settings.sign_in_url), settings.bucket_origin})
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "data:",  # the icon
        "connect-src": " ".join(["'self'", *reached]),
        "frame-src": settings.bucket_origin,  # downloads; see app.js
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    }


def is_known(if_none_match: str | None, e_tag: str) -> bool:
    """Whether a browser has this very version already (RFC 9110, 13.1.2)."""
    return e_tag in [part.strip() for part in (if_none_match or "").split(",")]


def slash_after(path: str) -> str | None:
    """Where to go from a path that lacks its final slash, which relative links need.

    None where nothing is missing. Relative, as only the browser knows the whole of its URL.
    """
    return None if path.endswith("/") else f"{path.rpartition('/')[2]}/"
