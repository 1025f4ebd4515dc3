"""Analysis of a file in a separate process, without credentials and with limits.

Parsers hang, exhaust memory, crash or execute an attacker's code on malformed files, so nothing
that follows a file's structure runs in the process that holds the AWS credentials:

    the Lambda --request--> the worker --fork--> one child per file
          <-----------------socket----------------------'

- The Lambda (sandbox_process.py) has a *worker* started before it imports boto3, and the next
  *child* forked before it gets the object, so that both are ready when the file arrives.
- The worker (sandbox_worker.py) imports the parsers and forks one child for each file: a process
  that has parsed one file never parses another. Children for the rare files that an extractor hands
  over to its fallback come from a second worker, since the fallbacks' libraries are large.
- The child (sandbox_child.py) is sent the file as a read-only descriptor, confines itself
  (confinement.py, seccomp.py), analyzes the file and answers.

docs/security.md has the attacks that each layer stops, and what remains.

Limits:

- Time: the Lambda kills the child after `extraction_seconds`, or earlier if it needs the time to
  write the record; RLIMIT_CPU is the fallback.
- Memory: the Lambda samples the child's memory and kills it above `memory_bytes`. A limit that made
  allocations fail would be wrong here: parsers catch MemoryError in places and continue with
  incomplete results. RLIMIT_AS at `ADDRESS_SPACE_FACTOR` times as much is the fallback for
  allocations faster than the sampling.
- Answer: read up to a limit, which allows for a text only if the caller asks for it, and validated
  against what the extractor can return (sandbox_answer.py).

Result, always on the first attempt: metadata; the extractor's rejection; extraction_timeout when
the time is up; extraction_crashed for everything else (a signal, too much memory, no answer or an
invalid one). After the latter two, the worker is killed as well, and the next file starts a new
one. `SandboxError` is raised only when no child can be started, which is not caused by the file;
Lambda retries it.

A child is killed by its process id once it has answered or failed, whatever session it has moved
to. If the Lambda ends first, the worker kills its children and itself. Lambda may freeze the
environment between two events: then no file is analyzed, and no deadline spans two events.

Works without /dev/shm and with a read-only /var/task. macOS has neither /proc nor prctl and does
not enforce RLIMIT_AS: there, time is limited and memory is not.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

from chalicelib.documents import FailureCode
from chalicelib.files import confinement
from chalicelib.files.analysis import Analysis, tried_types
from chalicelib.files.extracted_text import MAX_TEXT_BYTES
from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.sandbox_answer import validated
from chalicelib.files.sandbox_process import (
    MemoryExceededError,
    Runner,
    SecondsLeft,
    TamperedError,
    TimeLimit,
    TimeoutExceededError,
)
from chalicelib.files.sandbox_protocol import (
    EXTRACTORS,
    FALLBACKS,
    MAX_MESSAGE_BYTES,
    SECCOMP,
    TEXT_FOLLOWS,
    UNDUMPABLE,
)

MEMORY_BYTES = 256 * 1_048_576
"""Memory of a child, including 15 MB shared with the worker. The largest of 291 real PDFs takes
142 MB."""

ADDRESS_SPACE_FACTOR = 2
"""Of the file's size and `MEMORY_BYTES` together, since the file may be mapped."""

MIN_SECONDS = 5.0
"""No child is started with less time than this: a slow download must not fail a valid file."""

_THIS_PROCESS = 0
"""As prlimit(2) has it."""

_TIMEOUT = (FailureCode.EXTRACTION_TIMEOUT, "The file could not be read within the time limit.")
_CRASHED = (
    FailureCode.EXTRACTION_CRASHED,
    "The parser crashed on the file or exceeded the memory limit.",
)


class SandboxError(Exception):
    """No child could be started, or too little time is left; not caused by the file."""


@dataclass(frozen=True, slots=True)
class Level:
    """The layers in effect beside the limits, which the operating system may refuse."""

    undumpable_function: bool
    """Other processes cannot trace the Lambda, access its memory or read its environment."""
    undumpable_worker: bool
    """The same for the worker and its children."""
    seccomp: bool
    """A child can call only what the analysis of an open file needs."""

    def __str__(self) -> str:
        """`limits` and the names of the other layers in effect, separated by `+`."""
        layers = {
            "limits": True,
            "undumpable-function": self.undumpable_function,
            "undumpable-worker": self.undumpable_worker,
            "seccomp": self.seccomp,
        }
        return "+".join(name for name, is_in_effect in layers.items() if is_in_effect)


