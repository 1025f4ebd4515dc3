"""Routes of the texts of documents; only of stages that keep texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib.api import schema
from chalicelib.api.access import download, get_record_or_404, reject_without_file
from chalicelib.api.downloads import text_arguments
from chalicelib.api.http import principal, route_options
from chalicelib.api.problems import Code, Problem
from chalicelib.documents import TextStatus
from chalicelib.runtime import settings
from chalicelib.text_keys import readable_key

text_routes = Blueprint(__name__)


@text_routes.route(**route_options(schema.GET_TEXT))
def get_text(document_id: str) -> dict[str, object]:
    """A download URL that returns the text under the document's name with `.txt`."""
    record = get_record_or_404(principal(text_routes.current_request), document_id)
    reject_without_file(record)
    key = readable_key(record)
    if key is None:
        raise no_text(record)
    return download(settings.text_bucket or "", key, text_arguments(record))


def no_text(record: Mapping[str, Any]) -> Problem:
    """Why there is no text to read: 409 while it is being recognized, otherwise 404."""
    if record.get("text", {}).get("status") == TextStatus.RUNNING:
        return Problem(Code.TEXT_RUNNING, "The text of the document is being recognized")
    return Problem(Code.NO_TEXT, "The document has no text")
