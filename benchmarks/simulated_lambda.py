"""A simulated Lambda: a function's process under the CPU quota of a memory size."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cgroups import create_group
from benchmarks.cost import MEBIBYTES_A_CPU
from benchmarks.stand_ins import outcomes
from infra.build.chalice_project import copy_project, read_config
from infra.build.package import build_package
from infra.console import CommandError, step
from infra.paths import ROOT
from tests.support.stack import created_event

PROCESS_UPLOAD = "process_upload"
BUCKET = "intake-bench-uploads"

SETTINGS = {"ALLOWED_TYPES": "application/pdf,text/plain", "METRICS": "basic"}
"""Values that a baseline of any version can parse, and settings that only other versions have."""

INIT_VCPUS = 2.0
"""Of Lambda's boost during INIT."""

_RUNTIME = Path(__file__).with_name("functions") / "runtime.py"
_NOBODY = 65_534
_LOOK_SECONDS = 0.02
_IDLE_LOOKS = 3
"""Without CPU time: longer than the period of the quota, so that all of it is there again."""
_IDLE_CPU_SECONDS = 0.000_2
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Function:
    """The code of a Lambda function."""

    folder: Path
    """In which its module is."""
    module: str
    name: str = PROCESS_UPLOAD
    """In Chalice's configuration."""
    handler: str = PROCESS_UPLOAD
    """In the module."""


FLOOR = Function(ROOT, "benchmarks.functions.floor")
PLAIN = Function(ROOT, "benchmarks.functions.plain")


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one invocation took."""

    milliseconds: float
    """Of the handler, which is what Lambda bills once it is warm."""
    cpu_milliseconds: float
    """Of all processes, until the last of them was idle or ended."""


class SimulatedLambda:
    """A running function with a quota of CPU; ends with its `with` block."""

    def __init__(
        self, name: str, function: Function, url: str, mebibytes: int, init_vcpus: float
    ) -> None:
        """Start the process; `wait_until_ready` returns when the function is imported.

        Args:
            name: unique among those that run.
            function: its code.
            url: of the stand-ins.
            mebibytes: the memory size, which determines the CPU.
            init_vcpus: the CPUs for the import.

        Raises:
            CommandError: this user may not create groups.
        """
        self._mebibytes = mebibytes
        self._url = url
        self._timeout_seconds = configuration(function.name)["lambda_timeout"]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        self._group = create_group(name)
        try:
            self._group.limit_cpu(init_vcpus)
            self._group.limit_memory(mebibytes)
            self._process = self._start(function)
        except BaseException:  # Ctrl-C as well
            self._group.close()
            raise

    def _start(self, function: Function) -> subprocess.Popen[str]:
        user = _unprivileged_user(function.folder)

        def enter() -> None:
            self._group.enter()
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)

        return subprocess.Popen(
            [sys.executable, "-P", _RUNTIME, function.folder, function.module, function.handler],
            env={**environment(function.name), "AWS_ENDPOINT_URL": self._url},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            preexec_fn=enter,  # noqa: PLW1509 - there are no threads, and all has to be in the group
        )

    def __enter__(self) -> SimulatedLambda:
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._process:
            self._process.kill()
        self._errors.close()
        self._group.close()

    def wait_until_ready(self) -> None:
        """Wait for the end of INIT, and throttle the function from then on.

        Raises:
            CommandError: it ends.
        """
        self._answer()
        self._group.limit_cpu(self._mebibytes / MEBIBYTES_A_CPU)

    def wait_until_idle(self) -> float:
        """Wait until no process works and the quota is there again; the CPU seconds so far."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        looks, before = 0, self._group.cpu_seconds()
        while looks < _IDLE_LOOKS and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            now = self._group.cpu_seconds()
            looks = looks + 1 if now - before < _IDLE_CPU_SECONDS else 0
            before = now
        return before

    def run(self, event: dict[str, Any]) -> float:
        """Run the handler; its milliseconds.

        Raises:
            CommandError: it raises an error, or the process ends.
        """
        return float(self.invocation(event)["milliseconds"])

    def result(self, event: dict[str, Any]) -> Any:
        """Run the handler; what it returns.

        Raises:
            CommandError: it raises an error, or the process ends.
        """
        return self.invocation(event)["result"]

    def invocation(self, event: dict[str, Any]) -> dict[str, Any]:
        """Run the handler; its `milliseconds` and its `result`.

        Raises:
            CommandError: it raises an error, or the process ends.
        """
        assert self._process.stdin is not None
        request = {"event": event, "timeoutSeconds": self._timeout_seconds}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = self._answer()
        if answer["error"]:
            raise CommandError(f"a simulated Lambda failed: {answer['error']}")
        return answer

    def invoke(self, event: dict[str, Any]) -> Invocation:
        """Run the handler in an idle process, and wait until it is idle again."""
        before = self._group.cpu_seconds()
        milliseconds = self.run(event)
        return Invocation(milliseconds, 1_000 * (self.wait_until_idle() - before))

    def outcomes(self) -> list[str]:
        """The outcomes of what was written since the last call, by any function."""
        return outcomes(self._url)

    def reset_peak(self) -> None:
        """Start a new measurement of the peak memory."""
        self._group.reset_peak()

    def peak_bytes(self) -> int:
        """The highest memory of all processes since the reset."""
        return self._group.peak_bytes()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise CommandError(f"a simulated Lambda ended: {self._errors.read().strip()[-500:]}")
        return json.loads(line)


