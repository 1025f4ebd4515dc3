"""The processing of a document: each page becomes blocks."""

from __future__ import annotations

from collections.abc import Collection

from infra.local.textract.blocks import Block, PageBlocks
from infra.local.textract.documents import Document
from infra.local.textract.jobs import FAILED, PARTIAL, SUCCEEDED, Outcome
from infra.local.textract.recognition import UnreadableError, count_pages, recognize


def process(document: Document, features: Collection[str]) -> Outcome:
    """The outcome of a job: FAILED if no page could be read, PARTIAL_SUCCESS if some could.

    Args:
        document: to read.
        features: FORMS and TABLES of an analysis.
    """
    try:
        pages = count_pages(document)
    except UnreadableError as error:
        return Outcome(FAILED, message=str(error))
    blocks: list[Block] = []
    failed: dict[int, str] = {}
    for number in range(1, pages + 1):
        try:
            blocks += _blocks(document, number, features)
        except UnreadableError as error:
            failed[number] = str(error)
    if len(failed) == pages:
        return Outcome(FAILED, message=failed[1])
    status = PARTIAL if failed else SUCCEEDED
    return Outcome(status, blocks, pages, failed_pages=list(failed))


def _blocks(document: Document, number: int, features: Collection[str]) -> list[Block]:
    page = PageBlocks(recognize(document, number - 1), number)
    if "FORMS" in features:
        page.add_forms()
    if "TABLES" in features:
        page.add_tables()
    return page.all()
