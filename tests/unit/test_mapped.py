"""Mapped files are files and memory at once, without a further descriptor."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.files.mapped import MappedFile, memory_of
from infra.aws.stage import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to map."""
    path = tmp_path / "content"
    path.write_bytes(b"content" * 1_000)
    return path


def test_file_and_memory(path: Path) -> None:
    """A mapped file has the content twice, and closing it closes its descriptor."""
    descriptor = os.open(path, os.O_RDONLY)
    with MappedFile(descriptor) as file:
        memory = memory_of(file)
        assert memory is file.mapping
        assert (7_000, b"contentc", b"tent") == (len(memory), memory[:8], memory[-4:])
        assert b"content" * 1_000 == file.read()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)


def test_file_in_memory() -> None:
    """The memory of another file is all of its bytes, wherever it is positioned."""
    file = io.BytesIO(b"content")
    file.read(3)

    assert b"content" == memory_of(file)


def test_no_further_descriptor(path: Path) -> None:
    """A process that may not open any descriptor maps and reads a file that is open."""
    script = (
        "import os, resource, sys; from chalicelib.files.mapped import *\n"
        "descriptor = os.open(sys.argv[1], os.O_RDONLY)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n"
        "print(MappedFile(descriptor).mapping[:7])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout == "b'content'\n"
