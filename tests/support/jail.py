"""A jail that refuses the system calls that AWS Lambda is reported to refuse."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_DUMPABLE = 38, 22, 4
_SECCOMP_MODE_FILTER = 2
_NUMBERS = {
    "x86_64": {"prctl": 157, "ptrace": 101, "seccomp": 317},
    "aarch64": {"prctl": 167, "ptrace": 117, "seccomp": 277},
}

SECCOMP = (_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS)
"""The prctl options that a filter of system calls needs."""
SECCOMP_AND_DUMPABLE = (*SECCOMP, _PR_SET_DUMPABLE)


def enter_jail(prctl_options: tuple[int, ...]) -> None:
    """Have seccomp, ptrace and these prctl options fail with EPERM from now on, in children too."""
    numbers = _NUMBERS[os.uname().machine]
    allow, refuse = _instruction(0x06, 0x7FFF0000), _instruction(0x06, 0x50000 | errno.EPERM)
    code = [_instruction(0x20, 0)]  # load the number
    for name in ("seccomp", "ptrace"):
        code += [_instruction(0x15, numbers[name], if_false=1), refuse]
    code += [_instruction(0x15, numbers["prctl"], if_true=1), allow]
    code += [_instruction(0x20, 16)]  # load the first argument
    for option in prctl_options:
        code += [_instruction(0x15, option, if_false=1), refuse]
    program = b"".join([*code, allow])
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = (ctypes.c_int, *4 * (ctypes.c_ulong,))
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header), 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "no filter can be installed")


def _instruction(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
