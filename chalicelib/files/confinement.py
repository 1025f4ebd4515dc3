"""Layers that confine a process on Linux: limits, death signal, no inspection, system call filter.

Each layer is optional: AWS Lambda is reported to refuse some of the calls (docs/security.md), and
macOS has few of them.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ctypes

_PR_SET_PDEATHSIG = 1
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
"""https://man7.org/linux/man-pages/man2/prctl.2.html"""
_SECCOMP_MODE_FILTER = 2

_KINDS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_CPU,
    resource.RLIMIT_CORE,
    resource.RLIMIT_DATA,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_STACK,
)


def forbid_inspection() -> bool:
    """Make this process and its future children non-dumpable; whether it worked.

    No other process of the same user can then trace it, nor read or write its memory, nor read its
    environment in /proc (ptrace(2), "Ptrace access mode checking").
    """
    _prctl(_PR_SET_DUMPABLE, 0)
    return is_inspection_forbidden()


def is_inspection_forbidden() -> bool:
    """Whether this process is non-dumpable."""
    return sys.platform == "linux" and bool(_libc().prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)


def die_with_parent(parent_id: int) -> None:
    """Have this process killed when its parent ends; exit if that has happened already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        os._exit(0)


def limit(*, address_space_bytes: int, cpu_seconds: int) -> None:
    """Limit memory and CPU time; forbid new descriptors, processes, files and core dumps.

    Without a new descriptor, nothing can be opened: no file, no socket, no directory of /proc. Open
    descriptors stay usable.
    """
    limits = (
        (resource.RLIMIT_AS, address_space_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    )
    for kind, maximum in limits:
        try:
            resource.setrlimit(kind, (maximum, maximum))
        except (ValueError, OSError):  # macOS has no limit of the address space
            continue


def limits_of(process_id: int) -> Sequence[tuple[int, int]]:
    """The limits of a process of the same user, which that user's other processes may lower."""
    if sys.platform != "linux":
        return ()
    return [resource.prlimit(process_id, kind) for kind in _KINDS]


def forbid_privileges() -> None:
    """Forbid this process and its future children to gain privileges, before they are filtered."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def filter_system_calls(program: ctypes.Structure) -> bool:
    """Apply a program of `seccomp.assemble` to this process, irrevocably; whether it worked.

    Requires `forbid_privileges`.
    """
    import ctypes  # noqa: PLC0415 - as below

    return _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, first: int, second: int = 0) -> bool:
    return sys.platform == "linux" and bool(_libc().prctl(option, first, second, 0, 0) == 0)


@cache
def _libc() -> Any:
    import ctypes  # noqa: PLC0415 - functions that have no sandbox start without it

    libc = ctypes.CDLL(None)
    libc.prctl.argtypes = (ctypes.c_int, *4 * (ctypes.c_ulong,))
    return libc
