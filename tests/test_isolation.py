"""What a file may do to the process that reads it, and that nobody else is hurt by it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib import isolation
from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.examination import Examined
from chalicelib.extractors import LONGEST_TEXT, Refused, containers, extract
from chalicelib.isolation import (
    ADDRESS_SPACE_FACTOR,
    LONGEST_ANSWER_BYTES,
    MEMORY_BYTES,
    Isolation,
    IsolationError,
)
from infra.chalice_project import read_config
from infra.stage import ROOT
from tests import bombs, files
from tests.processes import below, helpers, peak_memory
from tests.waiting import eventually

MEBIBYTE = 1_048_576
PATIENCE_SECONDS = 20.0
"""Far more than any file here takes that is not meant to take too long."""

WITHOUT_PROC = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="this system has no /proc: memory is not bounded"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that only this test's helpers have in their path, by which they are known."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def isolated() -> Iterator[Isolation]:
    """An isolation that is gone after the test."""
    isolated = Isolation({}, least_seconds=0)
    yield isolated
    isolated.close()


@pytest.fixture
def hostile_parser(folder: Path) -> None:
    """Pictures are programs: the parser runs what stands in them, and answers with `width`."""
    program = "def get_info(content, **_):\n    scope = {}\n    exec(content.read(), scope)\n"
    answer = "    return SimpleNamespace(width=scope['width'], height=1, rotation=-1)\n"
    imported = "from types import SimpleNamespace\n"
    (folder / "imagesize.py").write_text(imported + program + answer)


def seconds(limit: float) -> Callable[[], float]:
    """A time that runs out."""
    end = time.monotonic() + limit
    return lambda: end - time.monotonic()


def read(
    isolated: Isolation,
    content: bytes | str,
    file_type: str = "image/avif",
    limit: float = PATIENCE_SECONDS,
) -> Metadata | FailureCode:
    """What an isolation says of a content: metadata or the code of a refusal."""
    with tempfile.TemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        try:
            examined = isolated.examine(file, [file_type], seconds(limit))
        except Refused as refusal:
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
def test_metadata(isolated: Isolation, content: bytes, file_type: str) -> None:
    """A good file's metadata is what the extractor finds, from the first file on."""
    found = extract(io.BytesIO(content), file_type)

    assert [found, found] == [read(isolated, content, file_type) for _ in range(2)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(files.encrypted_pdf("secret"), FailureCode.ENCRYPTED, id="encrypted"),
        pytest.param(b"%PDF-1.4", FailureCode.UNREADABLE, id="unreadable"),
    ],
)
def test_refusal(isolated: Isolation, folder: Path, content: bytes, code: FailureCode) -> None:
    """An extractor's refusal comes back as it is, and costs no helper."""
    read(isolated, files.pdf(), "application/pdf")
    helper = helpers(folder)[0]

    assert code == read(isolated, content, "application/pdf")
    assert helper == helpers(folder)[0]


