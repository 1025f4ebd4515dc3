"""Textract reads scans: whatever it answers, and when, a record has one truthful state."""

from __future__ import annotations

import io
import json
import urllib.request
from typing import Any

import pytest
from pypdf import PdfWriter

from chalicelib.api.auth import OPERATORS
from chalicelib.documents import document_id_for
from chalicelib.events import Upload, build_event
from chalicelib.ocr.states import job_of
from infra.api_client import Client
from infra.aws.recognitions import RECORDED
from infra.commands.backfill import backfill
from infra.commands.retry import retry
from infra.commands.status import status
from infra.local.samples import pdf
from infra.local.scans import scan, scanned_pdf
from tests.stack.test_notifications import Subscriber
from tests.stack.test_record_failure import fail_permanently
from tests.support.faults import Faults, faulty_aws, throttled
from tests.support.local_textract import LocalTextract
from tests.support.stack import Stack
from tests.support.textract import completion_message, sns_event
from tests.support.waiting import eventually

LINES = ["The quick brown fox jumps over the lazy dog", "Invoice number 4711"]
PAGE = scan(LINES)
PNG = PAGE.png()


def joined(*pdfs: bytes) -> bytes:
    """A PDF with the pages of others."""
    writer, content = PdfWriter(), io.BytesIO()
    for part in pdfs:
        writer.append(io.BytesIO(part))
    writer.write(content)
    return content.getvalue()


@pytest.fixture
def textract(ocr_stack: Stack) -> LocalTextract:
    """The local Textract."""
    return LocalTextract(ocr_stack.account)


@pytest.fixture(scope="module")
def operator(ocr_stack: Stack) -> Client:
    """Reads every document of the stage."""
    return ocr_stack.sign_in("operator", OPERATORS)


@pytest.fixture
def key(ocr_stack: Stack) -> str:
    """The key of an object that no other test uses."""
    return ocr_stack.new_key("scan")


def text_of(stack: Stack, key: str, status: str) -> dict[str, Any]:
    """The state of a record's text, once the recognition has this status."""

    def look() -> dict[str, Any] | None:
        text = (stack.record_now(key) or {}).get("text", {})
        return text if text.get("status") == status else None

    return eventually(look, f"text of {key} with status {status}", lambda: stack.record_now(key))


def failure_of(stack: Stack, key: str) -> str:
    """Why the recognition of an object has failed, once it has."""
    return str(text_of(stack, key, "FAILED")["failure"]["code"])


def stored(stack: Stack, key: str) -> dict[str, bytes]:
    """What the text bucket has for the document of an object, by the ends of the keys."""
    s3, bucket = stack.account.s3, stack.outputs["TextBucketName"]
    prefix = f"{document_id_for(stack.bucket, key)}/"
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found
    }


def text_in(stack: Stack, key: str) -> str:
    """The one text that the bucket has for a document."""
    [text] = [content for name, content in stored(stack, key).items() if name.endswith(".txt")]
    return text.decode()


def upload_held(stack: Stack, textract: LocalTextract, key: str, content: bytes = PNG) -> None:
    """Put an object whose job stays in progress until it is released."""
    textract.plan(key, "held")
    count = len(textract.jobs(key))
    stack.put(key, content)
    eventually(lambda: len(textract.jobs(key)) > count, f"a job for {key}")


def tag_of(stack: Stack, key: str) -> str:
    """The tag of the latest job of an object."""
    job = job_of(stack.record(key))
    assert job is not None
    return job.tag()


def discarded(stack: Stack, key: str) -> None:
    """Wait until record_text has met a result that no record awaits."""
    document_id, message = document_id_for(stack.bucket, key), "is not the one that is awaited"

    def look() -> bool:
        lines = stack.lines("record_text", message)
        return any(line["documentId"] == document_id for line in lines)

    eventually(look, f"{message!r} about {key} in the log of record_text")


def test_a_scan_becomes_text(ocr_stack: Stack, textract: LocalTextract, key: str) -> None:
    """The record is there at once; its text follows, with words, confidence and time."""
    upload_held(ocr_stack, textract, key)
    assert "PROCESSED" == ocr_stack.record(key)["status"]
    assert {"source", "status", "startedAt"} == text_of(ocr_stack, key, "RUNNING").keys()
    assert {} == stored(ocr_stack, key)
    textract.release(key)
    text = text_of(ocr_stack, key, "DONE")
    assert ("ocr", 12, False) == (text["source"], text["wordCount"], text["truncated"])
    assert text["meanConfidence"] > 50
    assert "\n".join(LINES) == text_in(ocr_stack, key)
    assert len("\n".join(LINES)) == text["characterCount"]


