"""Scans of objects: read, scanned and tagged with the role of a plan, then published."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import request_scope
from ministack.services import eventbridge

from infra.local.guardduty.clamav import ClamAv
from infra.local.guardduty.faults import Fault, Rule, Rules
from infra.local.guardduty.plans import Plan
from infra.local.guardduty.verdicts import (
    DETAIL_TYPE,
    NOT_READABLE,
    SOURCE,
    TAG,
    Result,
    ScannedObject,
    Verdict,
    build_detail,
    verdict_from_reply,
)

PARALLEL = 4
_CHUNK_BYTES = 262_144
_GONE = {"NoSuchKey", "404", "NoSuchVersion", "PreconditionFailed", "412"}

logger = logging.getLogger(__name__)


class State(StrEnum):
    """How far a scan is."""

    WAITING = "waiting"
    HELD = "held"
    """Scanned, and not published or not tagged yet."""
    DONE = "done"
    LOST = "lost"
    """It will not be published."""
    GONE = "gone"
    """The object was deleted or replaced first: there is no result."""


@dataclass
class Scan:
    """One scan of an object."""

    plan: Plan
    scanned: ScannedObject
    rule: Rule
    state: State = State.WAITING
    verdict: Verdict | None = None


class Scans:
    """All scans since the start, in the order of their events."""

    def __init__(self, clamav: ClamAv, rules: Rules) -> None:
        """With a ClamAV that runs."""
        self._clamav = clamav
        self._rules = rules
        self._scans: list[Scan] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(PARALLEL, "guardduty")

    def start(self, plan: Plan, scanned: ScannedObject) -> None:
        """Scan an object soon, as far as its rule allows."""
        rule = self._rules.of(scanned.bucket, scanned.key)
        scan = Scan(plan, scanned, rule)
        with self._lock:
            self._scans.append(scan)
        if rule.fault is Fault.DEAD:
            scan.state = State.LOST
        elif rule.fault is not Fault.SLOW:
            self._pool.submit(self._run, scan)

    def release(self, bucket: str, prefix: str, *, is_reversed: bool) -> int:
        """Complete the scans that wait, one after the other; the number of them."""
        waiting = [
            scan
            for scan in self.under(bucket, prefix)
            if scan.state is State.HELD
            or (scan.state is State.WAITING and scan.rule.fault is Fault.SLOW)
        ]
        for scan in reversed(waiting) if is_reversed else waiting:
            if scan.state is State.WAITING:
                scan.rule = Rule(bucket, prefix, result=scan.rule.result)
                self._scan(scan)
            elif scan.rule.fault is Fault.UNTAGGED:
                self._tag(scan)
                scan.state = State.DONE
            else:
                self._publish(scan)
        return len(waiting)

    def under(self, bucket: str, prefix: str) -> list[Scan]:
        """The scans of the objects under a prefix."""
        covering = Rule(bucket, prefix)
        with self._lock:
            return [
                scan
                for scan in self._scans
                if covering.covers(scan.scanned.bucket, scan.scanned.key)
            ]

    def publish(self, plan: Plan, scanned: ScannedObject, verdict: Verdict) -> None:
        """Publish a result to EventBridge."""
        entry = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Time": int(datetime.now(UTC).timestamp()),
            "Resources": [plan.arn],
            "Detail": json.dumps(build_detail(verdict, scanned)),
        }
        with request_scope(plan.role.account, plan.role.region):
            # As a service does: clients may not publish events of sources that begin with "aws.".
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001 - see above

    def _run(self, scan: Scan) -> None:
        try:
            self._scan(scan)
        except Exception:  # of a thread, which nobody awaits
            logger.exception("The scan of %s failed", scan.scanned)
            raise

    def _scan(self, scan: Scan) -> None:
        """Read and scan an object, then tag it and publish the result."""
        scan.verdict = self._verdict(scan)
        if scan.verdict is None:
            scan.state = State.GONE
            return
        if scan.rule.fault is not Fault.UNTAGGED:
            self._tag(scan)
        match scan.rule.fault:
            case Fault.HELD:
                scan.state = State.HELD
            case Fault.LOST:
                scan.state = State.LOST
            case Fault.UNTAGGED:
                self._publish(scan)
                scan.state = State.HELD
            case Fault.TWICE:
                self._publish(scan)
                self._publish(scan)
            case _:
                self._publish(scan)

    def _publish(self, scan: Scan) -> None:
        assert scan.verdict is not None
        self.publish(scan.plan, scan.scanned, scan.verdict)
        scan.state = State.DONE

    def _verdict(self, scan: Scan) -> Verdict | None:
        """What the scan found; None if this version of the object is gone."""
        if scan.rule.result is not None:
            return Verdict(scan.rule.result)
        scanned = scan.scanned
        version: Any = {"VersionId": scanned.version_id} if scanned.version_id else {}
        try:
            answer = scan.plan.s3.get_object(
                Bucket=scanned.bucket, Key=scanned.key, IfMatch=f'"{scanned.e_tag}"', **version
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _GONE:
                return None
            if code == "AccessDenied":
                return Verdict(Result.ACCESS_DENIED, reasons=(NOT_READABLE,))
            return Verdict(Result.FAILED)
        try:
            return verdict_from_reply(self._clamav.scan(answer["Body"].iter_chunks(_CHUNK_BYTES)))
        except OSError:
            return Verdict(Result.FAILED)

    def _tag(self, scan: Scan) -> None:
        """Add the tag to the object's others, if the role may; GuardDuty then only reports that."""
        assert scan.verdict is not None
        if not scan.plan.tags_objects:
            return
        s3, scanned = scan.plan.s3, scan.scanned
        version: Any = {"VersionId": scanned.version_id} if scanned.version_id else {}
        try:
            tags = s3.get_object_tagging(Bucket=scanned.bucket, Key=scanned.key, **version)
            others = [tag for tag in tags["TagSet"] if tag["Key"] != TAG]
            s3.put_object_tagging(
                Bucket=scanned.bucket,
                Key=scanned.key,
                Tagging={"TagSet": [*others, {"Key": TAG, "Value": scan.verdict.result.value}]},
                **version,
            )
        except ClientError as error:
            logger.warning("The scanned object %s was not tagged: %s", scanned, error)
