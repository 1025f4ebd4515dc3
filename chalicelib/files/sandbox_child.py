"""The child process, which analyzes one file and exits; see sandbox.py."""

from __future__ import annotations

import ctypes
import json
import os
import socket
from collections.abc import Mapping
from typing import Any, BinaryIO, NoReturn

from chalicelib.files import confinement
from chalicelib.files import sandbox_protocol as protocol
from chalicelib.files.analysis import Analysis, analyze, finish
from chalicelib.files.mapped import MappedFile

CHANNEL = 3
"""Descriptor of the socket to the Lambda, in the worker and, with another socket, in the child."""

_MAX_DESCRIPTORS = 64
"""More than the worker ever opens; each takes a system call to close."""


def serve(channel: int, worker_id: int, program: ctypes.Structure | None) -> NoReturn:
    """Wait for a file, confine this process, analyze and answer. A failure sends no answer.

    Args:
        channel: descriptor of the socket to the Lambda.
        worker_id: process id of the worker.
        program: filter of system calls, if the system accepts one.
    """
    try:
        os.dup2(channel, CHANNEL)
        os.closerange(CHANNEL + 1, _MAX_DESCRIPTORS)
        confinement.die_with_parent(worker_id)
        with socket.socket(fileno=CHANNEL) as lambda_end:
            message, descriptors, _, _ = socket.recv_fds(lambda_end, protocol.MAX_MESSAGE_BYTES, 1)
            if message:
                answer = _answer_confined(json.loads(message), descriptors[0], program)
                lambda_end.detach()
                _send(answer)
    finally:
        os._exit(0)


def _answer_confined(
    request: Mapping[str, Any], descriptor: int, program: ctypes.Structure | None
) -> bytes:
    with MappedFile(descriptor) as content:
        confinement.limit(
            address_space_bytes=request["addressSpaceBytes"], cpu_seconds=request["cpuSeconds"]
        )
        if program and not confinement.filter_system_calls(program):
            os._exit(1)
        return _as_answer(_analyzed(content, request))


def _analyzed(content: BinaryIO, request: Mapping[str, Any]) -> Analysis:
    types, with_text = request["candidateTypes"], request["withText"]
    unfinished = request["unfinished"]
    if unfinished is None:
        return analyze(content, types, with_text=with_text)
    found = Analysis(unfinished["fileType"], unfinished=unfinished["found"])
    return finish(content, found, types, with_text=with_text)


def _as_answer(analysis: Analysis) -> bytes:
    answer: dict[str, object] = {"fileType": analysis.file_type}
    if analysis.metadata is not None:
        answer["metadata"] = dict(analysis.metadata)
    if analysis.failure is not None:
        answer["rejected"] = [analysis.failure.code.value, analysis.failure.message]
    if analysis.unfinished is not None:
        answer["unfinished"] = dict(analysis.unfinished)
    if analysis.text is None:
        return json.dumps(answer).encode()
    content = analysis.text.content
    answer[protocol.TEXT] = [len(content), analysis.text.is_truncated]
    return json.dumps(answer).encode() + protocol.TEXT_FOLLOWS + content


def _send(answer: bytes) -> None:
    """Write the answer and close the socket before the process ends, which takes a while."""
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(CHANNEL, rest) :]
    os.close(CHANNEL)