@pytest.mark.parametrize(
    ("program", "code"),
    [
        pytest.param("os.kill(os.getpid(), 11)", "extraction_crashed", id="segmentation fault"),
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
        pytest.param(
            "os.kill(os.getppid(), 9)\nwhile True: pass",
            "extraction_crashed",
            id="kills the helper",
        ),
        pytest.param("os.kill(0, 9)", "extraction_crashed", id="kills its group"),
        pytest.param("os.pwrite(file, b'x', 0)", "unreadable", id="changes the file"),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_hostile_file(isolated: Isolation, program: str, code: str) -> None:
    """Whatever a file does becomes a failure at once, and the next file is read as usual."""
    assert code == read(isolated, PRELUDE + program)
    assert {"width": 7, "height": 1} == read(isolated, "width = 7")


PRELUDE = """
import os, sys
width = 1
file, answer = [number for number in range(3, 32) if os.path.exists(f"/dev/fd/{number}")][:2]
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
        pytest.param("import time; time.sleep(99)", id="asleep"),
        pytest.param("import re; re.match('(a|aa)+$', 'a' * 99 + 'b')", id="regular expression"),
        pytest.param(
            "import signal\nfor n in range(1, 65):\n  try: signal.signal(n, lambda *_: None)\n"
            "  except (OSError, ValueError): pass\nwhile True: signal.pause()",
            id="deaf",
        ),
        pytest.param(
            "import os, signal; os.kill(os.getppid(), signal.SIGSTOP); signal.pause()",
            id="stops the helper",
        ),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_time_is_up(isolated: Isolation, folder: Path, program: str) -> None:
    """A file that hangs is given up when the time for it is over, and nothing goes on running."""
    read(isolated, "width = 1")
    started = time.monotonic()

    assert FailureCode.EXTRACTION_TIMEOUT == read(isolated, program, limit=0.5)
    assert 0.4 < time.monotonic() - started < 5
    eventually(lambda: not helpers(folder), "an end of helper and child")
    assert {"width": 7, "height": 1} == read(isolated, "width = 7")


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
    isolated = Isolation({}, memory_bytes=100 * MEBIBYTE)
    try:
        read(isolated, "width = 1")
        with peak_memory(helpers(folder)[0]) as peak:
            assert FailureCode.EXTRACTION_CRASHED == read(isolated, "width = 1\n" + program)
        assert {"width": 7, "height": 1} == read(isolated, "width = 7")
    finally:
        isolated.close()
    assert peak.megabytes < 220


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("len(set(os.environ) - {'LC_CTYPE'})", 0, id="environment"),
        pytest.param("len(os.listdir('/proc/self/fd')) - 1", 5, id="descriptors"),
        pytest.param("os.getsid(0) == int(%d)", 0, id="session"),
        pytest.param("resource.getrlimit(resource.RLIMIT_CORE)[1]", 0, id="core"),
        pytest.param("resource.getrlimit(resource.RLIMIT_NPROC)[1]", 0, id="processes"),
        pytest.param("resource.getrlimit(resource.RLIMIT_CPU)[1]", 21, id="CPU seconds"),
        pytest.param("'boto3' in sys.modules or 'botocore' in sys.modules", 0, id="AWS"),
    ],
)
@pytest.mark.usefixtures("hostile_parser")
def test_what_a_file_is_given(
    isolated: Isolation, monkeypatch: pytest.MonkeyPatch, value: str, found: int
) -> None:
    """The process that reads a file has no credentials, nor anything else of the Lambda's."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    value = value.replace("%d", str(os.getsid(0)))
    program = f"import os, resource, sys; width = 1 + ({value})"

    assert {"width": 1 + found, "height": 1} == read(isolated, program)


def test_environment_handed_in(folder: Path) -> None:
    """What the helper's Python needs to start may be handed in, and is all that it gets."""
    isolated = Isolation({"LD_LIBRARY_PATH": "/var/lang/lib"})
    try:
        read(isolated, files.png())
        entries = Path(f"/proc/{helpers(folder)[0]}/environ").read_bytes()
    finally:
        isolated.close()

    assert b"LD_LIBRARY_PATH=/var/lang/lib\0" == entries


@pytest.mark.usefixtures("hostile_parser")
def test_nothing_is_logged(isolated: Isolation, capfd: pytest.CaptureFixture[str]) -> None:
    """What a file makes its reader print reaches no log."""
    read(isolated, "import os, sys; os.write(1, b'x'); print('x', file=sys.stderr); width = 1")
    read(isolated, "raise ValueError('x')")
    isolated.close()

    assert ("", "") == capfd.readouterr()


def test_no_answer_is_believed_but_an_extractors() -> None:
    """Metadata and refusals are taken as extractors give them."""
    metadata: Metadata = {"title": "x" * LONGEST_TEXT, "pageCount": 10**38 - 1, "encrypted": True}
    failure = Failure(FailureCode.ENCRYPTED, "A sentence.")
    refusal = {"fileType": containers.ZIP, "refused": ["encrypted", "A sentence."]}

    assert Examined("image/png", metadata) == believed(
        json.dumps({"fileType": "image/png", "metadata": metadata}).encode()
    )
    assert Examined(containers.ZIP, failure=failure) == believed(json.dumps(refusal).encode())
    assert Examined("application/epub+zip") == believed(b'{"fileType": "application/epub+zip"}')


def believed(answer: bytes) -> Examined:
    """What is believed of an answer on a file that may be a PNG."""
    return isolation._believed(answer, ["image/png"])  # noqa: SLF001 - no child says these


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'"metadata"',
        b"NaN",
        b'{"fileType": "image/png", "metadata": {}',
        b'{"fileType": "image/png", "metadata": {}} {}',
        b'{"fileType": "image/png", "metadata": []}',
        b'{"fileType": "image/png", "metadata": {}, "refused": ["encrypted", ""]}',
        b'{"fileType": "image/png", "metadata": {"a": null}}',
        b'{"fileType": "image/png", "metadata": {"a": 1.5}}',
        b'{"fileType": "image/png", "metadata": {"a": NaN}}',
        b'{"fileType": "image/png", "metadata": {"a": []}}',
        b'{"fileType": "image/png", "metadata": {"a": {}}}',
        b'{"fileType": "image/png", "metadata": {"a": 1%s}}' % (b"0" * 38),
        b'{"fileType": "image/png", "metadata": {"a": 1%s}}' % (b"0" * 9_999),
        b'{"fileType": "image/png", "metadata": {"a": ""}}',
        b'{"fileType": "image/png", "metadata": {"a": " b"}}',
        b'{"fileType": "image/png", "metadata": {"a": "b\\nc"}}',
        b'{"fileType": "image/png", "metadata": {"a": "\\ud800"}}',
        b'{"fileType": "image/png", "metadata": {"a": "\xff"}}',
        b'{"fileType": "image/png", "metadata": {"a": "%s"}}' % (b"x" * (LONGEST_TEXT + 1)),
        b'{"fileType": "image/png", "metadata": {"": 1}}',
        b'{"fileType": "image/png", "metadata": {"A": 1}}',
        b'{"fileType": "image/png", "metadata": {"a\\n": 1}}',
        b'{"fileType": "image/png", "metadata": {"%s": 1}}' % (b"a" * 65),
        b'{"fileType": "image/png", "metadata": {%s}}'
        % b",".join(b'"a%d": 1' % number for number in range(65)),
        b'{"fileType": "image/png", "metadata": {%s"a": 1}}' % (b" " * LONGEST_ANSWER_BYTES),
        b'{"fileType": "image/png", "refused": ["processing_failed", "A sentence."]}',
        b'{"fileType": "image/png", "refused": ["too_large", "A sentence."]}',
        b'{"fileType": "image/png", "refused": ["encrypted"]}',
        b'{"fileType": "image/png", "refused": ["encrypted", 1]}',
        b'{"fileType": "image/png", "refused": ["encrypted", "a\\nb"]}',
        b'{"fileType": "image/png", "refused": ["encrypted", "%s"]}' % (b"x" * 201),
        b'{"fileType": "image/png"}',
        b'{"fileType": "image/gif", "metadata": {}}',
        b'{"fileType": "image/gif", "refused": ["encrypted", "A sentence."]}',
        b'{"fileType": "image/gif", "other": 1}',
        b'{"fileType": "Image/gif"}',
        b'{"fileType": "image/gif\\n"}',
        b'{"fileType": "image/%s"}' % (b"x" * 101),
        b'{"fileType": 1, "metadata": {}}',
        b'{"metadata": {}}',
        b"[" * 100_000,
    ],
    ids=lambda answer: ascii(answer)[:50],
)
def test_no_other_answer_is_believed(answer: bytes) -> None:
    """What no extractor would have said is not taken for an answer."""
    with pytest.raises((ValueError, RecursionError)):
        believed(answer)


