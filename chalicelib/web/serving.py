"""The web UI's files in this folder, and the headers that restrict what a browser does with them.

Standard library only, apart from the table of file types.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from chalicelib.etags import weak_etag
from chalicelib.files.types import FILE_TYPES, by_familiarity
from chalicelib.files.validation import Limits
from chalicelib.web.linking import link_modules

FOLDER = Path(__file__).parent

STYLE, SCRIPT = "style.css", "app.js"
"""Names of the files that the page loads. The script has no file: it is linked from modules."""
SETTINGS_PLACEHOLDER = "{{settings}}"
"""Where index.html contains the settings: in the `content` of a <meta>, which executes nothing."""
YEAR_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WebUiSettings:
    """The settings of a stage that the web UI needs, all of them public."""

    client_id: str
    """App client of the user pool."""
    sign_in_url: str
    """Of the Cognito API."""
    bucket_origin: str
    """Origin of upload and download URLs."""
    text_bucket_origin: str | None = None
    """Origin of the URLs of texts; None where the stage stores none."""
    limits: Limits

    def to_json(self) -> str:
        """As modules/settings.js parses them."""
        allowed = by_familiarity(self.limits.allowed_types)
        return json.dumps(
            {
                "clientId": self.client_id,
                "signInUrl": self.sign_in_url,
                "largestFileBytes": self.limits.largest_file_bytes,
                "allowedTypes": [file_type.mime_type for file_type in allowed],
                "typeLabels": {
                    file_type.mime_type: [file_type.short_label, file_type.label]
                    for file_type in FILE_TYPES.values()
                },
            }
        )


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def render_index(settings: WebUiSettings) -> str:
    """The page with the stage's settings."""
    text = read_file("index.html")
    for name in (STYLE, SCRIPT):
        text = text.replace(f"{{{{{name}}}}}", f"{name}?v={version_of(read_file(name))}")
    return text.replace(SETTINGS_PLACEHOLDER, html.escape(settings.to_json(), quote=True))


@cache
def read_file(name: str) -> str:
    """A file of the web UI; the script is linked from the modules."""
    if name == SCRIPT:
        return link_modules(FOLDER / "modules", "app")
    return (FOLDER / name).read_text(encoding="utf-8")


def version_of(text: str) -> str:
    """A hash of a file's content, which its URL contains."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_headers(text: str, requested_version: str | None = None) -> Mapping[str, str]:
    """Headers that let a browser keep the requested version and revalidate the rest.

    Args:
        text: content of the file.
        requested_version: `v` in the request's URL. During a deployment it may be another one than
            that of the file.
    """
    is_requested = requested_version == version_of(text)
    immutable = f"public, max-age={YEAR_SECONDS}, immutable"
    return {
        "Cache-Control": immutable if is_requested else "no-cache",
        "ETag": weak_etag(text),
        "X-Content-Type-Options": "nosniff",
    }


def security_headers(settings: WebUiSettings) -> Mapping[str, str]:
    """Headers that restrict what the page loads and connects to, and forbid framing.

    Even a bug in the script cannot execute file names or content: only the page's own script runs,
    and it connects to the API, the user pool and the buckets alone.
    """
    buckets = {settings.bucket_origin, *filter(None, [settings.text_bucket_origin])}
    connected = sorted({origin_of(settings.sign_in_url), *buckets})
    framed = " ".join(sorted(buckets))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"data: {settings.bucket_origin}",  # the icon, and previews
        "connect-src": " ".join(["'self'", *connected]),
        "frame-src": framed,  # downloads and previews of PDFs
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
        "X-Frame-Options": "DENY",  # for browsers without frame-ancestors
    }


def trailing_slash_redirect(path: str) -> str | None:
    """The relative URL to redirect to when the path lacks the final slash that links require.

    None where the slash is there. Relative, since only the browser has the full URL.
    """
    return None if path.endswith("/") else f"{path.rpartition('/')[2]}/"