def test_tables_of_a_scan_are_stored(ocr_stack: Stack, key: str) -> None:
    """As JSON beside the text."""
    lines = ["Item\tPrice\tStock", "Pencil\t2.50\t100", "Eraser\t1.20\t250"]
    ocr_stack.put(key, scanned_pdf(scan(lines)))
    text_of(ocr_stack, key, "DONE")
    [content] = [
        content for name, content in stored(ocr_stack, key).items() if name.endswith(".json")
    ]
    found = json.loads(content)
    assert not found["truncated"]
    assert "Pencil" in {cell["text"] for table in found["tables"] for cell in table["cells"]}


def test_pages_of_a_scanned_pdf_are_kept_apart(ocr_stack: Stack, key: str) -> None:
    """By form feeds."""
    ocr_stack.put(key, scanned_pdf(scan(["First page"]), scan(["Second page"])))
    text_of(ocr_stack, key, "DONE")
    assert "First page\fSecond page" == text_in(ocr_stack, key)


def test_a_pdf_with_text_is_not_sent(ocr_stack: Stack, textract: LocalTextract, key: str) -> None:
    """Nor is any file that no character recognition can read."""
    ocr_stack.put(key, pdf(1, 5))
    assert "status" not in ocr_stack.record(key).get("text", {})
    assert [] == textract.jobs(key)