def test_the_helper_is_replaced(isolated: Isolation, folder: Path) -> None:
    """A helper that died between two files is replaced without anybody noticing."""
    read(isolated, files.png())
    os.kill(helpers(folder)[0], 9)

    assert extract(io.BytesIO(files.png()), "image/png") == read(isolated, files.png(), "image/png")


def test_a_parser_that_is_not_there(folder: Path) -> None:
    """A parser that cannot be imported is trouble of ours, and says so; no file is blamed."""
    (folder / "imagesize.py").write_text("raise ImportError('half deployed')")
    with pytest.raises(IsolationError, match="half deployed"):
        read(Isolation({}), files.png())
    assert [] == helpers(folder)


def test_a_python_that_does_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper that cannot be started is trouble of ours."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(IsolationError, match="no process to read files in could be started"):
        read(Isolation({}), files.png())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(IsolationError, match="/nowhere/python"):
        read(Isolation({}), files.png())
    assert [] == helpers(folder)


def test_too_little_time(folder: Path) -> None:
    """With hardly any time left a file is not begun: it would be blamed for the time before."""
    isolated = Isolation({}, least_seconds=5)
    with pytest.raises(IsolationError, match="too little time"):
        read(isolated, files.png(), limit=4.9)
    assert [] == helpers(folder)


