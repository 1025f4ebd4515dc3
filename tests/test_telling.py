"""What the log tells of a file, and which of it are metrics."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.documents import Document, Failure, FailureCode, Status
from chalicelib.extractors import SUPPORTED_TYPES
from chalicelib.telling import METRICS, Stopwatch, fields_of, message_of, metrics_of

FREE_METRICS = 10
"""https://aws.amazon.com/cloudwatch/pricing/, free tier."""


def a_document(**differences: Any) -> Document:
    """A document that has come to rest, PROCESSED unless it differs."""
    usual = {
        "document_id": "4b366c5b-aa8a-5575-964d-723a452fcffd",
        "file_name": "sample.pdf",
        "file_type": "application/pdf",
        "file_size": 1234,
        "status": Status.PROCESSED,
        "uploaded_at": "2026-11-22T12:00:00.500Z",
        "processed_at": "2026-11-22T12:00:02.000Z",
        "object_key": "some/sample.pdf",
        "metadata": {"wordCount": 446, "title": "Told to nobody"},
    }
    return Document(**{**usual, **differences})


FAILED = {
    "status": Status.FAILED,
    "metadata": None,
    "failure": Failure(FailureCode.TOO_LARGE, "The file is too large."),
}


def test_the_message_is_the_sentence_of_the_design() -> None:
    """A processed file tells its words, a failed one its code, in one line in any case."""
    sentence = "processed with status"
    assert f"File sample.pdf {sentence} PROCESSED, words=446" == message_of(a_document())
    assert f"File a\\nb {sentence} PROCESSED, words=0" == message_of(
        a_document(file_name="a\nb", metadata={})
    )
    assert f"File sample.pdf {sentence} FAILED, failure=too_large" == message_of(
        a_document(**FAILED)
    )


def test_the_fields_of_a_processed_file() -> None:
    """All that queries ask for, in milliseconds and bytes, and nothing that was in the file."""
    assert {
        "documentId": "4b366c5b-aa8a-5575-964d-723a452fcffd",
        "objectKey": "some/sample.pdf",
        "fileType": "application/pdf",
        "fileSize": 1234,
        "status": "PROCESSED",
        "words": 446,
        "uploadToRecordMs": 1500,
        "documents": 1,
        "writeMs": 7,
    } == fields_of(a_document(), {"writeMs": 7})


def test_the_fields_of_a_failed_file() -> None:
    """The code is told in place of words; a type that was not looked at is not told."""
    fields = fields_of(a_document(**FAILED, file_type=None), {})
    assert ("FAILED", "too_large") == (fields["status"], fields["failureCode"])
    assert not {"words", "fileType"} & set(fields)


def test_a_clock_that_lags_behind_makes_no_negative_time() -> None:
    """S3's clock and Lambda's may differ by milliseconds."""
    document = a_document(uploaded_at="2026-11-22T12:00:02.001Z")
    assert 0 == fields_of(document, {})["uploadToRecordMs"]


def metrics_in(fields: dict[str, Any], *, detailed: bool) -> set[tuple[str, ...]]:
    """Each metric that CloudWatch makes of a line: its name and the values of its dimensions."""
    line = {"stack": "intake-dev", **fields}
    return {
        (metric["Name"], *[line[name] for name in dimensions])
        for directive in metrics_of(fields, detailed=detailed)
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
        if isinstance(line[metric["Name"]], int)
    }


def metrics_of_all_files(*, detailed: bool) -> set[tuple[str, ...]]:
    """The metrics of every file that there can be, and of trouble."""
    found = metrics_in({"troubles": 1, "notificationsFailed": 1}, detailed=detailed)
    for file_type in SUPPORTED_TYPES:
        processed = fields_of(a_document(file_type=file_type), {"durationMs": 1, "writeMs": 1})
        found |= metrics_in(processed, detailed=detailed)
    for code in FailureCode:
        failed = a_document(**{**FAILED, "failure": Failure(code, "")}, file_type=None)
        found |= metrics_in(fields_of(failed, {"durationMs": 1}), detailed=detailed)
    return found


def test_a_stage_has_eight_metrics() -> None:
    """Whatever is uploaded, the metrics stay below the ten that are free."""
    found = metrics_of_all_files(detailed=False)
    assert 8 == len(found) <= FREE_METRICS
    assert {
        ("documents", "intake-dev", "PROCESSED"),
        ("documents", "intake-dev", "FAILED"),
        *[(name, "intake-dev") for name in METRICS],
    } == found


def test_detailed_metrics_are_bounded() -> None:
    """They add one for each type and each failure code: names and keys are never dimensions."""
    found = metrics_of_all_files(detailed=True)
    assert 8 + len(SUPPORTED_TYPES) + len(FailureCode) == len(found)
    assert ("documents", "intake-dev", "application/pdf") in found
    assert ("documents", "intake-dev", "too_large") in found


@pytest.mark.parametrize("detailed", [False, True])
def test_a_line_that_counts_nothing_has_no_metrics(detailed: bool) -> None:
    """A file that is gone, or anything else that is only told, is no metric."""
    assert [] == metrics_of({"objectKey": "gone"}, detailed=detailed)


def test_trouble_is_not_counted_as_a_document() -> None:
    """The bytes of a file are counted once it comes to rest, not with each attempt at it."""
    assert {("troubles", "intake-dev")} == metrics_in(
        {"fileSize": 1234, "troubles": 1}, detailed=True
    )


def test_a_stopwatch_counts_a_step_within_another_for_itself() -> None:
    """Inspection within download is not download; the whole includes what no step counts."""
    times = iter([0.0, 1.0, 1.5, 3.5, 3.75, 10.0])
    stopwatch = Stopwatch(lambda: next(times))
    with stopwatch.step("download"), stopwatch.step("inspection"):
        pass
    assert {"downloadMs": 750, "inspectionMs": 2000, "durationMs": 10000} == (
        stopwatch.milliseconds()
    )
