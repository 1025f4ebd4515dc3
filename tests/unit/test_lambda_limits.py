"""Time and /tmp of process_upload follow from the largest file."""

from __future__ import annotations

import json

import pytest

from chalicelib.lambda_limits import MAX_FILE_BYTES, MIB, timeout_seconds, tmp_mib
from infra.paths import ROOT


def test_the_defaults_need_what_every_function_has() -> None:
    """512 MiB of /tmp are free of charge, and Chalice's config has the timeout."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    settings = config["environment_variables"]
    largest, extraction = int(settings["LARGEST_FILE_BYTES"]), int(settings["EXTRACTION_SECONDS"])
    assert 512 == tmp_mib(largest)
    timeout = config["lambda_functions"]["process_upload"]["lambda_timeout"]
    assert timeout == timeout_seconds(largest, extraction)


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [(1, 512), (448 * MIB, 512), (448 * MIB + 1, 513), (5_120 * MIB, 5_184)],
)
def test_tmp_holds_the_file_beside_the_sandbox(size_bytes: int, expected: int) -> None:
    """A started MiB counts as a whole one."""
    assert expected == tmp_mib(size_bytes)


def test_the_largest_file_is_what_the_largest_tmp_holds() -> None:
    """One byte more would not fit into Lambda's 10,240 MiB."""
    assert 10_240 == tmp_mib(MAX_FILE_BYTES)
    assert 10_241 == tmp_mib(MAX_FILE_BYTES + 1)


def test_the_timeout_covers_download_and_extraction() -> None:
    """42 seconds are for the calls to S3 and DynamoDB in the worst case."""
    assert 42 + 10 + 1 == timeout_seconds(250_000_000, 1)
    assert 42 + 1 + 300 == timeout_seconds(25_000_000, 300)
    assert 484 == timeout_seconds(MAX_FILE_BYTES, 15)


def test_the_timeout_is_at_most_lambdas() -> None:
    """A setting may ask for more than a function can run."""
    assert 900 == timeout_seconds(MAX_FILE_BYTES, 900)
