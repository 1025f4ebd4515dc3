"""A deployed stage as tests use it: put files in, see records, log lines and calls come out."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from chalicelib.documents import document_id_of
from infra.stage import Account, Stage
from tests.waiting import eventually


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
            Key={"documentId": {"S": document_id_of(self.bucket, key)}},
            ConsistentRead=True,
        ).get("Item")
        if item is None:
            return None
        deserialize = TypeDeserializer().deserialize
        return {name: deserialize(value) for name, value in item.items()}

    def record(self, key: str, status: str | None = None) -> dict[str, Any]:
        """The record of the object with this key, once it is there (and has this status)."""

        def look() -> dict[str, Any] | None:
            record = self.record_now(key)
            return record if record and status in (None, record["status"]) else None

        return eventually(look, f"a record of {key} with status {status or 'of any kind'}")

    def put_record(self, key: str, **attributes: Any) -> None:
        """Write a record of the object with this key as somebody else would have."""
        serialize = TypeSerializer().serialize
        record = {"documentId": document_id_of(self.bucket, key), **attributes}
        self.account.dynamodb.put_item(
            TableName=self.table,
            Item={name: serialize(value) for name, value in record.items()},
        )

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON body of GET on the API."""
        try:
            with urllib.request.urlopen(self.api_url + path) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def invoke(self, function: str, event: object) -> dict[str, Any]:
        """Run a function and wait for it; the error it ended with, or empty."""
        answer = self.account.lambda_.invoke(
            FunctionName=self.stage.functions[function], Payload=json.dumps(event)
        )
        payload = json.loads(answer["Payload"].read())
        return dict(payload) if answer.get("FunctionError") else {}

    def lines(self, function: str, containing: str) -> list[str]:
        """The lines of a function's log that have this in them, oldest first."""
        pages = self.account.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.stage.functions[function]}"
        )
        messages = [event["message"] for page in pages for event in page["events"]]
        return [message.strip() for message in messages if containing in message]

    def calls(self, resource: str) -> list[str]:
        """The calls that functions made on a resource by this name, such as `GetObject`."""
        cloudtrail = boto3.client(
            "cloudtrail",
            endpoint_url=self.account.endpoint,
            region_name=self.account.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        pages = cloudtrail.get_paginator("lookup_events").paginate()
        return [
            event["EventName"]
            for page in pages
            for event in page["Events"]
            if event["AccessKeyId"].startswith("ASIA")  # a session: a function's role
            and resource in event["CloudTrailEvent"] + str(event["Resources"])
        ]

    @contextmanager
    def environment(self, function: str, **variables: str) -> Iterator[None]:
        """Run a function with further environment variables while the block lasts."""
        lambda_, name = self.account.lambda_, self.stage.functions[function]
        before = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        lambda_.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**before, **variables}}
        )
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
        try:
            yield
        finally:
            lambda_.update_function_configuration(
                FunctionName=name, Environment={"Variables": before}
            )
            lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)


def created_event(
    bucket: str, key: str, e_tag: str, sequencer: str = "0055AED6DCD90281E5", size: int = 1
) -> dict[str, Any]:
    """An S3 event that tells of one created object; `key` as it is in the bucket."""
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
