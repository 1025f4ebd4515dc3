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
from chalicelib.events import Upload, removals_from_event, uploads_from_event
from chalicelib.removals import record_removal
from chalicelib.store import WriteOutcome, get_record, put_result, update_failure
from tests.stack.test_record_failure import message
from tests.support.faults import Call, faulty_aws
from tests.support.stack import Stack, created_event, removed_event

SEQUENCERS = ["0055AED6", "0055AED6DC", "0055AED6DCD90281E5", "0055AED6DD", "0055AED7"]
"""Of five versions of one key, oldest first: of several widths, as S3 may send them."""

REMOVALS = ["0055AED6D", "0055AED6DCA", "0055AED6DCE", "0055AED6DE", "0055AED8"]
"""Of the removal of each version, before the next one."""

YEAR_2100 = 4_102_444_800
"""Epoch seconds: DynamoDB deletes no item of the test as expired."""

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
    """Results, failures and removals of several versions of two keys reach the real table.

    Version n is upload 2n and removal 2n + 1 of its key.
    """

    stack: ClassVar[Stack]

    @initialize()
    def begin(self) -> None:
        """Keys that no other example has."""
        self.keys = [str(uuid.uuid4()) for _ in range(2)]
        self.newest = {0: -1, 1: -1}
        self.shown: dict[int, dict[str, Any] | None] = {0: None, 1: None}
        self.results: set[tuple[int, int]] = set()
        self.writes = 0

    @rule(key=KEYS, version=VERSIONS, is_good=st.booleans(), is_answer_lost=st.booleans())
    def processed(self, key: int, version: int, is_good: bool, is_answer_lost: bool) -> None:
        """An event was processed; where the answer is lost, botocore writes a second time."""
        document = self._document(key, version, None if is_good else FailureCode.UNREADABLE)
        written = put_result(*self._table, document).outcome is WriteOutcome.WRITTEN
        if is_answer_lost:
            assert written == (put_result(*self._table, document).outcome is WriteOutcome.WRITTEN)
        is_newest = 2 * version >= self.newest[key]
        assert written == (is_newest and (key, version) not in self.results)
        self._written(written, key, 2 * version, document.to_record())
        self.results |= {(key, version)} if is_newest else set()

    @rule(key=KEYS, version=VERSIONS, is_answer_lost=st.booleans())
    def failed_permanently(self, key: int, version: int, is_answer_lost: bool) -> None:
        """All attempts at an event failed."""
        document = self._document(key, version, FailureCode.PROCESSING_FAILED)
        written = update_failure(*self._table, document).outcome is WriteOutcome.WRITTEN
        if is_answer_lost:
            assert written == (
                update_failure(*self._table, document).outcome is WriteOutcome.WRITTEN
            )
        assert written == (2 * version > self.newest[key])
        self._written(written, key, 2 * version, document.to_record())

    @rule(key=KEYS, version=VERSIONS)
    def removed(self, key: int, version: int) -> None:
        """The event of a deletion arrived."""
        event = removed_event(self.stack.bucket, self.keys[key], REMOVALS[version])
        [removal] = removals_from_event(event)
        record = record_removal(*self._table, removal, YEAR_2100)
        is_newest, shown = 2 * version + 1 > self.newest[key], self.shown[key]
        assert (record is not None) == (is_newest and shown is not None)
        removed = {"removedAt": removal.removed_at, "sequencer": removal.sequencer}
        self._written(is_newest, key, 2 * version + 1, shown and {**shown, **removed})

    @invariant()
    def newest_stands(self) -> None:
        """The record holds the newest version heard of: result, processing_failed or removal."""
        for key, name in enumerate(self.keys):
            record = get_record(*self._table, document_id_for(self.stack.bucket, name))
            if (shown := self.shown[key]) is not None:
                assert shown == record
            else:
                assert (self.newest[key] == -1) == (record is None)
                assert "status" not in (record or {})

    def _written(self, written: bool, key: int, number: int, record: dict[str, Any] | None) -> None:
        if written:
            self.newest[key], self.shown[key] = number, record

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


