"""Extraction in a process of its own: no file can take the Lambda down, or see what is its.

Files lie, and parsers hang, fill the memory, overflow the stack or crash. So nothing that follows a
file's structure runs in the process that holds the AWS credentials. Three processes take part:

    the Lambda  --file, answer pipe-->  the helper  --fork-->  the child of one file
                <-----------------------answer----------------------'

The *helper* (chalicelib/isolation_helper.py) is started for the first file and kept: it has
imported the parsers, and forks one *child* for each file. Imports are what costs (the file's own
fork takes milliseconds), and a process that has parsed one file never sees another.

What the child has: the parsers' code, the file's descriptor, the write end of a pipe. What it has
not: credentials or any other environment variable (the helper starts with those handed to
`Isolation`), another descriptor, standard output or error (pypdf quotes files in its warnings),
a way to start processes, write files or dump core. What bounds it:

- time: `seconds_left`, asked for here, which leaves the Lambda enough to write the record;
  beyond it, RLIMIT_CPU.
- memory: the helper looks at the child's resident memory and kills it above `memory_bytes`. No
  allocation is made to fail before that: a parser that swallows MemoryError, as each does
  somewhere, would go on and tell half of the truth. RLIMIT_AS at `ADDRESS_SPACE_FACTOR` times as
  much stands behind it, for what is faster than the look.
- what it says: the answer is read up to `LONGEST_ANSWER_BYTES` and believed only as far as it is
  what `examination.examine` could have said.

What comes of it, always on the first attempt: metadata; the extractor's own refusal; a refusal as
extraction_timeout when time was up; one as extraction_crashed for everything else, be it a signal,
too much memory, no answer or a wrong one. After the latter two, helper and child are killed and the
next file gets a new helper. Only when no child can be started at all, which is not the file's
fault, `IsolationError` says so, for Lambda to try again.

No process is left behind: the helper ends itself and its child when the Lambda's end of their
socket closes, however the Lambda ends, and the child dies with the helper (PR_SET_PDEATHSIG). That
Lambda freezes everything between two events does no harm: no child runs then, and no deadline
outlives the event that it was taken from.

Works without /dev/shm and with a read-only /var/task. macOS has neither /proc nor prctl, and does
not keep RLIMIT_AS: there, time is bounded and memory is not.

Not defended against: a parser made to run an attacker's machine code. The child is the same user
as the Lambda, whom Linux lets look at its own processes. The parsers are Python and, for the
arithmetic of AES, `cryptography`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from chalicelib.documents import Failure, FailureCode, Metadata
from chalicelib.examination import Examined
from chalicelib.extractors import Refused, bounded
from chalicelib.extractors.containers import CONTAINERS

MEMORY_BYTES = 256 * 1_048_576
"""Resident memory of a child, the helper's 40 MB that it shares included. The largest of 291 real
PDFs takes 142 MB. With helper and Lambda beside it, all stay below 512 MB."""

ADDRESS_SPACE_FACTOR = 2

LEAST_SECONDS = 5.0
"""With less than this, a slow download would make a good file an extraction_timeout."""

LONGEST_ANSWER_BYTES = 262_144
"""More than any extractor says, and less than DynamoDB's 400 KB an item."""

_TIMEOUT = (FailureCode.EXTRACTION_TIMEOUT, "Reading the file takes longer than one file is given.")
_CRASHED = (
    FailureCode.EXTRACTION_CRASHED,
    "The file breaks the program that reads it, or needs more memory than one file is given.",
)

_REFUSALS = {FailureCode.ENCRYPTED.value, FailureCode.UNREADABLE.value}
"""What extractors refuse files as."""

_LONGEST_MESSAGE = 200
"""Characters of an extractor's refusal."""

_MIME_TYPE = re.compile("[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")

_NAME = re.compile("[a-z][A-Za-z0-9]{0,63}")
_MOST_NAMES = 64
"""Of one file's metadata."""

_STARTED = "started"
"""What the helper is asked to reply once there is a child; any other reply tells why there is none.
The helper is told, since its module is not for the Lambda to import."""

_LONGEST_REPLY_BYTES = 4_096
"""Of the helper's: whether it started a child."""

_CHUNK_BYTES = 65_536

_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from chalicelib.isolation_helper import main; main(int(sys.argv[1]))"
)

SecondsLeft = Callable[[], float]
"""How long extraction may still take from now on."""


class IsolationError(Exception):
    """No child could be started, or there was too little time left: the file is not to blame."""


