"""`make local`: the whole stack on this machine until Ctrl-C."""

from __future__ import annotations

import json
import shutil
import signal

from infra.chalice_project import copy_project
from infra.console import say
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.stage import ROOT, Stage

FOLDER = ROOT / ".local"
STACK_FILE = FOLDER / "stack.json"


def local(port: int | None) -> None:
    """Deploy to a local AWS, describe it in .local/stack.json, and keep it until a signal.

    Raises:
        Problem: the port is in use, or another `make local` runs in this folder.
    """
    with local_aws(port) as account:
        project = FOLDER / "project"
        shutil.rmtree(project, ignore_errors=True)
        stage = Stage("local", account, copy_project(project))
        try:
            _describe(stage, deploy(stage))
            say(f"Ready. {STACK_FILE.relative_to(ROOT)} describes it. Ctrl-C ends it.")
            signal.pause()
        finally:
            STACK_FILE.unlink(missing_ok=True)
            shutil.rmtree(project, ignore_errors=True)


def _describe(stage: Stage, api_url: str) -> None:
    outputs = stage.outputs()
    description = {
        "endpoint": stage.account.endpoint,
        "region": stage.account.region,
        "apiUrl": api_url,
        "bucket": outputs["UploadBucketName"],
        "table": outputs["DocumentsTableName"],
        "failureQueueUrl": outputs["FailureQueueUrl"],
    }
    unfinished = STACK_FILE.with_suffix(".tmp")
    unfinished.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(STACK_FILE)  # whoever waits for the file never sees half of it
    say(json.dumps(description, indent=2))
