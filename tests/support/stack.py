"""A deployed stage as tests use it: put files in, see records, log lines and calls come out."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer

from chalicelib.documents import document_id_for, status_time
from chalicelib.store import from_item
from infra.api_client import Client
from infra.aws.logs import read_log_lines, recent_lines
from infra.aws.stage import Account, Stage
from infra.aws.users import get_id_token, get_or_create_user
from infra.build.chalice_project import PACKAGES
from tests.support.processes import below, environment_of
from tests.support.waiting import eventually

PASSWORD = "Correct-Horse-7"


@dataclass(frozen=True)
class AwsCall:
    """A call of a function's, as CloudTrail has it."""

    name: str
    """Such as `GetObject`."""
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """A deployed stage and the URL of its API."""

    stage: Stage
    api_url: str

    @property
    def account(self) -> Account:
        """Where it is deployed."""
        return self.stage.account

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Of its CloudFormation stack."""
        return self.stage.outputs()

    @property
    def bucket(self) -> str:
        """The upload bucket's name."""
        return self.outputs["UploadBucketName"]

    @property
    def table(self) -> str:
        """The documents table's name."""
        return self.outputs["DocumentsTableName"]

    def new_key(self, name: str = "file") -> str:
        """A key that no other test uses."""
        return f"{uuid.uuid4()}/{name}"

    def put(self, key: str, content: bytes, content_type: str = "", **metadata: str) -> str:
        """Put an object into the bucket; its eTag without quotes."""
        declared: Any = {"ContentType": content_type} if content_type else {}
        answer = self.account.s3.put_object(
            Bucket=self.bucket, Key=key, Body=content, Metadata=metadata, **declared
        )
        return answer["ETag"].strip('"')

    def record_now(self, key: str) -> dict[str, Any] | None:
        """The record of the object with this key as it is in the table; None if none."""
        item = self.account.dynamodb.get_item(
            TableName=self.table,
            Key={"documentId": {"S": document_id_for(self.bucket, key)}},
            ConsistentRead=True,
        ).get("Item")
        return None if item is None else from_item(item)

    def record(self, key: str, status: str | None = None) -> dict[str, Any]:
        """The record of the object with this key, once it is there (and has this status)."""

        def look() -> dict[str, Any] | None:
            record = self.record_now(key)
            return record if record and status in (None, record.get("status")) else None

        return eventually(look, f"a record of {key} with status {status or 'of any kind'}")

    def put_record(self, key: str, **attributes: Any) -> None:
        """Write a record of the object with this key; with statusTime, if it has a time."""
        serialize = TypeSerializer().serialize
        record = {"documentId": document_id_for(self.bucket, key), **attributes}
        if "uploadedAt" in attributes:
            record["statusTime"] = status_time(attributes["status"], attributes["uploadedAt"])
        self.account.dynamodb.put_item(
            TableName=self.table,
            Item={name: serialize(value) for name, value in record.items()},
        )

    def sign_in(self, name: str, *groups: str) -> Client:
        """A user with this name who uses the API; the same one for the same name."""
        email = f"{name}@example.com"
        user = get_or_create_user(self.stage, email, PASSWORD, groups)
        return Client(self.api_url, get_id_token(self.stage, user))

    def has_object(self, key: str) -> bool:
        """Whether there is an object with this key."""
        answer = self.account.s3.list_objects_v2(Bucket=self.bucket, Prefix=key)
        return any(item["Key"] == key for item in answer.get("Contents", []))

    def settled(self, client: Client, document_id: str) -> dict[str, Any]:
        """What the API answers for a document once it is no longer PENDING."""

        def look() -> dict[str, Any] | None:
            answer = client.call("GET", f"documents/{document_id}")
            is_settled = answer.status == 200 and answer.body["status"] != "PENDING"
            return answer.body if is_settled else None

        return eventually(look, f"a result for {document_id}")

    def delete_record(self, key: str) -> None:
        """Let there be no record of the object with this key."""
        self.account.dynamodb.delete_item(
            TableName=self.table,
            Key={"documentId": {"S": document_id_for(self.bucket, key)}},
        )

    def invoke(self, function: str, event: object) -> dict[str, Any]:
        """Run a function and wait for it; the error it ended with, or empty."""
        answer = self.account.lambda_.invoke(
            FunctionName=self.stage.functions[function], Payload=json.dumps(event)
        )
        payload = json.loads(answer["Payload"].read())
        return dict(payload) if answer.get("FunctionError") else {}

    def lines(self, function: str, containing: str) -> list[dict[str, Any]]:
        """The lines of a function's log with this in their message, oldest first.

        The local AWS searches for it: of all lines, it returns the oldest 10,000 and no more.
        """
        if containing:
            lines = recent_lines(self.stage, function, containing, datetime.fromtimestamp(0, UTC))
        else:
            lines = read_log_lines(self.stage, function)
        return [line for line in lines if containing in str(line.get("message"))]

    def calls(self, resource: str) -> list[str]:
        """The latest calls that functions made on a resource by this name, such as `GetObject`."""
        return [event["EventName"] for event in self._latest_events() if _is_on(event, resource)]

    def calls_by_function(self, *resources: str) -> dict[str, list[str]]:
        """Likewise of any of these resources, in alphabetical order, by the functions' names."""
        made: dict[str, list[str]] = {}
        for function in self.stage.functions:
            # Processes of one function share their key.
            keys = {environment_of(each)["AWS_ACCESS_KEY_ID"] for each in self.workers(function)}
            made[function] = [
                event["EventName"]
                for key in keys
                for event in self._look_up("AccessKeyId", key)
                if any(_is_on(event, name) for name in resources)
            ]
        return {function: sorted(names) for function, names in made.items() if names}

    @contextmanager
    def watched(self, client: Client) -> Iterator[list[AwsCall]]:
        """The calls that api_handler makes while the block lasts; to be read after it.

        Other functions may be at work for earlier tests, so api_handler's calls are known by its
        key, and that by the call for a document that nobody else asks for.
        """
        probe = str(uuid.uuid4())
        client.call("GET", f"documents/{probe}")
        before = self._latest_events()
        [key] = {event["AccessKeyId"] for event in before if probe in event["CloudTrailEvent"]}
        seen = {event["EventId"] for event in before}
        made: list[AwsCall] = []
        yield made
        for event in self._latest_events():
            if event["EventId"] not in seen and event["AccessKeyId"] == key:
                details = json.loads(event["CloudTrailEvent"])
                made.append(AwsCall(event["EventName"], details["requestParameters"] or {}))

    def _latest_events(self) -> list[dict[str, Any]]:
        """Functions' calls: CloudTrail returns the last 50 of all, and of each name."""
        names = ("GetObject", "HeadObject", "GetItem", "PutItem", "UpdateItem", "DeleteItem")
        looked_up = [self._look_up(), *(self._look_up("EventName", name) for name in names)]
        events = {event["EventId"]: event for found in looked_up for event in found}
        # A session's key: that of a function's role.
        return [event for event in events.values() if event["AccessKeyId"].startswith("ASIA")]

    def _look_up(self, attribute: str = "", value: str = "") -> list[dict[str, Any]]:
        """The last 50 calls, or those that have this attribute."""
        cloudtrail = boto3.client(
            "cloudtrail",
            endpoint_url=self.account.endpoint,
            region_name=self.account.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        attributes: Any = [{"AttributeKey": attribute, "AttributeValue": value}]
        selected = {"LookupAttributes": attributes} if attribute else {}
        return [dict(event) for event in cloudtrail.lookup_events(**selected)["Events"]]

    @contextmanager
    def no_events(self) -> Iterator[None]:
        """Disable the bucket's events to the functions while the block lasts."""
        s3, bucket = self.account.s3, self.bucket
        before: Any = s3.get_bucket_notification_configuration(Bucket=bucket)
        del before["ResponseMetadata"]
        others: Any = {
            name: value for name, value in before.items() if not name.startswith("Lambda")
        }
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=others)
        try:
            yield
        finally:
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=before
            )

    @contextmanager
    def environment(self, function: str, **variables: str) -> Iterator[None]:
        """Run a function with further environment variables while the block lasts."""
        before = self.configuration(function)["Environment"]["Variables"]
        with self._configured(function, Environment={"Variables": {**before, **variables}}):
            yield

    @contextmanager
    def timeout(self, function: str, seconds: int) -> Iterator[None]:
        """Let a function run so long at most while the block lasts."""
        with self._configured(function, Timeout=seconds):
            yield

    def workers(self, function: str) -> list[int]:
        """The processes that a function runs in, on this machine."""
        name = self.stage.functions[function]
        return [
            process
            for process in below(os.getpid())
            if environment_of(process).get("AWS_LAMBDA_FUNCTION_NAME") == name
        ]

    def package(self) -> Path:
        """The zip that the functions run from, as `chalice deploy` built it."""
        digest = base64.b64decode(self.configuration("api_handler")["CodeSha256"])
        packages = (self.stage.project / PACKAGES).glob("*.zip")
        return next(
            path for path in packages if hashlib.sha256(path.read_bytes()).digest() == digest
        )

    def configuration(self, function: str) -> dict[str, Any]:
        """A function's configuration: GetFunctionConfiguration."""
        name = self.stage.functions[function]
        return dict(self.account.lambda_.get_function_configuration(FunctionName=name))

    @contextmanager
    def _configured(self, function: str, **settings: Any) -> Iterator[None]:
        configuration = self.configuration(function)
        before = {name: configuration[name] for name in settings}
        self._configure(function, settings)
        try:
            yield
        finally:
            self._configure(function, before)

    def _configure(self, function: str, settings: dict[str, Any]) -> None:
        lambda_, name = self.account.lambda_, self.stage.functions[function]
        lambda_.update_function_configuration(FunctionName=name, **settings)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)


