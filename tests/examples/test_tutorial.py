"""The commands of the tutorial work as they are printed there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from infra.aws.stage import ROOT
from tests.support.stack import PASSWORD, Stack

DOCUMENT = ROOT / "docs" / "tutorial.md"
"""Its blocks of bash are executed."""


def test_tutorial_works_with_curl_alone(stack: Stack, tmp_path: Path) -> None:
    """The commands of the tutorial succeed in order and print what it describes."""
    stack.sign_in("reader")
    blocks = re.findall(r"^```bash\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S)
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "API": stack.api_url,
            "COGNITO": stack.account.endpoint or "",
            "CLIENT_ID": stack.outputs["UserPoolClientId"],
            "EMAIL": "reader@example.com",
            "PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (0, "") == (finished.returncode, finished.stderr)
    record, page, same, status = finished.stdout.splitlines()
    assert ("PROCESSED", "résumé.txt") == (
        json.loads(record)["status"],
        json.loads(record)["fileName"],
    )
    assert [json.loads(record)] == json.loads(page)["documents"]
    assert ("the same", "404") == (same, status)
