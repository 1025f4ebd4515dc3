"""Analyses in forked children, with and without the right to open files.

    python -m tests.support.confined

reads a JSON list of groups, each of candidate types and paths, prepares a process for the types of
each, and answers with a JSON list of two answers for each path of each group: unconfined, confined.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata  # noqa: F401 - as in the worker
from collections.abc import Iterable, Sequence
from pathlib import Path

from chalicelib.files import confinement, seccomp
from chalicelib.files.analysis import analyze, prepare
from infra.aws.stage import ROOT

Answers = list[tuple[str, str]]
"""For each file, the analysis as it is, and without the right to open files."""


def answers(groups: Iterable[tuple[Sequence[str], Sequence[Path]]]) -> list[Answers]:
    """The answers for groups of candidate types and files.

    Only the first process is a new one: each group's is forked from it before anything is prepared,
    which is as good and takes a third of the time.
    """
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", __name__],
        cwd=ROOT,
        input=json.dumps([[list(types), [str(path) for path in paths]] for types, paths in groups]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        [(unconfined, confined) for unconfined, confined in found]
        for found in json.loads(ran.stdout)
    ]


def _group(candidate_types: Sequence[str], paths: Sequence[str]) -> list[list[str]]:
    """The answers for a group, of a process that is prepared for its types only."""
    answer_end, child_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            prepare(candidate_types)
            both = [
                [
                    _answer(path, candidate_types, is_confined=is_confined)
                    for is_confined in (False, True)
                ]
                for path in paths
            ]
            with os.fdopen(child_end, "w") as pipe:
                json.dump(both, pipe)
        finally:
            os._exit(0)
    os.close(child_end)
    with os.fdopen(answer_end) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return list(json.loads(answer))  # nothing, which is an error, if the process has failed


def _answer(path: str, candidate_types: Sequence[str], *, is_confined: bool) -> str:
    answer_end, child_end = os.pipe()
    with Path(path).open("rb") as content:
        child = os.fork()
        if child == 0:
            try:
                if is_confined:
                    _confine(child_end)
                os.write(
                    child_end,
                    repr(analyze(content, candidate_types, with_text=True)).encode()[:60_000],
                )
            finally:
                os._exit(0)
    os.close(child_end)
    with os.fdopen(answer_end, "rb") as pipe:
        answer = pipe.read().decode(errors="replace")
    os.waitpid(child, 0)
    return answer


def _confine(answer_end: int) -> None:
    """As the sandbox's child does it."""
    confinement.limit(address_space_bytes=2**30, cpu_seconds=60)
    confinement.forbid_privileges()
    if program := seccomp.assemble(answer_end):
        confinement.filter_system_calls(program)


def _main() -> None:
    json.dump([_group(*group) for group in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    _main()
