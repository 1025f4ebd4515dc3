"""Files made to take more than they are worth: each ends soon, and takes nothing down with it."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.documents import FailureCode
from chalicelib.files.sandbox import Sandbox
from chalicelib.files.types import SUPPORTED_TYPES
from chalicelib.files.validation import Limits, Validation, validate
from infra.aws.stage import ROOT
from infra.build.chalice_project import read_config
from tests.support import bombs, files
from tests.support.processes import MEBIBYTE, peak_memory, sandbox_workers
from tests.support.stack import Stack, created_event

LARGEST = int(read_config(ROOT)["environment_variables"]["LARGEST_FILE_BYTES"])
LIMITS = Limits(largest_file_bytes=LARGEST, allowed_types=SUPPORTED_TYPES)
GROUP_MEGABYTES = 512
"""Memory of the whole Lambda, including worker and child."""
LAMBDA_MEGABYTES = 120
"""Of which the Lambda itself takes no more than this."""
SECONDS_TO_WRITE = 18
"""What app.py keeps of the function's time for the write."""

TIMEOUT = FailureCode.EXTRACTION_TIMEOUT
CRASHED = FailureCode.EXTRACTION_CRASHED
UNREADABLE = FailureCode.UNREADABLE


@dataclass(frozen=True)
class Bomb:
    """A file and what may become of it: that depends on how fast the machine is."""

    make: Callable[[], bytes]
    codes: tuple[FailureCode | None, ...]
    """None: PROCESSED."""


BOMBS = {
    "1 GB in a stream of 1 MB": Bomb(partial(bombs.flate, 1024 * MEBIBYTE), (CRASHED,)),
    "1 GB in a stream of 3 kB": Bomb(partial(bombs.flate, 1024 * MEBIBYTE, times=2), (CRASHED,)),
    "a content of 1,000 pages": Bomb(partial(bombs.shared_content, 1_000), (TIMEOUT,)),
    "page tree that loops": Bomb(bombs.looping_page_tree, (UNREADABLE,)),
    "10^9 nested forms": Bomb(partial(bombs.nested_forms, 9, 10), (CRASHED, TIMEOUT)),
    "a form shown 4,900 times": Bomb(partial(bombs.form_shown_often, 4_900), (CRASHED, TIMEOUT)),
    # Without a font, which PDFium does not regard as text.
    "string of 60 MB": Bomb(partial(bombs.long_string, 60_000_000), (None, CRASHED, TIMEOUT)),
    "title of 30 MB": Bomb(partial(bombs.long_title, 30_000_000), (None, CRASHED, TIMEOUT)),
    "a million objects": Bomb(partial(bombs.many_objects, 1_000_000), (UNREADABLE, TIMEOUT)),
    "arrays 100,000 deep": Bomb(partial(bombs.deep_array, 100_000), (UNREADABLE,)),
    "JPEG of 50 MB of segments": Bomb(
        partial(bombs.jpeg_of_segments, LARGEST - 2), (UNREADABLE, TIMEOUT)
    ),
    "zip bomb": Bomb(partial(bombs.zip_bomb, 128 * MEBIBYTE), (UNREADABLE, TIMEOUT)),
    "a million entities": Bomb(partial(bombs.many_entities, 1_000_000), (None, TIMEOUT)),
    "JSON of 50 MB in an array": Bomb(partial(bombs.long_array, LARGEST - 2), (None, TIMEOUT)),
    "mail of 20,000 parts": Bomb(partial(bombs.many_parts, 20_000), (UNREADABLE,)),
    "50 MB of text in a line": Bomb(partial(bombs.one_line, LARGEST), (None, TIMEOUT)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that only this module's worker has in `sys.path`, which identifies it."""
    return tmp_path_factory.mktemp("bombs")


@pytest.fixture(scope="module")
def isolated(folder: Path) -> Iterator[Sandbox]:
    """One sandbox for all bombs, as in a warm Lambda."""
    isolated = Sandbox({}, extraction_seconds=60, min_seconds=0)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(folder)
        yield isolated
    isolated.close()


def inspected(isolated: Sandbox, content: bytes, seconds: float) -> Validation:
    """The inspection of a content for whose extraction there is so much time."""
    end = time.monotonic() + seconds
    analyze = partial(isolated.analyze, seconds_left=lambda: end - time.monotonic())
    return validate(io.BytesIO(content), len(content), None, LIMITS, analyze)


@pytest.mark.parametrize("name", BOMBS)
def test_bomb(isolated: Sandbox, folder: Path, name: str) -> None:
    """A bomb ends in time and within its memory, known by type and hash, as does the next file."""
    bomb = BOMBS[name]
    content = bomb.make()
    ordinary = inspected(isolated, files.pdf(), 20)
    started = time.monotonic()
    with peak_memory(sandbox_workers(folder)[0]) as peak:
        found = inspected(isolated, content, 2)
    took = time.monotonic() - started

    assert (found.failure.code if found.failure else None) in bomb.codes
    assert found.file_type
    assert hashlib.sha256(content).hexdigest() == found.sha256
    assert took < 2 + 1
    assert peak.megabytes < GROUP_MEGABYTES - LAMBDA_MEGABYTES
    assert ordinary.metadata
    assert ordinary == inspected(isolated, files.pdf(), 20)


def test_bombs_in_the_deployed_function(stack: Stack) -> None:
    """One warm Lambda takes them all, one attempt each, below 512 MB with all its processes."""
    with stack.timeout("process_upload", SECONDS_TO_WRITE + 6), stack.no_events():
        ordinary = processed(stack, files.pdf())
        [worker] = stack.workers("process_upload")
        for name in DEPLOYED:
            content = BOMBS[name].make()
            with peak_memory(worker) as peak:
                record = processed(stack, content)
            assert record.get("failure", {}).get("code") in BOMBS[name].codes
            assert len(content) == record["fileSize"]
            assert hashlib.sha256(content).hexdigest() == record["sha256"]
            assert peak.megabytes < GROUP_MEGABYTES
            assert ordinary["metadata"] == processed(stack, files.pdf())["metadata"]
            assert [worker] == stack.workers("process_upload")


DEPLOYED = [
    "1 GB in a stream of 1 MB",
    "10^9 nested forms",
    "a form shown 4,900 times",
    "string of 60 MB",
    "JPEG of 50 MB of segments",
]
"""One of each way to end, since each takes its time."""


def processed(stack: Stack, content: bytes) -> dict[str, Any]:
    """The record of a file that is put now, written by the first and only attempt."""
    key = stack.new_key()
    e_tag = stack.put(key, content)
    assert {} == stack.invoke("process_upload", created_event(stack.bucket, key, e_tag))
    return stack.record(key)