def memory_size(function: str = PROCESS_UPLOAD) -> int:
    """A function's, in MiB."""
    return int(configuration(function)["lambda_memory_size"])


def configuration(function: str) -> dict[str, Any]:
    """A function's configuration, with what it has in common with the others."""
    config = read_config(ROOT)
    return {**config, **config["lambda_functions"].get(function, {})}


def environment(function: str) -> dict[str, str]:
    """A function's variables as deployed; nothing of this machine's Python."""
    stack_name = "intake-bench"
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": f"{stack_name}-{function}",
        **read_config(ROOT)["environment_variables"],
        "STACK_NAME": stack_name,
        "UPLOAD_BUCKET": BUCKET,
        "DOCUMENTS_TABLE": "intake-bench-documents",
        "FAILURE_QUEUE": "intake-bench-failures",
        "USER_POOL_ARN": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_bench",
        "USER_POOL_CLIENT_ID": "bench",
        "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:intake-bench",
        **SETTINGS,
    }


def event_for(key: str, path: Path) -> dict[str, Any]:
    """S3's event for an object with this content."""
    content = path.read_bytes()
    e_tag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return created_event(BUCKET, key, e_tag, size=len(content))


def versions(folder: Path, baseline: Path | None) -> dict[str, Function]:
    """The app of this version, and of the baseline if there is one, unpacked into this folder.

    Raises:
        CommandError: the deployment package cannot be built.
    """
    folder.chmod(0o755)  # simulated Lambdas run as another user where they can
    with step("Building the deployment package"):
        packages = {"intake": build_package(copy_project(folder / "project"))}
    if baseline:
        packages["baseline"] = baseline
    return {name: _unpacked(package, folder / name) for name, package in packages.items()}


def _unpacked(package: Path, folder: Path) -> Function:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return Function(folder, "app")


def _unprivileged_user(folder: Path) -> int | None:
    """The user to run as, since Lambda's is not root; None where it could not read the interpreter.

    An interpreter in the home directory of root is such a case.
    """
    if os.getuid() != 0:
        return None
    entries = (_RUNTIME.parent, folder, Path(sys.prefix), Path(sys.executable).resolve())
    paths = {path for entry in entries for path in (entry, *entry.parents)}
    return _NOBODY if all(path.stat().st_mode & stat.S_IXOTH for path in paths) else None
