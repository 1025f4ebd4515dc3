"""The story in the documentation works as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from infra.stage import ROOT
from tests.stack import PASSWORD, Stack

DOCUMENT = ROOT / "README.md"
"""Where the story is told, in its blocks of bash."""


def test_the_story_works_with_curl_alone(stack: Stack, tmp_path: Path) -> None:
    """The document's own commands, one after the other, as a reader would run them."""
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
