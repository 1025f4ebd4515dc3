"""The sandbox contains crashes, hangs, memory exhaustion and invalid answers of a parser."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from chalicelib.documents import FailureCode, Metadata
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.sandbox import (
    ADDRESS_SPACE_FACTOR,
    MEMORY_BYTES,
    Sandbox,
    SandboxError,
)
from chalicelib.files.sandbox_process import TimeLimit
from infra.aws.stage import ROOT
from infra.build.chalice_project import read_config
from tests.support import bombs, files
from tests.support.hostile import replace_image_extractor
from tests.support.metadata import extract
from tests.support.processes import below, peak_memory, sandbox_workers
from tests.support.waiting import eventually

MEBIBYTE = 1_048_576
PATIENCE_SECONDS = 20.0
"""Far more than any file here takes that is not meant to take too long."""

WITHOUT_PROC = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="this system has no /proc: memory is not bounded"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that only this test's workers have in `sys.path`, which identifies them."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def sandboxed() -> Iterator[Sandbox]:
    """A sandbox that is closed after the test."""
    sandboxed = Sandbox({}, extraction_seconds=PATIENCE_SECONDS, min_seconds=0)
    yield sandboxed
    sandboxed.close()


@pytest.fixture
def hostile_parser(folder: Path) -> None:
    """Pictures are programs: the parser runs what stands in them, and answers with `width`."""
    replace_image_extractor(folder)


def seconds(limit: float) -> Callable[[], float]:
    """A time that runs out."""
    end = time.monotonic() + limit
    return lambda: end - time.monotonic()


def read(
    sandboxed: Sandbox,
    content: bytes | str,
    file_type: str = "image/avif",
    limit: float = PATIENCE_SECONDS,
) -> Metadata | FailureCode:
    """The sandbox's result for a file: its metadata or the rejection code."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        try:
            with Path(file.name).open("rb") as readable:
                examined = sandboxed.analyze(readable, [file_type], seconds(limit))
        except FileRejectedError as refusal:
            return refusal.code
    assert file_type == examined.file_type
    if examined.failure:
        return examined.failure.code
    assert examined.metadata is not None
    return examined.metadata


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        pytest.param(files.pdf(information={"Title": b"(A title)"}), "application/pdf", id="pdf"),
        pytest.param(files.encrypted_pdf(""), "application/pdf", id="AES, no password"),
        pytest.param(files.png(), "image/png", id="png"),
        pytest.param("naïve\n".encode(), "text/plain", id="text"),
    ],
)
def test_metadata(sandboxed: Sandbox, content: bytes, file_type: str) -> None:
    """A good file's metadata is what the extractor finds, from the first file on."""
    found = extract(io.BytesIO(content), file_type)

    assert [found, found] == [read(sandboxed, content, file_type) for _ in range(2)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(files.encrypted_pdf("secret"), FailureCode.ENCRYPTED, id="encrypted"),
        pytest.param(b"%PDF-1.4", FailureCode.UNREADABLE, id="unreadable"),
    ],
)
def test_refusal(sandboxed: Sandbox, folder: Path, content: bytes, code: FailureCode) -> None:
    """An extractor's rejection is returned unchanged, and the worker is kept."""
    read(sandboxed, files.pdf(), "application/pdf")
    worker = sandbox_workers(folder)[0]

    assert code == read(sandboxed, content, "application/pdf")
    assert worker == sandbox_workers(folder)[0]


