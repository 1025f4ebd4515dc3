"""Every line is one JSON object, whatever is logged and by whom."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.documents import escape_unprintable
from chalicelib.observability import JsonFormatter, printable_error
from infra.aws.stage import ROOT

FORMATTER = JsonFormatter("intake-dev")


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger that writes JSON, and what it wrote."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(FORMATTER)
    logger = logging.getLogger("intake-dev")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger, written
    logger.removeHandler(handler)


def the_line(written: io.StringIO) -> dict[str, Any]:
    """The only line that was written."""
    [line] = written.getvalue().splitlines()
    return dict(json.loads(line))


def test_a_line_has_the_fields_that_queries_use(logger: tuple[logging.Logger, io.StringIO]) -> None:
    """Level, message, logger, stack and fields are there, what is not known is absent."""
    log, written = logger
    log.info("File %s", "a.txt", extra={"fields": {"fileSize": 3}})
    line = the_line(written)
    assert line.pop("timestamp").endswith("Z")
    assert {
        "level": "INFO",
        "message": "File a.txt",
        "logger": "intake-dev",
        "stack": "intake-dev",
        "fileSize": 3,
    } == line


@pytest.mark.parametrize(
    "name",
    [
        'x"}\n{"level": "INFO", "message": "forged"}',
        "a\rb",
        "next\x85line",
        "separator\u2028here",
        "\u2029paragraph",
        "\x1b[31mred",
        "half of a pair \ud800",
        "مرحبا 你好",
        "nul\x00",
        "fdp.\u202egpj.exe",
    ],
    ids=ascii,
)
def test_no_name_breaks_a_line(name: str) -> None:
    """Whatever is in a name, there is one line of printable ASCII, and its values are printable."""
    record = {"msg": "File %s", "args": (name,), "fields": {"objectKey": name, "fileSize": 3}}
    text = FORMATTER.format(logging.makeLogRecord(record))
    assert text.isascii()
    assert text.isprintable()
    line = json.loads(text)
    escaped = escape_unprintable(name)
    assert escaped.isprintable()
    assert (f"File {escaped}", escaped, 3) == (
        line["message"],
        line["objectKey"],
        line["fileSize"],
    )


def test_a_traceback_keeps_only_its_line_breaks(
    logger: tuple[logging.Logger, io.StringIO],
) -> None:
    """Other unprintable characters of an exception's message are escaped."""
    log, written = logger
    try:
        raise ValueError("red \x1b[31m and reversed \u202e")
    except ValueError:
        log.exception("Caught exception")
    last = the_line(written)["exception"].split("\n")[-1]
    assert r"ValueError: red \x1b[31m and reversed \u202e" == last


class NamedError(Exception):
    """An error whose text is not in its arguments, as that of some libraries."""

    def __str__(self) -> str:
        """What it quotes."""
        return "No access to a\nERROR forged\u202etxt"


def test_an_error_that_leaves_a_function_is_printable() -> None:
    """Lambda logs the class name, the message and the traceback; all but the message are kept."""
    try:
        raise NamedError
    except NamedError as raised:
        error = printable_error(raised)
    assert r"No access to a\nERROR forged\u202etxt" == str(error)
    assert ("NamedError", __name__) == (type(error).__name__, type(error).__module__)
    [frame] = traceback.extract_tb(error.__traceback__)
    assert "raise NamedError" == frame.line


def test_an_exception_is_one_line(logger: tuple[logging.Logger, io.StringIO]) -> None:
    """A traceback, as Chalice logs one for a route that raises, stands in the line."""
    log, written = logger
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.exception("Caught exception for path %s", "/documents/x")
    line = the_line(written)
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert line["exception"].endswith("ValueError: two\nlines")


def test_metrics_take_the_time_of_the_line(logger: tuple[logging.Logger, io.StringIO]) -> None:
    """CloudWatch's directives come with a time in milliseconds; without any there is no `_aws`."""
    log, written = logger
    log.info("one", extra={"fields": {}, "metrics": [{"Namespace": "Intake"}]})
    log.info("two", extra={"fields": {}, "metrics": []})
    first, second = map(json.loads, written.getvalue().splitlines())
    assert [{"Namespace": "Intake"}] == first["_aws"]["CloudWatchMetrics"]
    assert 13 == len(str(first["_aws"]["Timestamp"]))
    assert "_aws" not in second


OTHERS = """
import logging, sys, warnings
from chalicelib.observability import JsonFormatter, configure_json_logs
if "lambda" in sys.argv:
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
formatter = JsonFormatter("intake-dev")
configure_json_logs(formatter, logging.getLogger("intake-dev"))
formatter.request_id = "the request"
logging.getLogger("botocore.retries").warning("of a library")
warnings.warn("of nobody in particular")
"""


@pytest.mark.parametrize("where", ["lambda", "elsewhere"])
def test_lines_of_libraries_are_json_too(where: str) -> None:
    """What other libraries log, and warnings, are JSON, whether or not Lambda has a handler."""
    finished = subprocess.run(
        [sys.executable, "-c", OTHERS, where],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in (finished.stdout + finished.stderr).splitlines()]
    assert ["botocore.retries", "py.warnings"] == [line["logger"] for line in lines]
    assert "of a library" == lines[0]["message"]
    assert {"the request"} == {line["requestId"] for line in lines}