@pytest.mark.parametrize("number", [9, 15], ids=["killed", "terminated"])
def test_nothing_outlives_the_lambda(folder: Path, number: int) -> None:
    """Helper and child end with the process that had them, however that ends, in the midst."""
    (folder / "imagesize.py").write_text("def get_info(*_, **__):\n    while True: pass")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.test_isolation import *\nread(Isolation({}), files.png(), limit=60)"
    )
    lambda_ = subprocess.Popen([sys.executable, "-c", script, str(folder)])
    try:
        eventually(lambda: len(helpers(folder)) == 2, "a helper and a child")
    finally:
        lambda_.send_signal(number)
        lambda_.wait()
    eventually(lambda: not helpers(folder), "an end of both")


def test_one_file_after_the_other_costs_no_process(isolated: Isolation, folder: Path) -> None:
    """Twenty files leave one helper behind, and no child, nor the note of its end."""
    for _ in range(20):
        read(isolated, files.png())

    eventually(lambda: below(helpers(folder)[0]) == [], "a helper without a child")
    assert 1 == len(helpers(folder))


@WITHOUT_PROC
def test_one_file_after_the_other_costs_no_descriptor(isolated: Isolation) -> None:
    """Good, bad and hanging files leave no descriptor open, nor do those that cost the helper."""
    read(isolated, files.png())
    before = descriptors()
    for content in (files.png(), b"bad"):
        read(isolated, content)
    read(isolated, bombs.jpeg_of_segments(MEBIBYTE), limit=0.05)
    read(isolated, files.png())

    assert before == descriptors()


def descriptors() -> int:
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_lambda_has_room_for_the_child() -> None:
    """What one file may take at the very most leaves the Lambda itself what it needs."""
    megabytes = read_config(ROOT)["lambda_functions"]["process_upload"]["lambda_memory_size"]

    assert ADDRESS_SPACE_FACTOR * MEMORY_BYTES + 200 * MEBIBYTE < megabytes * MEBIBYTE


def test_the_lambda_imports_nothing_of_the_helper() -> None:
    """A cold start, of the API's function too, pays for no module that only the helper needs."""
    script = "import sys, chalicelib.isolation; print({*%s} & {*sys.modules})"
    helpers = ["chalicelib.isolation_helper", "ctypes", "pypdf", "imagesize"]
    ran = subprocess.run(
        [sys.executable, "-c", script % helpers],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "set()\n"
