"""The CORS headers of the API's answers: which web pages may read them.

Nobody is signed in by a cookie, so no answer allows credentials. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ANY_ORIGIN = "*"

EXPOSED_HEADERS = "Location"
"""What a page may read of an answer besides the few headers that it always may."""

_REQUEST_HEADERS = "Authorization,Content-Type"
_PREFLIGHT_SECONDS = 7_200
"""As long as Chrome keeps the answer to a preflight; others keep it longer."""


def cors_headers(allowed_origins: Sequence[str], origin: str | None) -> Mapping[str, str]:
    """What an answer to a page of this origin carries; None for requests of no page.

    The header takes one origin, so where several are allowed the page's own is named.
    """
    if ANY_ORIGIN in allowed_origins:
        allowed = {"Access-Control-Allow-Origin": ANY_ORIGIN}
    elif origin is not None and origin in allowed_origins:
        allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    else:
        return {"Vary": "Origin"}
    return {**allowed, "Access-Control-Expose-Headers": EXPOSED_HEADERS}


def preflight_headers(methods: Sequence[str]) -> Mapping[str, str]:
    """What the answer to OPTIONS says about a path that serves these methods."""
    return {
        "Access-Control-Allow-Methods": ",".join(methods),
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
