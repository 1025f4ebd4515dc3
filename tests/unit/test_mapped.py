"""Mapped files are files and memory at once."""

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
    """A mapped file has the content twice; closing it closes its descriptor only."""
    descriptor = os.open(path, os.O_RDONLY)
    with MappedFile(descriptor) as file:
        memory = memory_of(file)
        assert memory is file.mapping
        assert (7_000, b"contentc", b"tent") == (len(memory), memory[:8], memory[-4:])
        assert b"content" * 1_000 == file.read()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)
    assert b"contentc" == memory[:8]


def test_file_in_memory() -> None:
    """The memory of another file is all of its bytes, wherever it is positioned."""
    file = io.BytesIO(b"content")
    file.read(3)

    assert b"content" == memory_of(file)[:]


def test_mapping_outlives_the_limit(path: Path) -> None:
    """A process that may not open any further descriptor reads a file that it has mapped."""
    script = (
        "import os, resource, sys; from chalicelib.files.mapped import *\n"
        "file = MappedFile(os.open(sys.argv[1], os.O_RDONLY))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n"
        "print(file.mapping[:7], file.read(7))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout == "b'content' b'content'\n"
