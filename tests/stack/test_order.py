"""Events come repeatedly, in any order, or not at all: the newest version's result stands."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.documents import Document, Failure, FailureCode, Status, document_id_for
from chalicelib.events import Upload, uploads_from_event
from chalicelib.store import WriteOutcome, get_record, put_result, update_failure
from tests.stack.test_record_failure import message
from tests.support.stack import Stack, created_event

SEQUENCERS = ["0055AED6", "0055AED6DC", "0055AED6DCD90281E5", "0055AED6DD", "0055AED7"]
"""Of five versions of one key, oldest first: of several widths, as S3 may send them."""

KEYS = st.integers(0, 1)
VERSIONS = st.integers(0, len(SEQUENCERS) - 1)


def run(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Try a machine in as many ways, the same ones in every run."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class Deliveries(RuleBasedStateMachine):
    """Results and failures of several versions of two keys reach the real table, in any order."""

    stack: ClassVar[Stack]

    @initialize()
    def begin(self) -> None:
        """Keys that no other example has."""
        self.keys = [str(uuid.uuid4()) for _ in range(2)]
        self.results: dict[int, dict[int, Document]] = {0: {}, 1: {}}
        self.failures: dict[int, set[int]] = {0: set(), 1: set()}
        self.writes = 0

    @rule(key=KEYS, version=VERSIONS, is_good=st.booleans(), is_answer_lost=st.booleans())
    def processed(self, key: int, version: int, is_good: bool, is_answer_lost: bool) -> None:
        """An event was processed; where the answer is lost, botocore writes a second time."""
        document = self._document(key, version, None if is_good else FailureCode.UNREADABLE)
        written = put_result(*self._table, document).outcome is WriteOutcome.WRITTEN
        if is_answer_lost:
            assert written == (put_result(*self._table, document).outcome is WriteOutcome.WRITTEN)
        newest = max([*self.results[key], *self.failures[key]], default=-1)
        assert written == (version >= newest and version not in self.results[key])
        self.results[key].setdefault(version, document)

    @rule(key=KEYS, version=VERSIONS, is_answer_lost=st.booleans())
    def failed_permanently(self, key: int, version: int, is_answer_lost: bool) -> None:
        """All attempts at an event failed."""
        document = self._document(key, version, FailureCode.PROCESSING_FAILED)
        written = update_failure(*self._table, document).outcome is WriteOutcome.WRITTEN
        if is_answer_lost:
            assert written == (
                update_failure(*self._table, document).outcome is WriteOutcome.WRITTEN
            )
        newest = max([*self.results[key], *self.failures[key]], default=-1)
        assert written == (version > newest)
        self.failures[key].add(version)

    @invariant()
    def newest_stands(self) -> None:
        """The record holds the newest delivered version: its result, or processing_failed."""
        for key, name in enumerate(self.keys):
            heard_of = [*self.results[key], *self.failures[key]]
            record = get_record(*self._table, document_id_for(self.stack.bucket, name))
            if not heard_of:
                assert record is None
                continue
            newest = max(heard_of)
            assert record
            assert self._upload(key, newest).sequencer == record["sequencer"]
            if newest in self.results[key]:
                assert self._without_time(key, newest) == {**record, "processedAt": ""}
            else:
                assert "processing_failed" == record["failure"]["code"]
                assert "metadata" not in record

    @property
    def _table(self) -> tuple[Any, str]:
        return self.stack.account.dynamodb, self.stack.table

    def _upload(self, key: int, version: int) -> Upload:
        event = created_event(
            self.stack.bucket, self.keys[key], f"e{version}", SEQUENCERS[version], version
        )
        return uploads_from_event(event)[0]

    def _document(self, key: int, version: int, code: FailureCode | None) -> Document:
        self.writes += 1
        upload = self._upload(key, version)
        return Document(
            document_id=document_id_for(upload.bucket, upload.key),
            file_name=upload.key,
            file_size=upload.size_bytes,
            status=Status.FAILED if code else Status.PROCESSED,
            uploaded_at=upload.uploaded_at,
            processed_at=f"2026-11-22T12:00:00.{self.writes:03}Z",
            object_key=upload.key,
            e_tag=upload.e_tag,
            sequencer=upload.sequencer,
            metadata=None if code else {"wordCount": version},
            failure=Failure(code, "Why.") if code else None,
        )

    def _without_time(self, key: int, version: int) -> dict[str, object]:
        return {**self.results[key][version].to_record(), "processedAt": ""}


def test_the_newest_result_stands(stack: Stack) -> None:
    """In any order of deliveries, the table holds the newest version."""
    machine = type("Machine", (Deliveries,), {"stack": stack})
    run(machine, examples=30, steps=12)


class Uploads(RuleBasedStateMachine):
    """Versions of an object come and go while the deployed functions hear of them."""

    stack: ClassVar[Stack]

    @initialize()
    def begin(self) -> None:
        """A key that no other example has, and no object."""
        self.key = self.stack.new_key()
        self.events: list[dict[str, Any]] = []
        self.is_there = False
        self.results: set[int] = set()
        self.failures: set[int] = set()

    @rule()
    def put(self) -> None:
        """A new version takes the place of what was there."""
        words = b"word " * (len(self.events) + 1)
        e_tag = self.stack.put(self.key, words)
        sequencer = f"{len(self.events):04X}" + "F" * (len(self.events) % 3)
        self.events.append(created_event(self.stack.bucket, self.key, e_tag, sequencer))
        self.is_there = True

    @precondition(lambda self: self.events)
    @rule()
    def delete(self) -> None:
        """The object is deleted; no event is sent."""
        self.stack.account.s3.delete_object(Bucket=self.stack.bucket, Key=self.key)
        self.is_there = False

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """An event arrives, possibly again, and its object may be gone."""
        version = data.draw(st.integers(0, len(self.events) - 1))
        assert {} == self.stack.invoke("process_upload", self.events[version])
        if self.is_there and version == len(self.events) - 1:
            self.results.add(version)

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def fail_permanently(self, data: st.DataObject) -> None:
        """All of Lambda's attempts at an event fail."""
        version = data.draw(st.integers(0, len(self.events) - 1))
        body = message(self.events[version])
        failures = {"Records": [{"body": body, "receiptHandle": "x"}]}
        assert {} == self.stack.invoke("record_failure", failures)
        self.failures.add(version)

    @invariant()
    def newest_stands(self) -> None:
        """The record has the newest version's word count, or processing_failed."""
        record = self.stack.record_now(self.key)
        heard_of = self.results | self.failures
        if not heard_of:
            assert record is None
            return
        newest = max(heard_of)
        assert record
        if newest in self.results:
            assert ("PROCESSED", newest + 1) == (record["status"], record["metadata"]["wordCount"])
        else:
            assert "processing_failed" == record["failure"]["code"]


def test_the_newest_upload_stands(stack: Stack) -> None:
    """Whatever happens to an object and its events, its record is the newest one heard of."""
    machine = type("Machine", (Uploads,), {"stack": stack})
    with stack.no_events():
        run(machine, examples=20, steps=10)