def test_the_newest_result_stands(stack: Stack) -> None:
    """In any order of deliveries, the table holds the newest version."""
    machine = type("Machine", (Deliveries,), {"stack": stack})
    run(machine, examples=30, steps=12)


class Uploads(RuleBasedStateMachine):
    """Versions of an object come and go while the deployed functions hear of them."""

    stack: ClassVar[Stack]
    missing: ClassVar[set[str]] = set()
    """Keys without an object, to which AWS answers 403 instead of the local AWS's 404."""

    @initialize()
    def begin(self) -> None:
        """A key that no other example has, and no object."""
        self.key = self.stack.new_key()
        self.missing.add(self.key)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.delivered: dict[int, str] = {}
        self.shown: int | None = None

    @rule()
    def put(self) -> None:
        """A new version takes the place of what was there."""
        e_tag = self.stack.put(self.key, b"word " * (len(self.events) + 1))
        self.missing.discard(self.key)
        event = created_event(self.stack.bucket, self.key, e_tag, self._next_sequencer())
        self.events.append(("put", event))

    @precondition(lambda self: self.events and self.key not in self.missing)
    @rule()
    def delete(self) -> None:
        """The object is deleted."""
        self.stack.account.s3.delete_object(Bucket=self.stack.bucket, Key=self.key)
        self.missing.add(self.key)
        event = removed_event(self.stack.bucket, self.key, self._next_sequencer())
        self.events.append(("delete", event))

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """An event arrives, possibly again, and its object may be gone."""
        number = data.draw(st.integers(0, len(self.events) - 1))
        kind, event = self.events[number]
        error = self.stack.invoke("process_upload", event)
        is_latest_put = number == max(n for n, (k, _) in enumerate(self.events) if k == "put")
        if kind == "put" and self.key in self.missing:
            assert bool(error) == (
                number >= self._newest() and self.delivered.get(number) != "result"
            )
            return
        assert {} == error
        if kind == "delete" and number > self._newest():
            self.delivered[number] = "removal"
        if kind == "put" and is_latest_put and number >= self._newest():
            self.delivered[number] = "result"
            self.shown = number

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def fail_permanently(self, data: st.DataObject) -> None:
        """All of Lambda's attempts at an event fail."""
        number = data.draw(st.integers(0, len(self.events) - 1))
        kind, event = self.events[number]
        failures = {"Records": [{"body": message(event), "receiptHandle": "x"}]}
        assert {} == self.stack.invoke("record_failure", failures)
        if number > self._newest():
            self.delivered[number] = "removal" if kind == "delete" else "failure"
            self.shown = self.shown if kind == "delete" else number

    @invariant()
    def newest_stands(self) -> None:
        """The record has the newest version's word count or processing_failed, or its removal."""
        record = self.stack.record_now(self.key) or {}
        assert (self.delivered.get(self._newest()) == "removal") == ("removedAt" in record)
        if self.shown is None:
            assert "status" not in record
        elif self.delivered[self.shown] == "result":
            assert ("PROCESSED", self.shown + 1) == (
                record["status"],
                record["metadata"]["wordCount"],
            )
        else:
            assert "processing_failed" == record["failure"]["code"]

    def _newest(self) -> int:
        return max(self.delivered, default=-1)

    def _next_sequencer(self) -> str:
        return f"{len(self.events):04X}" + "F" * (len(self.events) % 3)


def test_the_newest_upload_stands(stack: Stack) -> None:
    """Whatever happens to an object and its events, its record is the newest one heard of."""
    machine = type("Machine", (Uploads,), {"stack": stack})

    def fault(call: Call) -> int | None:
        is_missing = any(call.path.endswith(key) for key in Uploads.missing)
        return 403 if call.name == "GetObject" and is_missing else None

    assert stack.account.endpoint
    with (
        stack.no_events(),
        faulty_aws(stack.account.endpoint, fault) as url,
        stack.environment("process_upload", AWS_ENDPOINT_URL_S3=url),
    ):
        run(machine, examples=20, steps=12)
