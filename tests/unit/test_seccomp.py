"""The filter of system calls, interpreted as the kernel does it, for both architectures."""

from __future__ import annotations

import struct

import pytest

from chalicelib.files import seccomp

ALLOW, EPERM, KILL = "allow", "EPERM", "kill"

NUMBERS = {
    "x86_64": {"read": 0, "write": 1, "mmap": 9, "mprotect": 10, "ioctl": 16, "exit_group": 231}
    | {"open": 2, "openat": 257, "socket": 41, "execve": 59, "kill": 62, "prlimit64": 302}
    | {"newfstatat": 262, "ptrace": 101, "process_vm_readv": 310, "clone": 56},
    "aarch64": {"read": 63, "write": 64, "mmap": 222, "mprotect": 226, "ioctl": 29}
    | {"exit_group": 94, "openat": 56, "socket": 198, "execve": 221, "kill": 129}
    | {"prlimit64": 261, "newfstatat": 79, "ptrace": 117, "process_vm_readv": 270, "clone": 220},
}
"""From the kernel's tables, not from the module."""
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ANSWER = 3


def outcome(machine: str, number: int, *arguments: int, audit: int | None = None) -> str:
    """What the filter returns for a system call."""
    code = list(struct.iter_unpack("=HBBI", seccomp.instructions(ANSWER, machine) or b""))
    values = [argument & (2**64 - 1) for argument in (*arguments, *[0] * (6 - len(arguments)))]
    data = struct.pack("=IIQ6Q", number, audit or AUDIT[machine], 0, *values)
    position = accumulator = 0
    while True:
        operation, if_true, if_false, operand = code[position]
        position += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x54:
                accumulator &= operand
            case 0x15:
                position += if_true if accumulator == operand else if_false
            case 0x06:
                return {0x7FFF0000: ALLOW, 0x00050001: EPERM, 0x80000000: KILL}[operand]


@pytest.mark.parametrize("machine", NUMBERS)
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("read", [4], ALLOW),
        ("exit_group", [0], ALLOW),
        ("write", [ANSWER], ALLOW),
        ("write", [1], EPERM),
        ("mmap", [0, 1, 3, 0x22], ALLOW),
        ("mmap", [0, 1, 7, 0x22], EPERM),
        ("mmap", [0, 1, 1, 0x02], EPERM),
        ("mprotect", [0, 1, 3], ALLOW),
        ("mprotect", [0, 1, 5], EPERM),
        ("ioctl", [0, 0x5401], ALLOW),
        ("ioctl", [0, 0x5412], EPERM),
        ("openat", [], EPERM),
        ("newfstatat", [0, 0, 0, 0x1000], EPERM),
        ("socket", [], EPERM),
        ("execve", [], EPERM),
        ("clone", [], EPERM),
        ("kill", [], EPERM),
        ("ptrace", [], EPERM),
        ("prlimit64", [], EPERM),
        ("process_vm_readv", [], EPERM),
    ],
)
def test_system_call(machine: str, call: str, arguments: list[int], expected: str) -> None:
    """The calls that reading an open file needs are allowed, with checked arguments."""
    assert expected == outcome(machine, NUMBERS[machine][call], *arguments)


@pytest.mark.parametrize("machine", NUMBERS)
def test_other_architectures(machine: str) -> None:
    """The numbers of another architecture, or of the x32 ABI, are no way around the filter."""
    other = AUDIT["aarch64" if machine == "x86_64" else "x86_64"]

    assert outcome(machine, NUMBERS[machine]["read"], audit=other) == KILL
    assert outcome(machine, 0x40000000 | NUMBERS[machine]["read"]) == EPERM


def test_unknown_machine() -> None:
    """There is no filter for an architecture without numbers."""
    assert seccomp.instructions(ANSWER, "riscv64") is None