class Sandbox:
    """Analyzes files, one at a time; keeps its worker for the next file."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        extraction_seconds: float,
        memory_bytes: int = MEMORY_BYTES,
        min_seconds: float = MIN_SECONDS,
        report: Callable[[Level], None] = lambda level: None,  # noqa: ARG005 - ignores it
        end_function: Callable[[], None] = lambda: os._exit(1),
    ) -> None:
        """Start no process yet.

        Args:
            environment: the complete environment of the workers.
            extraction_seconds: time that the parsers may take for a file.
            memory_bytes: memory that a child may take.
            min_seconds: no child is started with less time than this.
            report: is called once, with the first file.
            end_function: is called if a child has tampered with this process.
        """
        self._extraction_seconds = extraction_seconds
        self._memory_bytes = memory_bytes
        self._min_seconds = min_seconds
        self._report: Callable[[Level], None] | None = report
        self._extractors = Runner(EXTRACTORS, environment, memory_bytes)
        self._fallbacks = Runner(FALLBACKS, environment, memory_bytes)
        self._is_function_undumpable = False
        self._limits = confinement.limits_of(_THIS_PROCESS)
        self._end_function = end_function

    def prepare(self, types: Sequence[str] = ()) -> None:
        """Have a child ready for the next file, if possible, without waiting for it.

        Also makes this process undumpable.

        Args:
            types: MIME types whose modules a new worker warms up, since they are likely.
        """
        self._extractors.prepare(types)
        if not self._is_function_undumpable:
            self._is_function_undumpable = confinement.forbid_inspection()

    def analyze(
        self,
        content: BinaryIO,
        candidate_types: Sequence[str],
        seconds_left: SecondsLeft,
        *,
        with_text: bool = False,
    ) -> Analysis:
        """The result of `analysis.analyze` for a file.

        Args:
            content: has a descriptor, opened for reading only.
            candidate_types: likeliest first.
            seconds_left: for the analysis, at most; `extraction_seconds` may end it earlier.
            with_text: whether the result has the text, for a file that has one.

        Raises:
            FileRejectedError: the parser timed out, crashed or exceeded the memory limit.
            SandboxError: no child could be started.
        """
        time_limit = TimeLimit(self._extraction_seconds, seconds_left)
        types = tried_types(candidate_types)
        run = partial(self._run, content=content, time_limit=time_limit, with_text=with_text)
        analysis = run(self._extractors, types=types)
        if analysis.unfinished is None:
            return analysis
        finished = run(self._fallbacks, types=candidate_types, unfinished=analysis)
        is_as_found = finished.metadata is not None and finished.file_type == analysis.file_type
        text = finished.text or (analysis.text if is_as_found else None)
        return replace(finished, text=text)

    def close(self) -> None:
        """Kill all processes; the next file starts new ones."""
        self._extractors.close()
        self._fallbacks.close()

    def _run(
        self,
        runner: Runner,
        *,
        content: BinaryIO,
        types: Sequence[str],
        time_limit: TimeLimit,
        with_text: bool,
        unfinished: Analysis | None = None,
    ) -> Analysis:
        """The validated answer of a child."""
        size_bytes = os.fstat(content.fileno()).st_size
        request = {
            "candidateTypes": list(types),
            "withText": with_text,
            "unfinished": unfinished
            and {"fileType": unfinished.file_type, "found": unfinished.unfinished},
            "cpuSeconds": math.ceil(time_limit.seconds_left()) + 1,
            "addressSpaceBytes": ADDRESS_SPACE_FACTOR * self._memory_bytes + size_bytes,
        }
        max_bytes = MAX_MESSAGE_BYTES + (len(TEXT_FOLLOWS) + MAX_TEXT_BYTES if with_text else 0)
        if time_limit.function_seconds_left() < self._min_seconds:
            raise SandboxError("too little time is left to analyze a file")
        try:
            answer = runner.run(request, content.fileno(), time_limit, max_bytes)
            self._report_level(runner)
            may_be_unfinished = runner is self._extractors
            return validated(
                answer, types, may_be_unfinished=may_be_unfinished, with_text=with_text
            )
        except OSError as error:
            runner.close()
            raise SandboxError(f"no process could be started for the file: {error}") from error
        except TimeoutExceededError as error:
            runner.close()
            raise FileRejectedError(*_TIMEOUT) from error
        except (MemoryExceededError, TamperedError, ValueError, RecursionError) as error:
            runner.close()
            raise FileRejectedError(*_CRASHED) from error
        finally:
            self._check_limits(runner)

    def _check_limits(self, runner: Runner) -> None:
        """End the function if a child has lowered its limits, which cannot be raised again."""
        if not runner.flags & SECCOMP and self._limits != confinement.limits_of(_THIS_PROCESS):
            self._end_function()

    def _report_level(self, runner: Runner) -> None:
        if self._report:
            undumpable, seccomp = runner.flags & UNDUMPABLE, runner.flags & SECCOMP
            self._report(Level(self._is_function_undumpable, bool(undumpable), bool(seccomp)))
        self._report = None