class Isolation:
    """Extracts from files, one at a time; starts its helper with the first and keeps it."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        memory_bytes: int = MEMORY_BYTES,
        least_seconds: float = LEAST_SECONDS,
    ) -> None:
        """Nothing is started yet.

        Args:
            environment: all that the helper's environment will hold.
            memory_bytes: resident memory that a child may take.
            least_seconds: no child is started with less time than this.
        """
        self._environment = dict(environment)
        self._memory_bytes = memory_bytes
        self._least_seconds = least_seconds
        self._helper: _Helper | None = None

    def examine(
        self, content: BinaryIO, possible_types: Sequence[str], seconds_left: SecondsLeft
    ) -> Examined:
        """What `examination.examine` says of a file, which has a descriptor.

        Raises:
            Refused: the file took too much, or broke what reads it.
            IsolationError: trouble that is not the file's.
        """
        if seconds_left() < self._least_seconds:
            raise IsolationError("too little time is left to read a file")
        content.flush()
        answers = self._start_child(content, possible_types, seconds_left)
        with os.fdopen(answers, "rb", buffering=0):
            answer = _read(answers, seconds_left)
        if answer is None:
            self.close()
            raise Refused(*_TIMEOUT)
        try:
            return _believed(answer, possible_types)
        except (ValueError, RecursionError) as error:
            self.close()
            raise Refused(*_CRASHED) from error

    def close(self) -> None:
        """Kill the helper and its child; the next file gets new ones."""
        if self._helper:
            self._helper.kill()
        self._helper = None

    def _start_child(
        self, content: BinaryIO, possible_types: Sequence[str], seconds_left: SecondsLeft
    ) -> int:
        """Start a child on this content; the descriptor that its answer is to be read from."""
        request = {
            "possibleTypes": list(possible_types),
            "reply": _STARTED,
            "cpuSeconds": math.ceil(seconds_left()) + 1,
            "memoryBytes": self._memory_bytes,
            "addressSpaceBytes": ADDRESS_SPACE_FACTOR * self._memory_bytes,
        }
        message = json.dumps(request).encode()
        if self._helper:  # which may have died since the last file
            with contextlib.suppress(OSError):
                return self._helper.start_child(message, content.fileno(), seconds_left())
            self.close()
        try:
            self._helper = _Helper(self._environment)
            return self._helper.start_child(message, content.fileno(), seconds_left())
        except OSError as error:
            self.close()
            raise IsolationError(
                f"no process to read files in could be started: {error}"
            ) from error


class _Helper:
    """The running helper, and the socket that it is spoken to through."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _start_helper(theirs.fileno(), environment)
            except OSError:
                self._control.close()
                raise

    def start_child(self, request: bytes, content: int, seconds: float) -> int:
        """Have a child forked; the descriptor that its answer is to be read from.

        Raises:
            OSError: there is no child, and the helper is of no use any more.
        """
        self._control.settimeout(max(seconds, 0.001))
        answers, answer_end = os.pipe()
        try:
            socket.send_fds(self._control, [request], [content, answer_end])
            reply = self._control.recv(_LONGEST_REPLY_BYTES)
            if reply != _STARTED.encode():
                raise OSError(reply.decode(errors="replace") or "the helper has ended")
        except OSError:
            os.close(answers)
            raise
        finally:
            os.close(answer_end)
        return answers

    def kill(self) -> None:
        """End the helper, and its child with it."""
        self._control.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _start_helper(control: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    path = [str(Path(entry).absolute()) for entry in sys.path]
    return subprocess.Popen(
        # -I -S: nothing but this path and environment decides what the helper imports.
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", _START, str(control), *path],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[control],
        start_new_session=True,
    )


def _read(answers: int, seconds_left: SecondsLeft) -> bytes | None:
    """What comes out of the pipe until its end, or is too much already; None when time is up."""
    end_of_wait = select.poll()
    end_of_wait.register(answers, select.POLLIN)
    answer = bytearray()
    while len(answer) <= LONGEST_ANSWER_BYTES:
        seconds = seconds_left()
        if seconds <= 0 or not end_of_wait.poll(seconds * 1_000):
            return None
        chunk = os.read(answers, _CHUNK_BYTES)
        if not chunk:
            break
        answer += chunk
    return bytes(answer)


def _believed(answer: bytes, possible_types: Sequence[str]) -> Examined:
    """The answer as `examination.examine` would have given it.

    Raises:
        ValueError, RecursionError: it would not have given this one.
    """
    if len(answer) > LONGEST_ANSWER_BYTES:
        raise ValueError("too long")
    match json.loads(answer.decode("utf-8")):
        case {"fileType": str() as file_type, "metadata": dict() as metadata, **others} if (
            file_type in possible_types and not others
        ):
            return Examined(file_type, _believed_metadata(metadata))
        case {
            "fileType": str() as file_type,
            "refused": [str() as code, str() as message],
            **others,
        } if (
            file_type in {*possible_types, *CONTAINERS}
            and not others
            and code in _REFUSALS
            and len(message) <= _LONGEST_MESSAGE
            and message.isprintable()
        ):
            return Examined(file_type, failure=Failure(FailureCode(code), message))
        case {"fileType": str() as file_type, **others} if (
            file_type not in possible_types and _MIME_TYPE.fullmatch(file_type) and not others
        ):
            return Examined(file_type)
    raise ValueError("neither metadata nor a refusal")


def _believed_metadata(metadata: dict[str, Any]) -> Metadata:
    if len(metadata) > _MOST_NAMES or not all(map(_NAME.fullmatch, metadata)):
        raise ValueError("names that no extractor gives")
    if not all(isinstance(value, str | int) for value in metadata.values()):
        raise ValueError("values that no extractor gives")
    if metadata != bounded(metadata):
        raise ValueError("values that are not clean")
    return metadata
