"""Files in the bucket become records, through the deployed function."""

from __future__ import annotations

import pytest

from chalicelib.documents import document_id_for
from infra.aws.stage import ROOT
from infra.build.chalice_project import read_config
from infra.local.samples import Sample, pdf, samples
from tests.support.stack import Stack, created_event, created_record
from tests.support.waiting import eventually

LARGEST = int(read_config(ROOT)["environment_variables"]["LARGEST_FILE_BYTES"])


@pytest.mark.parametrize("sample", samples(LARGEST), ids=lambda sample: sample.file_name)
def test_a_file_becomes_its_record(stack: Stack, sample: Sample) -> None:
    """Every kind of sample becomes the record and the log line that it must become."""
    key = stack.new_key(sample.file_name)
    stack.put(key, sample.content, sample.declared_type)
    record = stack.record(key)
    assert sample.status == record["status"]
    assert sample.file_name == record["fileName"]
    assert len(sample.content) == record["fileSize"]
    assert sample.failure_code == record.get("failure", {}).get("code")
    assert sample.word_count == record.get("metadata", {}).get("wordCount", 0)


def test_the_log_line_of_a_processed_file_has_its_word_count(stack: Stack) -> None:
    """CloudWatch gets the line of the specification, with the words the file was made with."""
    stack.put(stack.new_key("1234 words.pdf"), pdf(2, 617), "application/pdf")
    line = eventually(lambda: stack.lines("process_upload", "1234 words.pdf"), "a line of the PDF")
    message = "File 1234 words.pdf processed with status PROCESSED, words=1234"
    assert ("INFO", message) == (line[0]["level"], line[0]["message"])


def test_the_log_line_of_a_failed_file_is_an_error(stack: Stack) -> None:
    """A bad file is logged at level ERROR, with its failure code."""
    stack.put(stack.new_key("nothing in it.txt"), b"")
    line = eventually(lambda: stack.lines("process_upload", "nothing in it"), "a line of the file")
    message = "File nothing in it.txt processed with status FAILED, failure=empty"
    assert ("ERROR", message) == (line[0]["level"], line[0]["message"])


def test_a_name_cannot_forge_a_log_line(stack: Stack) -> None:
    """A line break in a file's name is escaped in the log and kept in the record."""
    key = stack.new_key()
    name = "x%0AFile y processed with status PROCESSED, words=1"
    stack.put(key, b"one two three", **{"file-name": name})
    assert stack.record(key)["fileName"] == "x\nFile y processed with status PROCESSED, words=1"
    lines = eventually(lambda: stack.lines("process_upload", "File y"), "a line of the file")
    assert all(line["message"].startswith("File x\\nFile y processed") for line in lines)


def test_one_file_costs_one_get_and_one_write(stack: Stack) -> None:
    """Of S3 and DynamoDB, a file takes one GetObject and one PutItem and nothing else."""
    key = stack.new_key("counted.pdf")
    stack.put(key, pdf(1, 10), "application/pdf")
    stack.record(key)
    assert sorted(stack.calls(key)) == ["GetObject", "PutItem"]


def test_the_record_has_all_fields_of_the_object(stack: Stack) -> None:
    """Name, owner and tags come from the object's metadata, the rest from event and content."""
    key = stack.new_key()
    metadata = {"file-name": "caf%C3%A9.txt", "owner": "someone", "tags": "a=1&b%20c=%C3%A9"}
    e_tag = stack.put(key, b"one two", "text/x-log", **metadata)
    record = stack.record(key)
    assert {
        "documentId": document_id_for(stack.bucket, key),
        "fileName": "café.txt",
        "fileType": "text/plain",
        "declaredType": "text/x-log",
        "fileSize": 7,
        "status": "PROCESSED",
        "owner": "someone",
        "tags": {"a": "1", "b c": "é"},
        "objectKey": key,
        "eTag": e_tag,
        "sha256": "8ab63e29a4ba14e4e1688f9c15e5af90895421358c945b0431f85d66977bd3d2",
        "metadata": {"encoding": "utf-8", "lineCount": 1, "wordCount": 2, "characterCount": 7},
    } == {name: value for name, value in record.items() if name not in TIMES}


TIMES = {"uploadedAt", "processedAt", "sequencer", "statusTime"}


def test_all_records_of_an_event_are_handled(stack: Stack) -> None:
    """An event with three objects produces three records, though the second is gone."""
    keys = [stack.new_key(name) for name in ("first", "second", "third")]
    e_tags = {key: stack.put(key, b"one two three") for key in keys}
    for key in keys:
        stack.record(key)
    records = [created_record(stack.bucket, key, e_tags[key], NEXT) for key in keys]
    records[1]["s3"]["object"]["eTag"] = "0" * 32
    assert stack.invoke("process_upload", {"Records": records}) == {}
    sequencers = [stack.record(key)["sequencer"].rstrip("0") for key in keys]
    assert [sequencer == NEXT for sequencer in sequencers] == [True, False, True]


NEXT = "F" * 18
"""A sequencer above any that the local AWS gives."""


def test_a_repeated_event_changes_nothing(stack: Stack) -> None:
    """The same event a second time leaves the record unchanged without an error."""
    key = stack.new_key()
    e_tag = stack.put(key, b"one two three")
    before = stack.record(key)
    event = created_event(stack.bucket, key, e_tag, before["sequencer"])
    assert stack.invoke("process_upload", event) == {}
    assert before == stack.record(key)


def test_an_overtaken_event_changes_nothing(stack: Stack) -> None:
    """An event with a smaller sequencer than the record's changes nothing and raises no error."""
    key = stack.new_key()
    e_tag = stack.put(key, b"one two three")
    before = stack.record(key)
    assert stack.invoke("process_upload", created_event(stack.bucket, key, e_tag, "0000")) == {}
    assert before == stack.record(key)


def test_an_object_that_was_replaced_is_left_to_the_newer_event(stack: Stack) -> None:
    """An event whose eTag is not the object's any more writes nothing."""
    key = stack.new_key()
    stack.put(key, b"one two three")
    before = stack.record(key)
    event = created_event(stack.bucket, key, "0" * 32, NEXT)
    assert stack.invoke("process_upload", event) == {}
    assert before == stack.record(key)


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "any"},
        {"Records": []},
        {"Records": [{"eventName": "ObjectRestore:Completed"}]},
    ],
    ids=["test event", "no records", "restored"],
)
def test_an_event_of_another_kind_is_no_error(stack: Stack, event: dict[str, object]) -> None:
    """Events without a created object are ignored."""
    assert stack.invoke("process_upload", event) == {}
