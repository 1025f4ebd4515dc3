"""One run of the verification: its temporary users, and how it uploads and reads records."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from chalicelib.api.auth import OPERATORS
from chalicelib.documents import document_id_for
from chalicelib.events import Upload, build_event
from chalicelib.store import from_item
from infra.api_client import Client, Response, send
from infra.aws.stage import Stage
from infra.aws.users import get_id_token, get_or_create_user
from infra.console import CommandError
from infra.verification import leftovers
from infra.verification.waiting import wait_for

RECORD_SECONDS = 120
"""Maximum time from upload to record, a cold start and a retry included."""


@dataclass(frozen=True)
class UploadRequest:
    """A PUT that the API signed, ready to be sent."""

    document_id: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes

    def send(self) -> Response:
        """The answer of S3."""
        return send(self.method, self.url, self.headers, self.content)

    def with_header(self, name: str, value: str | None) -> UploadRequest:
        """The same PUT with another value of a header, or without it."""
        headers = {key: old for key, old in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=headers if value is None else {**headers, name: value})


@dataclass(frozen=True)
class Session:
    """One run of the verification on a stage."""

    stage: Stage
    api_url: str
    run_id: str
    document_ids: set[str] = field(default_factory=set)
    """Of the documents that the run created."""

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stage's stack."""
        return self.stage.outputs()

    @cached_property
    def settings(self) -> dict[str, str]:
        """The settings that the deployed API has."""
        function = self.stage.functions["api_handler"]
        answer = self.stage.account.lambda_.get_function_configuration(FunctionName=function)
        return answer["Environment"]["Variables"]

    @property
    def bucket(self) -> str:
        """The upload bucket."""
        return self.outputs["UploadBucketName"]

    @cached_property
    def user(self) -> Client:
        """A temporary user."""
        return self._sign_in("user")

    @cached_property
    def other(self) -> Client:
        """Another temporary user."""
        return self._sign_in("other")

    @cached_property
    def operator(self) -> Client:
        """A temporary operator."""
        return self._sign_in("operator", OPERATORS)

    def access_token(self) -> str:
        """The token of the temporary user that is not for this API."""
        email = leftovers.email(self.run_id, "user")
        user = get_or_create_user(self.stage, email, self._password)
        answer = self.stage.account.cognito.initiate_auth(
            ClientId=self.outputs["UserPoolClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
        )
        return answer["AuthenticationResult"]["AccessToken"]

    def request(self, client: Client, name: str, content: bytes, **more: object) -> UploadRequest:
        """Request the upload of a text."""
        answer = client.request_upload(name, "text/plain", len(content), **more)
        if answer.status != 201:
            raise CommandError(f"POST /uploads answered {answer.status}: {answer.content!r}")
        self.document_ids.add(answer.body["documentId"])
        upload = answer.body["upload"]
        return UploadRequest(
            answer.body["documentId"], upload["method"], upload["url"], upload["headers"], content
        )

    def put_directly(self, name: str, content: bytes) -> tuple[str, str]:
        """Put an object into the bucket, as other systems do; the document's id and the eTag."""
        key = leftovers.direct_key(self.run_id, name)
        answer = self.stage.account.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        document_id = document_id_for(self.bucket, key)
        self.document_ids.add(document_id)
        return document_id, answer["ETag"].strip('"')

    def record(self, document_id: str) -> dict[str, Any] | None:
        """A record as it is in the table; None if there is none."""
        answer = self.stage.account.dynamodb.get_item(
            TableName=self.outputs["DocumentsTableName"],
            Key={"documentId": {"S": document_id}},
            ConsistentRead=True,
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def result(self, document_id: str, e_tag: str | None = None) -> dict[str, Any]:
        """The record of a processed upload, of this version of its object if given."""

        def look() -> dict[str, Any] | None:
            found = self.record(document_id)
            if not found or found.get("status", "PENDING") in ("PENDING", "SCANNING"):
                return None
            return found if e_tag in (None, found["eTag"]) else None

        return wait_for("record of the upload", look, RECORD_SECONDS)

    def invoke(self, upload: Upload, *, in_background: bool = False) -> dict[str, Any]:
        """Run process_upload on the event of an upload; what the invocation returned."""
        answer = self.stage.account.lambda_.invoke(
            FunctionName=self.stage.functions["process_upload"],
            InvocationType="Event" if in_background else "RequestResponse",
            Payload=json.dumps(build_event(upload)),
        )
        payload = answer["Payload"].read()
        return dict(json.loads(payload) or {}) if payload else {}

    def clean_up(self) -> None:
        """Delete what this run created."""
        leftovers.delete(self.stage, self.run_id, self.document_ids)

    @cached_property
    def _password(self) -> str:
        return secrets.token_urlsafe(24) + "aA7"

    def _sign_in(self, name: str, *groups: str) -> Client:
        user = get_or_create_user(
            self.stage, leftovers.email(self.run_id, name), self._password, groups
        )
        return Client(self.api_url, get_id_token(self.stage, user))
