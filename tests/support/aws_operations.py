"""Which IAM actions HTTP requests to AWS need, by botocore's service models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import botocore.session
from botocore.model import StructureShape

from tests.support.faults import Call

_SERVICES = {"monitoring": "cloudwatch"}
"""botocore's names of services that sign with another name."""

_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:CopyObject": "s3:PutObject",  # differs in a header only
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
}
"""Operations whose action has another name (Service Authorization Reference)."""

_CREDENTIAL = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_PLACEHOLDER = re.compile(r"\\\{(\w+)(\\\+)?\\\}")


class _Route(NamedTuple):
    operation: str
    method: str
    path: re.Pattern[str]
    query: dict[str, str]
    """Parameters with these values distinguish it from operations with the same path."""
    required: frozenset[str]
    """Parameters with any value."""


def action_of(call: Call) -> str | None:
    """The IAM action that a request needs, such as `lambda:CreateFunction`.

    None for a request that is not signed with SigV4: to the API, or with a presigned URL.

    Raises:
        ValueError: no operation of the service is called like this.
    """
    found = _CREDENTIAL.search(call.authorization)
    if not found:
        return None
    service = _SERVICES.get(found[1], found[1])
    if service == "apigateway":  # its actions are HTTP methods
        return f"apigateway:{call.method}"
    operation = f"{service}:{_operation(service, call)}"
    return _ACTIONS.get(operation, operation)


def _operation(service: str, call: Call) -> str:
    if call.operation:
        return call.name
    if "/operation/" in call.path:  # Smithy's protocol of CloudWatch
        return call.path.rpartition("/")[2]
    if action := parse_qs(call.body.decode("latin-1")).get("Action"):
        return action[0]
    url = urlsplit(call.path)
    path = unquote(url.path)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    candidates = [
        (len(route.query), route)
        for route in _routes(service)
        if route.method == call.method
        and route.path.fullmatch(path)
        and route.query.items() <= query.items()
        and route.required <= query.keys()
    ]
    if not candidates:
        raise ValueError(f"no operation of {service} is called with {call.method} {call.path}")
    return max(candidates, key=lambda candidate: candidate[0])[1].operation


@cache
def _routes(service: str) -> list[_Route]:
    return list(_read_routes(service))


def _read_routes(service: str) -> Iterator[_Route]:
    model = botocore.session.get_session().get_service_model(service)
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri = urlsplit(http["requestUri"])
        pattern = _PLACEHOLDER.sub(
            lambda placeholder: ".+" if placeholder[2] else "[^/]+", re.escape(uri.path)
        )
        query = dict(parse_qsl(uri.query, keep_blank_values=True))
        required = frozenset(_required_parameters(model.operation_model(name).input_shape))
        yield _Route(name, http["method"], re.compile(f"{pattern}/?"), query, required)


def _required_parameters(shape: StructureShape | None) -> Iterator[str]:
    if shape is None:
        return
    for name in shape.required_members:
        serialization = shape.members[name].serialization
        if serialization.get("location") == "querystring":
            yield serialization["name"]
