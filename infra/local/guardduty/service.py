"""The operations of GuardDuty that Intake and CloudFormation use, and the control of its faults."""

from __future__ import annotations

import atexit
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.local.guardduty.clamav import ClamAvError, running_clamav
from infra.local.guardduty.faults import Fault, Rule, Rules
from infra.local.guardduty.plans import Plan, create_plan, delete_rule, update_plan
from infra.local.guardduty.scans import Scan, Scans
from infra.local.guardduty.verdicts import Result, ScannedObject, Verdict
from infra.local.identity import Caller
from infra.local.protocol import ServiceError
from infra.local.services import ControlRequest


class GuardDuty:
    """GuardDuty of one local AWS. ClamAV starts with the first plan."""

    name = "guardduty"

    def __init__(self) -> None:
        """Without a plan."""
        self._plans: dict[str, Plan] = {}
        self._rules = Rules()
        self._started: Scans | None = None
        self._starting = threading.Lock()
        self._running = ExitStack()

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """The response to an operation.

        Raises:
            ServiceError: an error of the service's model, or an operation that Intake does not use.
        """
        match operation:
            case "CreateMalwareProtectionPlan":
                return {"MalwareProtectionPlanId": self.create(parameters, caller).plan_id}
            case "GetMalwareProtectionPlan":
                return _describe(self._plan(parameters["MalwareProtectionPlanId"]))
            case "ListMalwareProtectionPlans":
                plans = [{"MalwareProtectionPlanId": name} for name in list(self._plans)]
                return {"MalwareProtectionPlans": plans}
            case "UpdateMalwareProtectionPlan":
                self.update(parameters["MalwareProtectionPlanId"], parameters, caller)
                return {}
            case "DeleteMalwareProtectionPlan":
                self.delete(parameters["MalwareProtectionPlanId"])
                return {}
            case "SendObjectMalwareScan":
                self._scan_on_demand(parameters.get("S3Object", {}))
                return {}
        raise ServiceError("BadRequestException", f"{operation} does not exist here")

    def create(self, parameters: Mapping[str, Any], caller: Caller) -> Plan:
        """A new plan for a bucket that has none."""
        bucket = parameters["ProtectedResource"]["S3Bucket"]["BucketName"]
        if any(plan.bucket == bucket for plan in list(self._plans.values())):
            raise ServiceError("ConflictException", f"{bucket} is protected already", 409)
        self._scans()  # fails without ClamAV
        plan = create_plan(parameters, caller)
        self._plans[plan.plan_id] = plan
        return plan

    def update(self, plan_id: str, parameters: Mapping[str, Any], caller: Caller) -> Plan:
        """Change a plan."""
        plan = update_plan(self._plan(plan_id), parameters, caller)
        self._plans[plan_id] = plan
        return plan

    def delete(self, plan_id: str) -> None:
        """Delete a plan."""
        delete_rule(self._plan(plan_id))
        del self._plans[plan_id]

    def receive(self, plan_arn: str, event: Mapping[str, Any]) -> None:
        """Scan the new object of an S3 event that matched the managed rule of a plan."""
        plan = self._plans.get(plan_arn.rpartition("/")[2])
        created = event["detail"]["object"]
        if plan is not None and plan.covers(created["key"]):
            scanned = ScannedObject(
                plan.bucket, created["key"], created["etag"], created.get("version-id")
            )
            self._scans().start(plan, scanned)

    def control(self, request: ControlRequest) -> Any:
        """The response to a request of a test: see `tests.support.scanner`.

        Raises:
            ServiceError: for a request that is not understood.
        """
        try:
            return self._control(request)
        except (KeyError, TypeError, ValueError) as error:
            raise ServiceError("BadRequest", f"{request.path}: {error!r}") from None

    def _control(self, request: ControlRequest) -> Any:
        body = request.body
        match request.method, request.path:
            case "PUT", "rules":
                fault, result = body.get("fault"), body.get("result")
                self._rules.add(
                    Rule(
                        body["bucket"],
                        body["prefix"],
                        Fault(fault) if fault else None,
                        Result(result) if result else None,
                    )
                )
                return {}
            case "POST", "releases":
                released = self._scans().release(
                    body["bucket"], body["prefix"], is_reversed=body["reversed"]
                )
                return {"released": released}
            case "POST", "results":
                scanned = ScannedObject(body["bucket"], body["key"], body["eTag"])
                verdict = Verdict(Result(body["result"]), tuple(body.get("threats", ())))
                self._scans().publish(self._plan_of(scanned.bucket), scanned, verdict)
                return {}
            case "POST", "scans":
                scans = self._scans().under(body["bucket"], body["prefix"])
                return {"scans": [_describe_scan(scan) for scan in scans]}
        raise ServiceError("BadRequest", f"no such control: {request.method} {request.path}", 404)

    def _scan_on_demand(self, requested: Mapping[str, str]) -> None:
        """SendObjectMalwareScan: scans with the role of the bucket's plan, whatever its prefixes
        (https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-on-demand.html).
        """
        bucket, key = requested.get("Bucket", ""), requested.get("Key", "")
        plan = self._plan_of(bucket)
        if self._rules.of(bucket, key).fault is Fault.DEAD:
            raise ServiceError("InternalServerErrorException", "The scanner is unavailable", 500)
        version: Any = {"VersionId": requested["VersionId"]} if requested.get("VersionId") else {}
        try:
            head = plan.s3.head_object(Bucket=bucket, Key=key, **version)
        except ClientError as error:
            raise ServiceError("BadRequestException", f"{bucket}/{key}: {error}") from None
        e_tag = head["ETag"].strip('"')
        self._scans().start(plan, ScannedObject(bucket, key, e_tag, requested.get("VersionId")))

    def _scans(self) -> Scans:
        with self._starting:
            if self._started is None:
                folder = tempfile.mkdtemp(prefix="clamav-")
                try:
                    clamav = self._running.enter_context(running_clamav(Path(folder)))
                except ClamAvError as error:
                    raise ServiceError("InternalServerErrorException", str(error), 500) from None
                atexit.register(self._running.close)
                self._started = Scans(clamav, self._rules)
            return self._started

    def _plan(self, plan_id: str) -> Plan:
        if plan_id not in self._plans:
            raise ServiceError("ResourceNotFoundException", f"no plan {plan_id}", 404)
        return self._plans[plan_id]

    def _plan_of(self, bucket: str) -> Plan:
        for plan in list(self._plans.values()):
            if plan.bucket == bucket:
                return plan
        raise ServiceError("BadRequestException", f"{bucket} has no malware protection plan")


def _describe(plan: Plan) -> dict[str, Any]:
    prefixes = {"ObjectPrefixes": list(plan.prefixes)} if plan.prefixes else {}
    created_at: datetime = plan.created_at
    return {
        "Arn": plan.arn,
        "Role": plan.role.arn,
        "ProtectedResource": {"S3Bucket": {"BucketName": plan.bucket, **prefixes}},
        "Actions": {"Tagging": {"Status": "ENABLED" if plan.tags_objects else "DISABLED"}},
        "CreatedAt": created_at,
        "Status": "ACTIVE",
        "StatusReasons": [],
        "Tags": dict(plan.tags),
    }


def _describe_scan(scan: Scan) -> dict[str, Any]:
    return {
        "key": scan.scanned.key,
        "eTag": scan.scanned.e_tag,
        "state": scan.state.value,
        "result": scan.verdict.result.value if scan.verdict else None,
    }
