"""examples/curl/upload.sh uploads a file once, whatever is lost on the way."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from infra.api_client import Client
from tests.support.dropping import dropping_responses
from tests.support.examples import FOLDER, run, variables_for
from tests.support.stack import Stack

SCRIPT = FOLDER / "curl" / "upload.sh"


@pytest.fixture
def curly(stack: Stack) -> Client:
    """The user of the script."""
    return stack.sign_in("curly")


def names(client: Client) -> list[str]:
    """The names of a user's documents, PENDING ones not included."""
    return [item["fileName"] for item in client.call("GET", "documents").body["documents"]]


def test_a_file_is_uploaded(stack: Stack, curly: Client, tmp_path: Path) -> None:
    """A name with special characters arrives; the record is the API's."""
    (tmp_path / 'a "résumé".txt').write_text("one two three")
    finished = run(
        SCRIPT, 'a "résumé".txt', cwd=tmp_path, environment=variables_for(stack, "curly")
    )
    assert 0 == finished.returncode, finished.stderr
    record = json.loads(finished.stdout)
    assert record == curly.call("GET", f"documents/{finished.stderr.strip()}").body
    assert ('a "résumé".txt', "PROCESSED") == (record["fileName"], record["status"])


def test_lost_responses_make_no_second_document(
    stack: Stack, curly: Client, tmp_path: Path
) -> None:
    """The responses to sign-in, POST, PUT and GET are dropped once each: one document."""
    (tmp_path / "dropped.txt").write_text("one two three")
    variables = variables_for(stack, "curly")
    with dropping_responses(stack.account.endpoint or "") as dropped:
        finished = run(
            SCRIPT, "dropped.txt", cwd=tmp_path, environment=variables | dropped.entry(variables)
        )
    assert 0 == finished.returncode, finished.stderr
    assert "PROCESSED" == json.loads(finished.stdout)["status"]
    assert ["GET", "POST", "POST", "PUT"] == sorted(name.split()[0] for name in dropped.dropped)
    assert 1 == names(curly).count("dropped.txt")


def test_a_stored_file_is_not_sent_again(stack: Stack, curly: Client, tmp_path: Path) -> None:
    """With the id of a processed document, the script prints its record."""
    (tmp_path / "again.txt").write_text("one two three")
    variables, document_id = variables_for(stack, "curly"), str(uuid.uuid4())
    for _attempt in range(2):
        finished = run(
            SCRIPT, "again.txt", "text/plain", document_id, cwd=tmp_path, environment=variables
        )
        assert 0 == finished.returncode, finished.stderr
    assert 1 == names(curly).count("again.txt")


@pytest.mark.parametrize(
    ("variable", "value", "status", "reason"),
    [
        ("INTAKE_PASSWORD", "Wrong-Horse-7", "400", "Incorrect username or password"),
        ("INTAKE_USER_POOL_CLIENT_ID", "none", "400", "ResourceNotFoundException"),
    ],
)
def test_a_failed_sign_in_stops(
    stack: Stack, tmp_path: Path, variable: str, value: str, status: str, reason: str
) -> None:
    """Cognito's reason is shown, and nothing is uploaded."""
    (tmp_path / "any.txt").write_text("one")
    variables = {**variables_for(stack, "curly"), variable: value}
    finished = run(SCRIPT, "any.txt", cwd=tmp_path, environment=variables)
    assert 0 != finished.returncode
    assert [status] == [line.split()[0] for line in finished.stderr.splitlines()[1:2]]
    assert reason in finished.stderr


def test_a_failed_document_is_an_exit_code(stack: Stack, tmp_path: Path) -> None:
    """A file whose content contradicts its type: its record shows why, and the code is 2."""
    (tmp_path / "false.pdf").write_text("no PDF")
    finished = run(
        SCRIPT,
        "false.pdf",
        "application/pdf",
        cwd=tmp_path,
        environment=variables_for(stack, "curly"),
    )
    assert 2 == finished.returncode
    assert "type_mismatch" == json.loads(finished.stdout)["failure"]["code"]
