"""A seccomp filter that allows the system calls of a parser that reads an open file, and no others.

The allowed calls are those that Python, PDFium, zlib, expat and OpenSSL make while they read the
files of several test suites. A forbidden call fails with EPERM instead of killing the process, so
that an optional call of a library does not fail a valid file. The format of filters:
https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_PROT_EXEC = 0x4
_MAP_ANONYMOUS = 0x20
_TCGETS = 0x5401

_ALLOW = 0x7FFF0000
_FAIL = 0x00050000 | errno.EPERM
_KILL_PROCESS = 0x80000000
"""Return values, linux/seccomp.h."""

_LOAD, _AND, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
"""Instructions on 32-bit words, linux/bpf_common.h."""

_INSTRUCTION_BYTES = 8
"""Of struct sock_filter."""

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data."""


class _Check(NamedTuple):
    """A condition on the low 32 bits of an argument: `argument & mask == value`."""

    argument: int
    mask: int
    value: int


_MACHINES = ("x86_64", "aarch64")
"""As `uname -m` names them."""

_AUDIT_NUMBERS = (0xC000003E, 0xC00000B7)
"""AUDIT_ARCH_* of each machine, linux/audit.h."""

_SYSTEM_CALLS = {
    "read": (0, 63),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "ioctl": (16, 29),
    "brk": (12, 214),
    "mmap": (9, 222),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "madvise": (28, 233),
    "futex": (202, 98),
    "clock_gettime": (228, 113),
    "getpid": (39, 172),
    "getrandom": (318, 278),
    "sched_yield": (24, 124),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
"""Number of each allowed call on each machine, asm/unistd_64.h and asm-generic/unistd.h."""


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def assemble(answer_descriptor: int) -> ctypes.Structure | None:
    """The filter for a process that writes to this descriptor only, as `struct sock_fprog`.

    None on an unknown architecture.
    """
    code = instructions(answer_descriptor, os.uname().machine)
    return _Program(len(code) // _INSTRUCTION_BYTES, code) if code else None


def instructions(answer_descriptor: int, machine: str) -> bytes | None:
    """The filter as an array of `struct sock_filter`, for a machine as `uname -m` names it."""
    if machine not in _MACHINES:
        return None
    return b"".join(_instructions(_MACHINES.index(machine), answer_descriptor))


def _instructions(machine: int, answer_descriptor: int) -> Iterator[bytes]:
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_JUMP_IF_EQUAL, _AUDIT_NUMBERS[machine], if_true=1)
    yield _instruction(_RETURN, _KILL_PROCESS)
    conditions = _conditions(answer_descriptor)
    for name, numbers in _SYSTEM_CALLS.items():
        checks = b"".join(_check(check) for check in conditions.get(name, ()))
        block = checks + _instruction(_RETURN, _ALLOW)
        yield _instruction(_LOAD, _NUMBER)
        length = len(block) // _INSTRUCTION_BYTES
        yield _instruction(_JUMP_IF_EQUAL, numbers[machine], if_false=length)
        yield block
    yield _instruction(_RETURN, _FAIL)


def _conditions(answer_descriptor: int) -> Mapping[str, tuple[_Check, ...]]:
    return {
        "write": (_Check(0, 0xFFFFFFFF, answer_descriptor),),
        "mmap": (_Check(2, _PROT_EXEC, 0), _Check(3, _MAP_ANONYMOUS, _MAP_ANONYMOUS)),
        "mprotect": (_Check(2, _PROT_EXEC, 0),),
        "ioctl": (_Check(1, 0xFFFFFFFF, _TCGETS),),
    }


def _check(check: _Check) -> bytes:
    return (
        _instruction(_LOAD, _ARGUMENTS + 8 * check.argument)
        + _instruction(_AND, check.mask)
        + _instruction(_JUMP_IF_EQUAL, check.value, if_true=1)
        + _instruction(_RETURN, _FAIL)
    )


def _instruction(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """Struct sock_filter; jumps are relative to the next instruction."""
    return struct.pack("=HBBI", code, if_true, if_false, operand)
