"""examples/python/upload.py makes one document of a file, whatever is lost on the way."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path

import pytest

from infra.api_client import Client
from tests.support.dropping import dropping_responses
from tests.support.examples import PYTHON_UPLOAD, run, variables_for
from tests.support.stack import Stack


@pytest.fixture
def monty(stack: Stack) -> Client:
    """The user of the program."""
    return stack.sign_in("monty")


def names(client: Client) -> list[str]:
    """The names of a user's documents, PENDING ones not included."""
    return [item["fileName"] for item in client.call("GET", "documents").body["documents"]]


def test_lost_responses_make_no_second_document(
    stack: Stack, monty: Client, tmp_path: Path
) -> None:
    """The responses to sign-in, POST, PUT and GET are dropped once each: one document."""
    content = b"one two three"
    (tmp_path / "dropped.txt").write_bytes(content)
    variables = variables_for(stack, "monty")
    with dropping_responses(stack.account.endpoint or "") as dropped:
        environment = variables | dropped.entry(variables)
        finished = run(*PYTHON_UPLOAD, "dropped.txt", cwd=tmp_path, environment=environment)
    assert 0 == finished.returncode, finished.stderr
    record = json.loads(finished.stdout)
    assert ("PROCESSED", hashlib.sha256(content).hexdigest()) == (
        record["status"],
        record["sha256"],
    )
    assert ["GET", "POST", "POST", "PUT"] == sorted(name.split()[0] for name in dropped.dropped)
    assert 1 == names(monty).count("dropped.txt")


def test_a_stored_file_is_not_sent_again(stack: Stack, monty: Client, tmp_path: Path) -> None:
    """With the id of a processed document, the program prints its record."""
    (tmp_path / "again.txt").write_text("one two three")
    variables, document_id = variables_for(stack, "monty"), str(uuid.uuid4())
    for _attempt in range(2):
        finished = run(
            *PYTHON_UPLOAD, "again.txt", document_id, cwd=tmp_path, environment=variables
        )
        assert (0, f"{document_id}\n") == (finished.returncode, finished.stderr)
        assert document_id == json.loads(finished.stdout)["documentId"]
    assert 1 == names(monty).count("again.txt")


def test_a_refusal_shows_the_reason(stack: Stack, tmp_path: Path) -> None:
    """A type that the stage does not allow: the API's error, and exit code 1."""
    (tmp_path / "font.woff2").write_text("one")
    finished = run(
        *PYTHON_UPLOAD, "font.woff2", cwd=tmp_path, environment=variables_for(stack, "monty")
    )
    assert 1 == finished.returncode
    assert '"code":"type_not_allowed"' in finished.stderr.replace(" ", "")
