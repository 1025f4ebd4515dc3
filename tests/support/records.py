"""Records without files, for what only shows or lists them."""

from __future__ import annotations

from typing import Any

from tests.support.stack import Stack


def put_records(stack: Stack, name: str, count: int, **more: Any) -> None:
    """Put records of a user; every fifth is FAILED. There are no files."""
    sub = stack.account.cognito.admin_get_user(
        UserPoolId=stack.outputs["UserPoolId"], Username=f"{name}@example.com"
    )["UserAttributes"]
    owner = next(item["Value"] for item in sub if item["Name"] == "sub")
    for number in range(count):
        state: dict[str, Any] = {"status": "PROCESSED", **more}
        if number % 5 == 4:
            failure = {"code": "encrypted", "message": "The file needs a password."}
            state = {"status": "FAILED", "failure": failure}
        defaults = {
            "fileName": f"record {number}.txt",
            "fileType": "text/plain",
            "fileSize": 5,
            "owner": owner,
            "uploadedAt": f"2026-11-20T12:{number:02}:00.000Z",
        }
        stack.put_record(stack.new_key(), **defaults | state)
