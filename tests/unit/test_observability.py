"""The log fields of a file, and which of them are metrics."""

from __future__ import annotations

from typing import Any

from chalicelib.documents import Document, Failure, FailureCode, Status
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.observability import (
    METRICS,
    SCAN_METRICS,
    Stopwatch,
    log_fields,
    log_message,
    metric_directives,
)

FREE_METRICS = 10
"""https://aws.amazon.com/cloudwatch/pricing/, free tier."""


def a_document(**differences: Any) -> Document:
    """A PROCESSED document, with these fields replaced."""
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
    """One line: with the word count of a processed file, or the failure code of a failed one."""
    sentence = "processed with status"
    assert f"File sample.pdf {sentence} PROCESSED, words=446" == log_message(a_document())
    assert f"File a.zip {sentence} PROCESSED, words=0" == log_message(
        a_document(file_name="a.zip", metadata={})
    )
    assert f"File sample.pdf {sentence} FAILED, failure=too_large" == log_message(
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
    } == log_fields(a_document(), {"writeMs": 7})


def test_the_fields_of_a_failed_file() -> None:
    """The failure code replaces the word count; an undetermined file type is omitted."""
    fields = log_fields(a_document(**FAILED, file_type=None), {})
    assert ("FAILED", "too_large") == (fields["status"], fields["failureCode"])
    assert not {"words", "fileType"} & set(fields)


def test_a_requested_repetition_does_not_count_as_slow() -> None:
    """Only the first result has the time since the upload."""
    assert "uploadToRecordMs" not in log_fields(a_document(), {}, is_first=False)


def test_a_clock_that_lags_behind_makes_no_negative_time() -> None:
    """S3's clock and Lambda's may differ by milliseconds."""
    document = a_document(uploaded_at="2026-11-22T12:00:02.001Z")
    assert 0 == log_fields(document, {})["uploadToRecordMs"]


def metrics_in(fields: dict[str, Any]) -> set[tuple[str, ...]]:
    """Each metric that CloudWatch makes of a line: its name and the values of its dimensions."""
    line = {"stack": "intake-dev", **fields}
    return {
        (metric["Name"], *[line[name] for name in dimensions])
        for directive in metric_directives(fields)
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
        if isinstance(line[metric["Name"]], int)
    }


def metrics_of_all_files() -> set[tuple[str, ...]]:
    """The metrics of every file type, failure code and AWS error."""
    found = metrics_in({"retryableErrors": 1, "notificationsFailed": 1})
    for file_type in SUPPORTED_TYPES:
        processed = log_fields(a_document(file_type=file_type), {"durationMs": 1, "writeMs": 1})
        found |= metrics_in(processed)
    for code in FailureCode:
        failed = a_document(**{**FAILED, "failure": Failure(code, "")}, file_type=None)
        found |= metrics_in(log_fields(failed, {"durationMs": 1}))
    return found


def test_a_stage_has_eight_metrics() -> None:
    """Whatever is uploaded, the metrics stay below the ten that are free."""
    found = metrics_of_all_files()
    assert 8 == len(found) <= FREE_METRICS
    assert {
        ("documents", "intake-dev", "PROCESSED"),
        ("documents", "intake-dev", "FAILED"),
        *[(name, "intake-dev") for name in METRICS],
    } == found


def test_scans_have_the_two_metrics_that_are_left() -> None:
    """A stage that scans uploads has all ten that are free."""
    found = metrics_in({"scanResult": "NO_THREATS_FOUND", "uploadToScanMs": 1})
    found |= metrics_in({"scansOverdue": 0})
    assert {(name, "intake-dev") for name in SCAN_METRICS} == found
    assert FREE_METRICS == len(found | metrics_of_all_files())


def test_a_line_that_counts_nothing_has_no_metrics() -> None:
    """A line that only logs, such as that of a missing object, emits no metric."""
    assert [] == metric_directives({"objectKey": "gone"})


def test_an_aws_error_is_not_counted_as_a_document() -> None:
    """A file's bytes are counted once it is PROCESSED or FAILED, not per attempt."""
    assert {("retryableErrors", "intake-dev")} == metrics_in(
        {"fileSize": 1234, "retryableErrors": 1}
    )


def test_a_stopwatch_counts_a_step_within_another_for_itself() -> None:
    """Inspection within download is not download; the whole includes what no step counts."""
    times = iter([0.0, 1.0, 1.5, 3.5, 3.75, 10.0])
    stopwatch = Stopwatch(lambda: next(times))
    with stopwatch.step("download"), stopwatch.step("analysis"):
        pass
    assert {"downloadMs": 750, "analysisMs": 2000, "durationMs": 10000} == (
        stopwatch.milliseconds()
    )
