"""Upgrade a stage from another commit, deployed by that commit's own code, and compare its data.

`python -m benchmarks.upgrade COMMIT` exits with 1 if a record, a file, a user or the API differs.

The local AWS cannot update an API. That the URL survives on AWS shows in what Chalice finds: the
API that the older version created, which it then updates (PutRestApi).
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.api_client import Client, send
from infra.aws.resources import rest_apis
from infra.aws.stage import Account, Stage
from infra.aws.users import User, get_id_token
from infra.build.chalice_project import copy_project
from infra.commands.deploy import deploy, deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.console import CommandError, echo
from infra.local.server import local_aws, stop_on_signals
from infra.local.workarounds import local_stage
from infra.paths import ROOT
from tests.support.stack import PASSWORD, Stack

NAME, EMAIL = "dev", "ada@example.com"


@dataclass(frozen=True)
class Data:
    """What a stage stores for a user."""

    records: list[dict[str, Any]]
    """Items of the table, by key."""
    files: dict[str, bytes]
    """As the API hands them out, by document id."""
    subject: str
    """The user's `sub`, which owns the documents."""
    api_id: str
    """Of the API that Chalice created, or is going to update."""


def main() -> int:
    """Run the upgrade; the exit code."""
    stop_on_signals()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upgrade")
    parser.add_argument("commit", help="the version to upgrade from")
    parser.add_argument("--documents", type=int, default=40, help="default: 40")
    asked = parser.parse_args()
    try:
        differences = upgrade(asked.commit, asked.documents)
    except CommandError as error:
        sys.stderr.write(f"intake: {error}\n")
        return 1
    echo("The data is the same." if not differences else f"Different: {', '.join(differences)}")
    return 1 if differences else 0


def upgrade(commit: str, documents: int) -> list[str]:
    """Deploy the commit, upload documents, deploy this version; the names of what differs."""
    with local_aws() as account, tempfile.TemporaryDirectory() as folder:
        old = _extract(commit, Path(folder) / "old")
        stage = local_stage(NAME, account, copy_project(Path(folder) / "new"))
        url = _deploy_old(old, account)
        stack = Stack(stage, url)
        client = _signed_in(stage, url)
        started = time.monotonic()
        ids = [
            client.upload(f"file {number}.txt", "text/plain", f"{number} words".encode())
            for number in range(documents)
        ]
        for document_id in ids:
            assert stack.settled(client, document_id)["status"] == "PROCESSED"
        echo(f"  {documents} documents uploaded in {time.monotonic() - started:.1f} s")
        before = _data(stack, client, ids, *rest_apis(stage))
        deploy_resources(stage)
        adopted = stage.get_deployed("rest_api")["rest_api_id"]
        started = time.monotonic()
        stack = Stack(stage, deploy(stage))
        echo(f"  Upgraded in {time.monotonic() - started:.1f} s")
        client = _signed_in(stage, stack.api_url)
        after = _data(stack, client, ids, adopted)
        differences = [
            name for name in Data.__annotations__ if getattr(before, name) != getattr(after, name)
        ]
        echo(
            f"  {len(after.records)} records, {len(after.files)} files, user {after.subject}, "
            f"API {after.api_id}"
        )
        added = client.upload("after.txt", "text/plain", b"one two three")
        if stack.settled(client, added)["status"] != "PROCESSED":
            differences.append("new documents")
        destroy(stage, confirmation_for(stage))
        return differences


def _extract(commit: str, folder: Path) -> Path:
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)  # noqa: S607 - the developer's git
    if archive.returncode:
        raise CommandError(f"git has no commit {commit}: {archive.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
        content.extractall(folder, filter="data")
    return folder


def _deploy_old(project: Path, account: Account) -> str:
    """Deploy with the commit's own command; the URL that it prints."""
    printed = subprocess.run(
        [sys.executable, "-m", "infra", "deploy", "--stage", NAME],
        cwd=project,
        env=dict(account.environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    echo(printed.rstrip())
    user = [sys.executable, "-m", "infra", "user", "--stage", NAME, "--email", EMAIL]
    environment = {**os.environ, **account.environment, "INTAKE_PASSWORD": PASSWORD}
    subprocess.run(user, cwd=project, env=environment, stdout=subprocess.DEVNULL, check=True)
    return next(word for word in printed.split() if word.startswith("http") and "restapis" in word)


def _signed_in(stage: Stage, url: str) -> Client:
    return Client(url, get_id_token(stage, User(EMAIL, PASSWORD)))


def _data(stack: Stack, client: Client, ids: list[str], api_id: str) -> Data:
    scanned = stack.account.dynamodb.scan(TableName=stack.table, ConsistentRead=True)["Items"]
    # A deployment adds statusTime to the records of versions without it.
    items = [{name: item[name] for name in item.keys() - {"statusTime"}} for item in scanned]
    answers = {
        document_id: client.call("GET", f"documents/{document_id}/content") for document_id in ids
    }
    user = stack.account.cognito.admin_get_user(
        UserPoolId=stack.outputs["UserPoolId"], Username=EMAIL
    )
    attributes = {item["Name"]: item.get("Value", "") for item in user["UserAttributes"]}
    return Data(
        records=sorted(items, key=lambda item: item["documentId"]["S"]),
        files={name: send("GET", answer.body["url"]).content for name, answer in answers.items()},
        subject=attributes["sub"],
        api_id=api_id,
    )


if __name__ == "__main__":
    sys.exit(main())
