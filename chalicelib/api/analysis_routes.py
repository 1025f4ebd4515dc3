"""Routes of the forms and tables of documents; only of stages with OCR=analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib.api import schema
from chalicelib.api.access import download, get_record_or_404, reject_without_file
from chalicelib.api.downloads import analysis_arguments
from chalicelib.api.http import principal, route_options
from chalicelib.api.problems import Code, Problem
from chalicelib.documents import TextStatus
from chalicelib.runtime import settings
from chalicelib.text_keys import ANALYSIS, recognized_key

analysis_routes = Blueprint(__name__)


@analysis_routes.route(**route_options(schema.GET_ANALYSIS))
def get_analysis(document_id: str) -> dict[str, object]:
    """A download URL that returns the forms and tables under the document's name with `.json`."""
    record = get_record_or_404(principal(analysis_routes.current_request), document_id)
    reject_without_file(record)
    text = record.get("text", {})
    if not text.get("analyzed"):
        raise no_analysis(text)
    version = record["documentId"], record["sequencer"], text["startedAt"]
    key = recognized_key(*version, ANALYSIS)
    return download(settings.text_bucket or "", key, analysis_arguments(record))


def no_analysis(text: Mapping[str, Any]) -> Problem:
    """Why there is nothing to read: 409 while the file is being read, otherwise 404."""
    if text.get("status") == TextStatus.RUNNING:
        return Problem(Code.TEXT_RUNNING, "The text of the document is being recognized")
    return Problem(Code.NO_ANALYSIS, "The document has no analysis")
