"""The function of hosting.yaml, which CloudFront runs for each request."""

from __future__ import annotations

import json

import pytest
from cfnlint.decode import decode_str

from tests.support.examples import BIN, FOLDER, run


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/", "/index.html"),
        ("/document/", "/document/index.html"),
        ("/document", "/document/index.html"),
        ("/config.json", "/config.json"),
        ("/_next/static/a.b/c.js", "/_next/static/a.b/c.js"),
    ],
)
def test_a_path_has_the_key_of_its_page(path: str, key: str) -> None:
    """Pages are folders, with or without the final slash; files are what they are."""
    template, problems = decode_str((FOLDER / "nextjs" / "hosting.yaml").read_text("utf-8"))
    assert not problems
    code = template["Resources"]["IndexFunction"]["Properties"]["FunctionCode"]
    event = json.dumps({"request": {"uri": path}})
    program = f"{code}\nconsole.log(handler({event}).uri)"
    assert f"{key}\n" == run(BIN / "node", "-e", program, cwd=FOLDER).stdout
