"""CORS headers: which web origins may read the API's responses.

The API uses no cookies, so no response allows credentials. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.setting_values import ANY_ORIGIN

EXPOSED_HEADERS = "ETag,Location,Retry-After"
"""Response headers that scripts may read in addition to the CORS-safelisted ones."""

_REQUEST_HEADERS = "Authorization,Content-Type,If-None-Match"
_PREFLIGHT_SECONDS = 7_200
"""Chrome's limit for caching a preflight; others cache longer."""


def cors_headers(allowed_origins: Sequence[str], origin: str | None) -> Mapping[str, str]:
    """Headers of a response to a request from this origin; None for a request without `Origin`.

    The header takes a single origin, so of several allowed ones the requesting one is returned.
    """
    if ANY_ORIGIN in allowed_origins:
        allowed = {"Access-Control-Allow-Origin": ANY_ORIGIN}
    elif origin is not None and origin in allowed_origins:
        allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    else:
        return {"Vary": "Origin"}
    return {**allowed, "Access-Control-Expose-Headers": EXPOSED_HEADERS}


def preflight_headers(methods: Sequence[str]) -> Mapping[str, str]:
    """Headers of the response to OPTIONS for a path with these methods."""
    return {
        "Access-Control-Allow-Methods": ",".join(methods),
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
