"""What process_upload needs of Lambda for the largest file that a stage allows: time and /tmp.

Standard library only; `make deploy` applies the results.
"""

from __future__ import annotations

import math

MIB = 1_024**2

DEFAULT_TMP_MIB = 512
"""Of every function, free of charge."""
MAX_TMP_MIB = 10_240
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html"""
SANDBOX_TMP_MIB = 64
"""For up to two copies of Python, which the sandbox's workers run from, beside the file."""
MAX_FILE_BYTES = (MAX_TMP_MIB - SANDBOX_TMP_MIB) * MIB

MAX_LAMBDA_SECONDS = 900
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

SECONDS_TO_OPEN = 24
"""Worst case of opening an object: runtime.MAX_ATTEMPTS timeouts with botocore's backoff of at most
1 s and 2 s between them (botocore, ExponentialBackoff)."""
SECONDS_TO_WRITE = 18
"""Worst case of a write and its notification: likewise, with a margin for the function itself."""
DOWNLOAD_BYTES_PER_SECOND = 25_000_000
"""A third of what one connection to S3 usually transfers to a function of 1 GB."""


def tmp_mib(largest_file_bytes: int) -> int:
    """The size of /tmp in MiB for files of up to this size."""
    return max(DEFAULT_TMP_MIB, math.ceil(largest_file_bytes / MIB) + SANDBOX_TMP_MIB)


def timeout_seconds(largest_file_bytes: int, extraction_seconds: int) -> int:
    """The timeout in which a file of up to this size is recorded, at most Lambda's maximum."""
    seconds = seconds_to_download(largest_file_bytes) + extraction_seconds + SECONDS_TO_WRITE
    return min(MAX_LAMBDA_SECONDS, math.ceil(seconds))


def seconds_to_download(size_bytes: int) -> float:
    """The time that opening and reading an object of this size takes on a slow day."""
    return SECONDS_TO_OPEN + size_bytes / DOWNLOAD_BYTES_PER_SECOND
