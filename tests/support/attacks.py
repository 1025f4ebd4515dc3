"""Hostile code in the sandbox's child, run as `python -m tests.support.attacks CONFINEMENT`.

The process plays the Lambda: it has credentials in its environment and memory, open files, and a
server that plays the runtime API. Each attack is a program that a file makes its parser execute.
Prints a JSON object: for each attack, whether it succeeded.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from chalicelib.files.extraction import FileRejectedError
from chalicelib.files.sandbox import Sandbox
from infra.paths import ROOT
from tests.support import jail
from tests.support.hostile import replace_image_extractor
from tests.support.processes import sandbox_workers
from tests.support.waiting import eventually

SECRET = "a-secret-access-key"

UNCONFINED = "unconfined"
"""The attacks run in an ordinary child process, to show that they succeed without a sandbox."""

JAILS: Mapping[str, tuple[int, ...] | None] = {
    UNCONFINED: None,
    "all layers": None,
    "no seccomp": jail.SECCOMP,
    "no seccomp, no prctl": jail.SECCOMP_AND_DUMPABLE,
}
"""What the system refuses, by confinement."""

PRELUDE = """
import ctypes, json, os, resource, signal, socket
success, answer, content = False, 3, 4
answer_of_success = {"fileType": "image/avif", "metadata": {"width": 2, "height": 1}}
libc = ctypes.CDLL(None, use_errno=True)
def leave():
    libc.prctl(1, 0, 0, 0, 0)
    for attempt in (os.setsid, lambda: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))):
        try: attempt()
        except OSError: pass
def vm(call, process, address, data):
    class Part(ctypes.Structure):
        _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    call.argtypes = [ctypes.c_int, *2 * [ctypes.c_void_p, ctypes.c_ulong], ctypes.c_ulong]
    buffer = ctypes.create_string_buffer(data, len(data))
    here, there = Part(ctypes.addressof(buffer), len(data)), Part(address, len(data))
    done = call(process, ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0)
    return buffer.raw if done == len(data) else b""
"""
"""What every attack may use, besides the targets that `_Function` defines."""

ATTACKS: Mapping[str, str] = {
    "reads the function's environment": """
success = secret in open(f"/proc/{function}/environ").read()
""",
    "reads the function's memory through /proc": """
memory = open(f"/proc/{function}/mem", "rb")
memory.seek(address)
success = memory.read(len(secret)).decode() == secret
""",
    "opens the function's files": """
success = secret in open(f"/proc/{function}/fd/{descriptor}").read()
""",
    "reads a file in /tmp": """
success = secret in open(temporary).read()
""",
    "reads the function's code": """
success = bool(open(code).read())
""",
    "lists a folder": """
success = bool(os.listdir("/"))
""",
    "connects by TCP": """
with socket.create_connection(server) as connection:
    success = connection.recv(99).decode() == secret
""",
    "sends by UDP": """
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    success = sender.sendto(b"x", server) == 1
""",
    "executes a shell": """
os.set_inheritable(answer, True)
os.execv("/bin/sh", ["sh", "-c", "echo '%s' >&3" % json.dumps(answer_of_success)])
""",
    "reads the function's memory by process_vm_readv": """
success = vm(libc.process_vm_readv, function, address, b"-" * len(secret)).decode() == secret
""",
    "writes the function's memory by process_vm_writev": """
success = bool(vm(libc.process_vm_writev, function, address, secret.encode()))
""",
    "reads the worker's memory by process_vm_readv": """
success = bool(vm(libc.process_vm_readv, os.getppid(), id(json.__doc__) + 60, b"-"))
""",
    "writes the worker's memory by process_vm_writev": """
place = id(json.__doc__) + 60
success = bool(vm(libc.process_vm_writev, os.getppid(), place, ctypes.string_at(place, 1)))
""",
    "traces the function": """
success = libc.ptrace(0x4206, function, None, None) == 0
""",
    "traces the worker": """
success = libc.ptrace(0x4206, os.getppid(), None, None) == 0
""",
    "forks": """
process = os.fork()
if process == 0:
    os._exit(0)
os.waitpid(process, 0)
success = True
""",
    "starts a thread": """
import _thread
_thread.start_new_thread(int, ())
success = True
""",
    "raises its limits": """
resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))
success = True
""",
    "changes the file": """
success = os.pwrite(content, b"x", 0) == 1
""",
    "lengthens a file": """
os.truncate(temporary, 999)
success = True
""",
    "creates a file": """
success = os.open(temporary + ".new", os.O_CREAT | os.O_WRONLY) > 0
""",
    "keeps a file in memory": """
success = os.memfd_create("x") > 0
""",
    "sends the function a signal": """
os.kill(function, signal.SIGURG)
success = True
""",
}
"""Programs that set `success`; an exception is a failure."""

OUTLIVING: Mapping[str, str] = {
    "outlives the time limit": """
leave()
while True: pass
""",
    "outlives its answer": """
leave()
os.write(answer, json.dumps(answer_of_success).encode())
os.close(answer)
while True: pass
""",
}
"""Programs that try to stay."""

DISRUPTIONS: Mapping[str, str] = {
    "kills the worker": """
os.kill(os.getppid(), signal.SIGKILL)
while True: pass
""",
    "stops the worker": """
os.kill(os.getppid(), signal.SIGSTOP)
while True: pass
""",
    "stops the worker, then answers": """