@pytest.mark.parametrize(
    ("program", "code"),
    [
        pytest.param(
            "import ctypes; ctypes.string_at(0)", "extraction_crashed", id="segmentation fault"
        ),
        pytest.param("os.abort()", "extraction_crashed", id="abort"),
        pytest.param("os._exit(0)", "extraction_crashed", id="exit at once"),
        pytest.param("sys.exit()", "extraction_crashed", id="exit"),
        pytest.param("raise KeyboardInterrupt", "extraction_crashed", id="interrupt"),
        pytest.param("raise MemoryError", "extraction_crashed", id="no memory"),
        pytest.param("bytes(2**40)", "extraction_crashed", id="a terabyte"),
        pytest.param(
            "sys.setrecursionlimit(10**9)\nclass A: __getattr__ = lambda a, b: getattr(a, b)\n"
            "A().b",
            "extraction_crashed",
            id="stack overflow",
        ),
        pytest.param("f = lambda: f()\nf()", "unreadable", id="recursion"),
        pytest.param("raise OSError", "unreadable", id="error"),
        pytest.param("say(b'{')", "extraction_crashed", id="half an answer"),
        pytest.param("say(b'\\xff')", "extraction_crashed", id="no text"),
        pytest.param("say(b'[' * 100_000)", "extraction_crashed", id="deep answer"),
        pytest.param("while True: say(bytes(9**6))", "extraction_crashed", id="endless answer"),
        pytest.param("os.pwrite(file, b'x', 0)", "unreadable", id="changes the file"),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_hostile_file(sandboxed: Sandbox, program: str, code: str) -> None:
    """Whatever a file does becomes a failure at once, and the next file is read as usual."""
    assert code == read(sandboxed, PRELUDE + program)
    assert {"width": 7, "height": 1} == read(sandboxed, "width = 7")


PRELUDE = """
import os, sys
width, answer, file = 1, 3, 4
def is_open(number):
    try: return bool(os.fstat(number))
    except OSError: return False
def say(data):
    os.write(answer, data)
    if len(data) < 9**6:
        os._exit(0)
"""
"""What the programs above may use."""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("while True: pass", id="busy"),
        pytest.param("import re; re.match('(a|aa)+$', 'a' * 99 + 'b')", id="regular expression"),
        pytest.param(
            "import signal\nfor n in range(1, 65):\n  try: signal.signal(n, lambda *_: None)\n"
            "  except (OSError, ValueError): pass\nwhile True: pass",
            id="deaf",
        ),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_time_is_up(sandboxed: Sandbox, folder: Path, program: str) -> None:
    """A parser that hangs is stopped at the time limit, and no process is left running."""
    read(sandboxed, "width = 1")
    started = time.monotonic()

    assert FailureCode.EXTRACTION_TIMEOUT == read(sandboxed, program, limit=0.5)
    assert 0.4 < time.monotonic() - started < 5
    eventually(lambda: not sandbox_workers(folder), "an end of worker and child")
    assert {"width": 7, "height": 1} == read(sandboxed, "width = 7")


@WITHOUT_PROC
@pytest.mark.usefixtures("hostile_parser")
def test_limits_of_a_child(sandboxed: Sandbox, folder: Path) -> None:
    """While a file is analyzed, its process has all limits."""
    read(sandboxed, "width = 1")
    worker = sandbox_workers(folder)[0]
    before = set(below(worker))
    with ThreadPoolExecutor() as executor:
        analysis = executor.submit(read, sandboxed, "while True: pass", limit=3)
        child = eventually(lambda: set(below(worker)) - before, "a child").pop()

        def limits() -> dict[str, str] | None:
            lines = Path(f"/proc/{child}/limits").read_text().splitlines()
            found = {line[:26].strip(): line[26:47].strip() for line in lines}
            return found if found["Max open files"] == "0" else None

        found = eventually(limits, "limits")
        assert FailureCode.EXTRACTION_TIMEOUT == analysis.result()

    zero = ("Max open files", "Max processes", "Max file size", "Max core file size")
    assert dict.fromkeys(zero, "0") == {name: found[name] for name in zero}
    assert int(found["Max cpu time"]) in (3, 4)
    size = ADDRESS_SPACE_FACTOR * MEMORY_BYTES + len("while True: pass")
    assert size == int(found["Max address space"])


@pytest.mark.usefixtures("hostile_parser")
def test_many_descriptors(sandboxed: Sandbox) -> None:
    """However many descriptors the function has, a child has none but its own."""
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(tempfile.TemporaryFile())
        program = PRELUDE + "width = 1 + sum(is_open(number) for number in range(6, 999))"

        assert {"width": 1, "height": 1} == read(sandboxed, program)


@pytest.mark.usefixtures("hostile_parser")
def test_extraction_seconds(folder: Path) -> None:
    """A parser is stopped after its own time, however much the function has left."""
    sandboxed = Sandbox({}, extraction_seconds=0.5, min_seconds=0)
    try:
        assert {"width": 7, "height": 1} == read(sandboxed, "width = 7")
        started = time.monotonic()
        assert FailureCode.EXTRACTION_TIMEOUT == read(sandboxed, "while True: pass")
        assert 0.4 < time.monotonic() - started < 5
    finally:
        sandboxed.close()
    eventually(lambda: not sandbox_workers(folder), "an end of worker and child")


@pytest.mark.parametrize(
    ("extraction_seconds", "function_seconds", "left"),
    [
        pytest.param(15, 40, [15, 12, 12, 7], id="of the parsers"),
        pytest.param(15, 13, [13, 10, 8, 3], id="of the function"),
    ],
)
def test_time_limit(extraction_seconds: float, function_seconds: float, left: list[float]) -> None:
    """Time that is spent between two parsers is the function's, not the parsers'."""
    now = 0.0
    limit = TimeLimit(extraction_seconds, lambda: function_seconds - now)
    found = [limit.seconds_left()]
    with limit.running():
        now = 3
        found.append(limit.seconds_left())
    now = 5
    found.append(limit.seconds_left())
    with limit.running():
        now = 10
    found.append(limit.seconds_left())

    assert left == found


@WITHOUT_PROC
@pytest.mark.parametrize(
    "program",
    [
        pytest.param("hog = []\nwhile True: hog.append(bytearray(2**20))", id="in bits"),
        pytest.param(
            "hog = []\nwhile True:\n  try: hog.append(bytearray(2**20))\n"
            "  except MemoryError: break",
            id="in bits, and content with what there is",
        ),
        pytest.param("bytearray(2**29)", id="at once"),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_too_much_memory(folder: Path, program: str) -> None:
    """A file that takes more than its memory is an extraction_crashed before it has much more."""
    sandboxed = Sandbox({}, extraction_seconds=PATIENCE_SECONDS, memory_bytes=100 * MEBIBYTE)
    try:
        read(sandboxed, "width = 1")
        with peak_memory(sandbox_workers(folder)[0]) as peak:
            assert FailureCode.EXTRACTION_CRASHED == read(sandboxed, "width = 1\n" + program)
        assert {"width": 7, "height": 1} == read(sandboxed, "width = 7")
    finally:
        sandboxed.close()
    assert peak.megabytes < 220


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("len(set(os.environ) - {'LC_CTYPE'})", 0, id="environment"),
        pytest.param("sum(is_open(number) for number in range(6, 99))", 0, id="descriptors"),
        pytest.param("'boto3' in sys.modules or 'botocore' in sys.modules", 0, id="AWS"),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_what_a_file_is_given(
    sandboxed: Sandbox, monkeypatch: pytest.MonkeyPatch, value: str, found: int
) -> None:
    """The process that reads a file has no credentials, nor anything else of the Lambda's."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    program = PRELUDE + f"width = 1 + ({value})"

    assert {"width": 1 + found, "height": 1} == read(sandboxed, program)


@pytest.mark.usefixtures("hostile_parser")
def test_environment_handed_in() -> None:
    """The worker's environment is exactly what is passed in."""
    sandboxed = Sandbox({"LD_LIBRARY_PATH": "/var/lang/lib"}, extraction_seconds=PATIENCE_SECONDS)
    value = "dict(os.environ) == {'LD_LIBRARY_PATH': '/var/lang/lib', 'LC_CTYPE': 'C.UTF-8'}"
    try:
        assert {"width": 2, "height": 1} == read(sandboxed, PRELUDE + f"width = 1 + ({value})")
    finally:
        sandboxed.close()


@pytest.mark.usefixtures("hostile_parser")
def test_nothing_is_logged(sandboxed: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """What a file makes its reader print reaches no log."""
    read(sandboxed, "import os, sys; os.write(1, b'x'); print('x', file=sys.stderr); width = 1")
    read(sandboxed, "raise ValueError('x')")
    sandboxed.close()

    assert ("", "") == capfd.readouterr()


def test_the_worker_is_replaced(sandboxed: Sandbox, folder: Path) -> None:
    """A worker that died between two files is replaced, and the file is analyzed."""
    read(sandboxed, files.png())
    os.kill(sandbox_workers(folder)[0], 9)

    assert extract(io.BytesIO(files.png()), "image/png") == read(
        sandboxed, files.png(), "image/png"
    )


def test_a_parser_that_is_not_there(folder: Path) -> None:
    """A parser that cannot be imported raises SandboxError; the file is not rejected."""
    replace_image_extractor(folder, "raise ImportError('half deployed')")
    with pytest.raises(SandboxError, match="half deployed"):
        read(Sandbox({}, extraction_seconds=PATIENCE_SECONDS), files.png())
    assert [] == sandbox_workers(folder)


def test_a_python_that_does_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that cannot be started raises SandboxError."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SandboxError, match="no process could be started"):
        read(Sandbox({}, extraction_seconds=PATIENCE_SECONDS), files.png())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SandboxError, match="/nowhere/python"):
        read(Sandbox({}, extraction_seconds=PATIENCE_SECONDS), files.png())
    assert [] == sandbox_workers(folder)


def test_too_little_time(folder: Path) -> None:
    """With hardly any time left a file is not begun: it would be blamed for the time before."""
    sandboxed = Sandbox({}, extraction_seconds=PATIENCE_SECONDS, min_seconds=5)
    with pytest.raises(SandboxError, match="too little time"):
        read(sandboxed, files.png(), limit=4.9)
    assert [] == sandbox_workers(folder)


@pytest.mark.parametrize("number", [9, 15], ids=["killed", "terminated"])
def test_nothing_outlives_the_lambda(folder: Path, number: int) -> None:
    """Helper and child end with the process that had them, however that ends, in the midst."""
    replace_image_extractor(folder, "def extract(*_):\n    while True: pass")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.unit.test_sandbox import *\n"
        "read(Sandbox({}, extraction_seconds=60), files.png(), limit=60)"
    )
    lambda_ = subprocess.Popen([sys.executable, "-c", script, str(folder)])
    try:
        eventually(lambda: len(sandbox_workers(folder)) == 2, "a worker and a child")
    finally:
        lambda_.send_signal(number)
        lambda_.wait()
    eventually(lambda: not sandbox_workers(folder), "an end of both")


@WITHOUT_PROC
def test_one_file_after_the_other_costs_no_process(sandboxed: Sandbox, folder: Path) -> None:
    """Twenty files leave one worker behind, which reaps ended children with the next file."""
    for _ in range(20):
        read(sandboxed, files.png())

    worker = sandbox_workers(folder)[0]
    eventually(lambda: all(map(has_ended, below(worker))), "an end of the children")
    read(sandboxed, files.png())

    assert 1 == len(below(worker))


def has_ended(process: int) -> bool:
    """Whether a process is a zombie or was reaped."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


@WITHOUT_PROC
def test_one_file_after_the_other_costs_no_descriptor(sandboxed: Sandbox) -> None:
    """Good, bad and hanging files leave no descriptor open, nor do those that cost the worker."""
    read(sandboxed, files.png())
    before = descriptors()
    for content in (files.png(), b"bad"):
        read(sandboxed, content)
    read(sandboxed, bombs.jpeg_of_segments(MEBIBYTE), limit=0.05)
    read(sandboxed, files.png())

    assert before == descriptors()


def descriptors() -> int:
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_lambda_has_room_for_the_child() -> None:
    """What one file may take at the very most leaves the Lambda itself what it needs."""
    megabytes = read_config(ROOT)["lambda_functions"]["process_upload"]["lambda_memory_size"]

    assert ADDRESS_SPACE_FACTOR * MEMORY_BYTES + 200 * MEBIBYTE < megabytes * MEBIBYTE


def test_the_lambda_imports_nothing_of_the_worker() -> None:
    """A cold start, of the API's function too, pays for no module that only the worker needs."""
    script = "import sys, chalicelib.files.sandbox; print({*%s} & {*sys.modules})"
    workers = ["chalicelib.files.sandbox_worker", "chardetng_py", "ctypes", "pypdf"]
    ran = subprocess.run(
        [sys.executable, "-c", script % workers],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )

    assert None not in map(importlib.util.find_spec, workers)
    assert ran.stdout == "set()\n"