def test_a_partly_scanned_pdf_keeps_its_own_text_meanwhile(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """It is sent as a whole, and its recognized text replaces the one of the other pages."""
    upload_held(ocr_stack, textract, key, joined(pdf(1, 5), scanned_pdf(PAGE)))
    text, own = text_of(ocr_stack, key, "RUNNING"), text_in(ocr_stack, key)
    assert ("document", 5) == (text["source"], len(own.split()))
    assert 1 == ocr_stack.record(key)["metadata"]["pagesWithoutText"]
    textract.release(key)
    assert "ocr" == text_of(ocr_stack, key, "DONE")["source"]
    assert "\n".join(LINES) == text_in(ocr_stack, key).partition("\f")[2]


def test_a_long_scan_is_not_sent(ocr_stack: Stack, textract: LocalTextract, key: str) -> None:
    """OCR_MAX_PAGES bounds what a document costs."""
    ocr_stack.put(key, scanned_pdf(PAGE, PAGE, PAGE))
    assert "too_many_pages" == failure_of(ocr_stack, key)
    assert "PROCESSED" == ocr_stack.record(key)["status"]
    assert [] == textract.jobs(key)


def test_a_repeated_answer_changes_nothing(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """The record and its objects are those of the first one."""
    textract.plan(key, "twice")
    ocr_stack.put(key, PNG)
    before = text_of(ocr_stack, key, "DONE"), stored(ocr_stack, key)
    assert 2 == textract.ended(key)[0]["messages"]
    assert before == (text_of(ocr_stack, key, "DONE"), stored(ocr_stack, key))
    assert 2 == len(stored(ocr_stack, key))


def test_a_repeated_event_starts_no_second_job(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """Its token makes it the same one."""
    upload_held(ocr_stack, textract, key)
    record = ocr_stack.record(key)
    assert {} == ocr_stack.invoke("process_upload", event_of(ocr_stack, record))
    assert 1 == len(textract.jobs(key))
    textract.release(key)
    text_of(ocr_stack, key, "DONE")


def event_of(stack: Stack, record: dict[str, Any]) -> dict[str, object]:
    """The S3 event of the version that a record describes."""
    return build_event(
        Upload(
            bucket=stack.bucket,
            key=record["objectKey"],
            size_bytes=record["fileSize"],
            e_tag=record["eTag"],
            sequencer=record["sequencer"],
            uploaded_at=record["uploadedAt"],
        )
    )


def test_answers_out_of_order_belong_to_their_versions(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """The answer for a replaced version comes last and leaves nothing."""
    upload_held(ocr_stack, textract, key)
    upload_held(ocr_stack, textract, key, scan(["A newer version"]).png())
    textract.release(key, newest_first=True)
    assert 3 == text_of(ocr_stack, key, "DONE")["wordCount"]
    discarded(ocr_stack, key)
    assert "A newer version" == text_in(ocr_stack, key)
    assert 2 == len(stored(ocr_stack, key))


def test_an_answer_after_the_object_was_replaced_leaves_nothing(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """The record is that of the new version."""
    upload_held(ocr_stack, textract, key)
    ocr_stack.put(key, b"one two three")
    eventually(lambda: "text/plain" == ocr_stack.record(key)["fileType"], "the new version")
    textract.release(key)
    discarded(ocr_stack, key)
    assert "status" not in ocr_stack.record(key).get("text", {})
    assert {} == {name: text for name, text in stored(ocr_stack, key).items() if b"fox" in text}


def test_an_error_of_the_document_is_final(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """One call, no retry."""
    textract.refuse(key, "UnsupportedDocumentException")
    ocr_stack.put(key, PNG)
    assert "unsupported" == failure_of(ocr_stack, key)
    assert [] == textract.jobs(key)


def test_throttling_is_waited_for(ocr_stack: Stack, textract: LocalTextract, key: str) -> None:
    """Of start and of results; nothing has failed."""
    textract.refuse(key, "ProvisionedThroughputExceededException", times=4)
    textract.refuse(key, "ThrottlingException", operation="Get", times=4)
    ocr_stack.put(key, PNG)
    text_of(ocr_stack, key, "DONE")
    assert 1 == len(textract.jobs(key))


def test_a_result_waits_for_read_capacity(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """record_text repeats a throttled read longer than the SDK does: results come in bursts."""
    upload_held(ocr_stack, textract, key)
    [job], faults = textract.jobs(key), Faults()
    throttling = [throttled("ProvisionedThroughputExceededException")] * 4
    faults.plan(document_id_for(ocr_stack.bucket, key), "GetItem", *throttling)
    event = sns_event(completion_message(tag_of(ocr_stack, key), job_id=job["jobId"]))
    assert ocr_stack.account.endpoint
    with (
        faulty_aws(ocr_stack.account.endpoint, faults) as url,
        ocr_stack.environment("record_text", AWS_ENDPOINT_URL_DYNAMODB=url),
    ):
        error = ocr_stack.invoke("record_text", event)
    assert "is in progress" in error["errorMessage"]  # which follows the read
    textract.release(key)
    text_of(ocr_stack, key, "DONE")


def test_a_job_that_cannot_be_started_fails_after_the_last_attempt(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """The document stays PROCESSED."""
    textract.refuse(key, "InternalServerError", times=3)
    ocr_stack.put(key, PNG)
    assert "processing_failed" == failure_of(ocr_stack, key)
    assert "PROCESSED" == ocr_stack.record(key)["status"]
    assert {} == stored(ocr_stack, key)


def test_results_that_cannot_be_read_fail_after_the_last_attempt(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """A later message about the same job replaces the failure."""
    textract.refuse(key, "InternalServerError", operation="Get", times=3)
    ocr_stack.put(key, PNG)
    assert "processing_failed" == failure_of(ocr_stack, key)
    assert {} == stored(ocr_stack, key)
    [job] = textract.jobs(key)
    event = sns_event(completion_message(tag_of(ocr_stack, key), job_id=job["jobId"]))
    assert {} == ocr_stack.invoke("record_text", event)
    assert 12 == text_of(ocr_stack, key, "DONE")["wordCount"]


def test_a_failure_keeps_what_a_late_result_may_refer_to(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """The text is stored before the result is recorded, which replaces the failure."""
    upload_held(ocr_stack, textract, key)
    job = job_of(ocr_stack.record(key))
    assert job is not None
    bucket, text_key = ocr_stack.outputs["TextBucketName"], job.text_key()
    ocr_stack.account.s3.put_object(Bucket=bucket, Key=text_key, Body=b"late")
    fail_permanently(ocr_stack, sns_event(completion_message(job.tag())))
    assert "processing_failed" == failure_of(ocr_stack, key)
    assert {text_key: b"late"} == stored(ocr_stack, key)
    textract.release(key)
    text_of(ocr_stack, key, "DONE")


def test_a_result_that_could_not_be_published_is_published_after_the_last_attempt(
    ocr_stack: Stack, key: str
) -> None:
    """record_failure publishes what record_text has recorded but SNS has not accepted."""
    ocr_stack.put(key, PNG)
    done = text_of(ocr_stack, key, "DONE")
    subscriber = Subscriber(ocr_stack)
    event = sns_event(completion_message(tag_of(ocr_stack, key)))
    fail_permanently(ocr_stack, event, "NotificationError")
    [body] = subscriber.wait_for_messages(1, key)
    subscriber.close()
    assert done == body["text"]
    assert done == ocr_stack.record(key)["text"]


def test_a_failed_job_is_recorded(ocr_stack: Stack, textract: LocalTextract, key: str) -> None:
    """With a reason that is not processing_failed: another attempt would not help."""
    textract.plan(key, "failed")
    ocr_stack.put(key, PNG)
    assert "recognition_failed" == failure_of(ocr_stack, key)
    assert {} == stored(ocr_stack, key)


def test_a_scan_without_words_has_empty_text(ocr_stack: Stack, key: str) -> None:
    """It is DONE; there is no text to store."""
    ocr_stack.put(key, scan([]).png())
    text = text_of(ocr_stack, key, "DONE")
    assert (0, 0) == (text["characterCount"], text["wordCount"])
    assert "meanConfidence" not in text


def test_a_log_line_has_the_pages(ocr_stack: Stack, key: str) -> None:
    """They are what Textract charges for."""
    ocr_stack.put(key, scanned_pdf(PAGE, PAGE))
    text_of(ocr_stack, key, "DONE")

    def look() -> list[dict[str, Any]]:
        lines = ocr_stack.lines("record_text", "recognized with status DONE, words=24")
        return [line for line in lines if line["objectKey"] == key]

    [line] = eventually(look, "a line of the result")
    assert (2, 24) == (line["ocrPages"], line["recognizedWords"])


def test_text_and_analysis_are_downloads(ocr_stack: Stack, operator: Client, key: str) -> None:
    """Once they are there."""
    ocr_stack.put(key, PNG)
    text_of(ocr_stack, key, "DONE")
    document_id = document_id_for(ocr_stack.bucket, key)
    for name, start in (("text", b"The quick"), ("analysis", b'{"keyValuePairs"')):
        answer = operator.call("GET", f"documents/{document_id}/{name}")
        assert 200 == answer.status
        with urllib.request.urlopen(answer.body["url"]) as download:
            assert download.read().startswith(start)


def test_there_is_no_download_before_the_answer(
    ocr_stack: Stack, textract: LocalTextract, operator: Client, key: str
) -> None:
    """Clients may ask again."""
    upload_held(ocr_stack, textract, key)
    document_id = document_id_for(ocr_stack.bucket, key)
    codes = [
        operator.call("GET", f"documents/{document_id}/{name}").body["code"]
        for name in ("text", "analysis")
    ]
    assert ["text_running", "text_running"] == codes


def test_an_answer_after_the_document_was_deleted_leaves_nothing(
    ocr_stack: Stack, textract: LocalTextract, operator: Client, key: str
) -> None:
    """Neither a record nor a text."""
    upload_held(ocr_stack, textract, key)
    document_id = document_id_for(ocr_stack.bucket, key)
    assert 204 == operator.call("DELETE", f"documents/{document_id}").status
    textract.release(key)
    discarded(ocr_stack, key)
    assert "status" not in (ocr_stack.record_now(key) or {})
    assert {} == stored(ocr_stack, key)


def test_an_answer_after_the_object_was_removed_leaves_nothing(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """The record no longer mentions a text."""
    upload_held(ocr_stack, textract, key)
    ocr_stack.account.s3.delete_object(Bucket=ocr_stack.bucket, Key=key)
    eventually(lambda: "removedAt" in ocr_stack.record(key), "the removal")
    textract.release(key)
    discarded(ocr_stack, key)
    assert "text" not in ocr_stack.record(key)
    assert {} == stored(ocr_stack, key)


def test_retry_asks_textract_for_an_answer_that_never_came(
    ocr_stack: Stack, textract: LocalTextract, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It starts no second job."""
    textract.plan(key, "silent")
    ocr_stack.put(key, PNG)
    textract.ended(key)
    assert "RUNNING" == text_of(ocr_stack, key, "RUNNING")["status"]
    retry(ocr_stack.stage, parallel=2, late_seconds=0)
    assert 12 == text_of(ocr_stack, key, "DONE")["wordCount"]
    assert 1 == len(textract.jobs(key))
    assert RECORDED in capsys.readouterr().out


def test_retry_starts_what_has_failed_again(
    ocr_stack: Stack, textract: LocalTextract, key: str
) -> None:
    """With a job of its own."""
    textract.refuse(key, "InternalServerError", times=3)
    ocr_stack.put(key, PNG)
    assert "processing_failed" == failure_of(ocr_stack, key)
    retry(ocr_stack.stage, parallel=2)
    assert 12 == text_of(ocr_stack, key, "DONE")["wordCount"]


def test_backfill_sends_scans_from_before(ocr_stack: Stack, key: str) -> None:
    """Those whose record has no recognition, whatever came of one."""
    ocr_stack.put(key, PNG)
    text_of(ocr_stack, key, "DONE")
    ocr_stack.account.dynamodb.update_item(
        TableName=ocr_stack.table,
        Key={"documentId": {"S": document_id_for(ocr_stack.bucket, key)}},
        UpdateExpression="REMOVE #text",
        ExpressionAttributeNames={"#text": "text"},
    )
    backfill(ocr_stack.stage, 2, ["ocr"])
    text_of(ocr_stack, key, "DONE")


def test_status_counts_what_retry_takes_up(
    ocr_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a section that stages without OCR do not have."""
    status(ocr_stage := ocr_stack.stage)
    assert (
        f"run make retry STAGE={ocr_stage.name}"
        in capsys.readouterr().out.partition("Character recognition")[2]
    )
