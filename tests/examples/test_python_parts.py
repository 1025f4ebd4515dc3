"""examples/python/upload.py resumes an upload in parts by its document's id."""

from __future__ import annotations

import hashlib
import re
import subprocess
import uuid
from collections import Counter
from pathlib import Path

import pytest

from infra.api_client import Client
from tests.support.dropping import DroppedResponses, dropping_responses, name_of
from tests.support.examples import PYTHON_UPLOAD, environment_with, run, variables_for
from tests.support.faults import Call, ConnectionFault, faulty_aws
from tests.support.stack import Stack

CONTENT = b"one two three four five six seven\n" * 1_000_000
"""34 MB: five parts, of which the last one is smaller."""


@pytest.fixture
def monty(stack: Stack) -> Client:
    """The user of the program."""
    return stack.sign_in("monty")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the file to upload."""
    (tmp_path / "large.txt").write_bytes(CONTENT)
    return tmp_path


def parts_in(requests: Counter[str]) -> dict[int, int]:
    """How often each part was sent."""
    found = {re.search(r"^PUT .* partNumber=(\d+)$", name): n for name, n in requests.items()}
    return {int(match[1]): n for match, n in found.items() if match}


def expect_one_document(client: Client, document_id: str) -> None:
    """The record is of the whole file, and the user has no other document."""
    record = client.call("GET", f"documents/{document_id}").body
    assert ("PROCESSED", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()) == (
        record["status"],
        record["fileSize"],
        record["sha256"],
    )
    documents = client.call("GET", "documents?nameContains=large.txt").body["documents"]
    assert [document_id] == [item["documentId"] for item in documents]


def test_lost_responses_make_no_second_document(stack: Stack, monty: Client, folder: Path) -> None:
    """The response to every request is dropped once, the parts' and complete's included."""
    variables = variables_for(stack, "monty")
    with dropping_responses(stack.account.endpoint or "") as dropped:
        environment = variables | dropped.entry(variables)
        finished = run(*PYTHON_UPLOAD, "large.txt", cwd=folder, environment=environment)
    assert 0 == finished.returncode, finished.stderr
    document_id = finished.stderr.strip()
    assert dict.fromkeys(range(1, 6), 2) == parts_in(dropped.requests)
    assert 2 == sum(n for name, n in dropped.requests.items() if name.endswith("/complete"))
    expect_one_document(monty, document_id)
    assert 204 == monty.call("DELETE", f"documents/{document_id}").status


class Killer(DroppedResponses):
    """Kills a program when a request of it arrives, before or after the request is forwarded."""

    def __init__(self, number: int, fault: ConnectionFault) -> None:
        """Kill at this part; DROPPED: before it is forwarded, LOST: after it."""
        super().__init__(containing="")
        self.number, self.fault = number, fault
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self, call: Call) -> ConnectionFault | None:
        """Count the request; kill at the chosen part."""
        name = name_of(call)
        self.requests[name] += 1
        if self.process and name.startswith("PUT ") and name.endswith(f"={self.number}"):
            self.process.kill()
            return self.fault
        return None


def start_and_kill(stack: Stack, folder: Path, document_id: str, killer: Killer) -> dict[int, int]:
    """Start the program and kill it; the parts that arrived."""
    variables = variables_for(stack, "monty")
    with faulty_aws(stack.account.endpoint or "", killer, for_clients=True) as killer.url:
        killer.process = subprocess.Popen(
            [*PYTHON_UPLOAD, "large.txt", document_id],
            cwd=folder,
            env=environment_with(variables | killer.entry(variables)),
        )
        assert -9 == killer.process.wait(timeout=120)
    return parts_in(killer.requests)


def test_a_program_that_was_killed_twice_sends_only_what_is_missing(
    stack: Stack, monty: Client, folder: Path
) -> None:
    """Its only state is the document's id; what S3 has of the file is not sent again."""
    document_id = str(uuid.uuid4())
    first = start_and_kill(stack, folder, document_id, Killer(2, ConnectionFault.DROPPED))
    second = start_and_kill(stack, folder, document_id, Killer(4, ConnectionFault.LOST))
    variables, last = variables_for(stack, "monty"), Killer(0, ConnectionFault.LOST)
    with faulty_aws(stack.account.endpoint or "", last, for_clients=True) as last.url:
        environment = variables | last.entry(variables)
        finished = run(
            *PYTHON_UPLOAD, "large.txt", document_id, cwd=folder, environment=environment
        )
    assert 0 == finished.returncode, finished.stderr
    assert ([1, 2], [2, 3, 4], [5]) == (
        list(first),
        list(second),
        list(parts_in(last.requests)),
    )
    expect_one_document(monty, document_id)
    assert 204 == monty.call("DELETE", f"documents/{document_id}").status