def _is_on(event: Mapping[str, Any], resource: str) -> bool:
    return resource in event["CloudTrailEvent"] + str(event["Resources"])


def created_event(
    bucket: str, key: str, e_tag: str, sequencer: str = "0055AED6DCD90281E5", size: int = 1
) -> dict[str, Any]:
    """An S3 event for one created object; `key` as it is in the bucket."""
    return {"Records": [created_record(bucket, key, e_tag, sequencer, size)]}


def created_record(
    bucket: str, key: str, e_tag: str, sequencer: str = "0055AED6DCD90281E5", size: int = 1
) -> dict[str, Any]:
    """One record of such an event (S3 user guide, "Event message structure")."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "2026-11-22T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {
                "key": urllib.parse.quote_plus(key),
                "size": size,
                "eTag": e_tag,
                "sequencer": sequencer,
            },
        },
    }


def removed_event(
    bucket: str, key: str, sequencer: str, name: str = "ObjectRemoved:Delete", version: str = ""
) -> dict[str, Any]:
    """An S3 event for one deleted object, or with a version for one in a versioned bucket."""
    removed: dict[str, Any] = created_record(bucket, key, "", sequencer)
    del removed["s3"]["object"]["size"], removed["s3"]["object"]["eTag"]
    removed["s3"]["object"] |= {"versionId": version} if version else {}
    return {"Records": [{**removed, "eventName": name, "eventTime": "2026-11-22T12:00:01.000Z"}]}