os.kill(os.getppid(), signal.SIGSTOP)
success = True
""",
    "lowers the worker's limits": """
resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))
success = True
""",
    "lowers the limit of the worker's memory": """
resource.prlimit(os.getppid(), resource.RLIMIT_AS, (2**20, 2**20))
success = True
""",
    "kills its process group": """
os.kill(0, signal.SIGKILL)
""",
}
"""Programs that try to make the analysis of the next file fail, or to stay meanwhile."""


LOWERS_LIMITS = "lowers the function's limits unnoticed"
ATTACK_ON_LIMITS = """
resource.prlimit(function, resource.RLIMIT_DATA, (2**40, 2**40))
os._exit(1)
"""

_TYPE = "image/avif"
_PATIENCE_SECONDS = 20.0
_EXTRACTION_SECONDS = 2.0
_END_SECONDS = 1.5
"""Until a killed process has ended; less than its limit of CPU time, which would end it as well."""


class _Function:
    """What this process has to lose, as assignments for the programs."""

    def __init__(self) -> None:
        self._secret = ctypes.create_string_buffer(SECRET.encode())
        self._file = tempfile.NamedTemporaryFile("w+")  # noqa: SIM115 - open until the end
        self._file.write(SECRET)
        self._file.flush()
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        self.targets = {
            "secret": SECRET,
            "function": os.getpid(),
            "address": ctypes.addressof(self._secret),
            "descriptor": self._file.fileno(),
            "temporary": self._file.name,
            "code": str(ROOT / "app.py"),
            "server": self._server.getsockname(),
        }

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            with connection:
                connection.sendall(SECRET.encode())


def _program(attack: str, targets: Mapping[str, object]) -> bytes:
    assigned = "".join(f"{name} = {value!r}\n" for name, value in targets.items())
    attempt = "try:\n" + textwrap.indent(attack.strip(), "    ") + "\nexcept BaseException: pass\n"
    return (PRELUDE + assigned + attempt + "width = 1 + bool(success)\n").encode()


def _succeeds_in(sandbox: Sandbox, program: bytes) -> bool:
    """Whether the answer is that of a program that has succeeded."""
    end = time.monotonic() + _PATIENCE_SECONDS
    with tempfile.NamedTemporaryFile() as file:
        file.write(program)
        file.flush()
        with Path(file.name).open("rb") as content:
            try:
                analysis = sandbox.analyze(content, [_TYPE], lambda: end - time.monotonic())
            except FileRejectedError:
                return False
    return (analysis.metadata or {}).get("width") == 2


def _succeeds_unconfined(program: bytes) -> bool:
    readable, writable = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(writable, 3)
        with tempfile.TemporaryFile() as content:
            os.dup2(content.fileno(), 4)
            scope: dict[str, int] = {}
            exec(program, scope)  # noqa: S102 - the attack
            os.write(3, json.dumps({"metadata": {"width": scope["width"]}}).encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(process, 0)
    return bool(json.loads(answer)["metadata"]["width"] == 2)


def _remain(folder: Path, expected: int) -> bool:
    """Whether more processes of the sandbox stay than are expected to."""
    try:
        eventually(lambda: len(sandbox_workers(folder)) <= expected, "an end", seconds=_END_SECONDS)
    except AssertionError:
        return True
    return False


def _run_unconfined(function: _Function) -> dict[str, object]:
    return {
        name: _succeeds_unconfined(_program(attack, function.targets))
        for name, attack in ATTACKS.items()
    }


def _run_confined(function: _Function) -> dict[str, object]:
    levels: list[str] = []
    ends: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        replace_image_extractor(Path(folder))
        sys.path.insert(0, folder)
        sandbox = Sandbox(
            {},
            extraction_seconds=_EXTRACTION_SECONDS,
            min_seconds=0,
            report=lambda level: levels.append(str(level)),
            end_function=lambda: ends.append("ended"),
        )
        found: dict[str, object] = {}
        sandbox.prepare()
        for name, attack in ATTACKS.items():
            found[name] = _succeeds_in(sandbox, _program(attack, function.targets))
        for name, attack in {**OUTLIVING, **DISRUPTIONS}.items():
            _succeeds_in(sandbox, _program(attack, function.targets))
            remains = _remain(Path(folder), 1)
            next_file_fails = not _succeeds_in(sandbox, _program("success = True", {}))
            found[name] = remains or next_file_fails
        # Last, since nothing raises a limit again.
        lowers = _program(ATTACK_ON_LIMITS, function.targets)
        before = resource.getrlimit(resource.RLIMIT_DATA)
        _succeeds_in(sandbox, lowers)
        found[LOWERS_LIMITS] = before != resource.getrlimit(resource.RLIMIT_DATA) and not ends
        sandbox.close()
        found["leaves a process"] = _remain(Path(folder), 0)
    return {**found, "level": levels[0]}


def main(confinement: str) -> None:
    """Run all attacks under this confinement."""
    options = JAILS[confinement]
    if options:
        jail.enter_jail(options)
    os.environ["AWS_SECRET_ACCESS_KEY"] = SECRET
    function = _Function()
    run = _run_unconfined if confinement == UNCONFINED else _run_confined
    sys.stdout.write(json.dumps(run(function)))


if __name__ == "__main__":
    main(sys.argv[1])
