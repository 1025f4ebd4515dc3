"""Control groups: a CPU quota, a memory limit and the use of both, for all processes of a Lambda.

Works with cgroup v1 and v2 (Linux kernel documentation, "Control Groups version 1" and "Control
Group v2"). Creating a group needs root.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path

from infra.console import CommandError

ROOT = Path("/sys/fs/cgroup")

PERIOD_SECONDS = 0.02
"""Of the quota. Lambda's, as inferred from throttled functions: "Demystifying Serverless Costs on
Public Platforms", arXiv:2506.01283."""

_MOST_SHARES, _MOST_WEIGHT = 262_144, 10_000
"""The highest of cgroup v1 and v2: what else the machine does must not delay a Lambda."""
_MEBIBYTE = 1_048_576
_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.01


class Group(ABC):
    """A new, empty control group; what its processes start is in it as well."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        """Create the group.

        Raises:
            OSError: this user may not.
        """
        self._folders = folders
        with contextlib.ExitStack() as made:
            for folder in folders:
                folder.mkdir()
                made.callback(folder.rmdir)
            made.pop_all()

    @abstractmethod
    def limit_cpu(self, vcpus: float) -> None:
        """Throttle all processes together to this many CPUs, and let them have these."""

    @abstractmethod
    def limit_memory(self, mebibytes: int) -> None:
        """Kill processes rather than exceed this."""

    @abstractmethod
    def cpu_seconds(self) -> float:
        """CPU time of all processes so far, those that have ended included."""

    @abstractmethod
    def reset_peak(self) -> None:
        """Start a new measurement of the peak."""

    @abstractmethod
    def peak_bytes(self) -> int:
        """The highest memory since the reset, with the kernel's and files first read here."""

    def enter(self) -> None:
        """Move the calling process into the group."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def close(self) -> None:
        """Kill the processes that are left and remove the group."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while processes := (self._folders[0] / "cgroup.procs").read_text(encoding="ascii").split():
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
            if time.monotonic() > deadline:
                raise CommandError(f"processes of {self._folders[0].name} do not end")
            time.sleep(_LOOK_SECONDS)
        for folder in self._folders:
            folder.rmdir()


class GroupV1(Group):
    """In the hierarchies of the controllers cpu, cpuacct and memory."""

    def __init__(self, root: Path, name: str) -> None:
        """Create the group.

        Raises:
            OSError: this user may not, or a controller is missing.
        """
        self._cpu, self._cpuacct = root / "cpu" / name, root / "cpuacct" / name
        self._memory = root / "memory" / name
        folders = (self._cpu, self._cpuacct, self._memory)
        # cpu and cpuacct may be two names of one hierarchy.
        parents = {folder.parent.resolve(): folder for folder in reversed(folders)}
        super().__init__(tuple(parents.values()))

    def limit_cpu(self, vcpus: float) -> None:
        """Throttle all processes together to this many CPUs, and let them have these."""
        _write(self._cpu / "cpu.shares", _MOST_SHARES)
        _write(self._cpu / "cpu.cfs_period_us", _microseconds(PERIOD_SECONDS))
        _write(self._cpu / "cpu.cfs_quota_us", _microseconds(vcpus * PERIOD_SECONDS))

    def limit_memory(self, mebibytes: int) -> None:
        """Kill processes rather than exceed this."""
        _write(self._memory / "memory.limit_in_bytes", mebibytes * _MEBIBYTE)

    def cpu_seconds(self) -> float:
        """CPU time of all processes so far, those that have ended included."""
        return _read(self._cpuacct / "cpuacct.usage") / 1e9

    def reset_peak(self) -> None:
        """Start a new measurement of the peak."""
        _write(self._memory / "memory.max_usage_in_bytes", 0)

    def peak_bytes(self) -> int:
        """The highest memory since the reset, with the kernel's and files first read here."""
        return _read(self._memory / "memory.max_usage_in_bytes")


class GroupV2(Group):
    """In the unified hierarchy."""

    def __init__(self, root: Path, name: str) -> None:
        """Create the group.

        Raises:
            OSError: this user may not, or a controller is missing.
        """
        (root / "cgroup.subtree_control").write_text("+cpu +memory", encoding="ascii")
        self._folder = root / name
        super().__init__((self._folder,))
        self._peak: int | None = None
        """Descriptor: a reset holds for the one that it is written to."""

    def limit_cpu(self, vcpus: float) -> None:
        """Throttle all processes together to this many CPUs, and let them have these."""
        _write(self._folder / "cpu.weight", _MOST_WEIGHT)
        quota, period = _microseconds(vcpus * PERIOD_SECONDS), _microseconds(PERIOD_SECONDS)
        (self._folder / "cpu.max").write_text(f"{quota} {period}", encoding="ascii")

    def limit_memory(self, mebibytes: int) -> None:
        """Kill processes rather than exceed this."""
        _write(self._folder / "memory.max", mebibytes * _MEBIBYTE)

    def cpu_seconds(self) -> float:
        """CPU time of all processes so far, those that have ended included."""
        lines = (self._folder / "cpu.stat").read_text(encoding="ascii").splitlines()
        return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6

    def reset_peak(self) -> None:
        """Start a new measurement of the peak; before Linux 6.12 it goes back to the creation."""
        self._close_peak()
        path = self._folder / "memory.peak"
        try:
            self._peak = os.open(path, os.O_RDWR)
            os.write(self._peak, b"reset")
        except OSError:
            self._close_peak()
            self._peak = os.open(path, os.O_RDONLY)

    def peak_bytes(self) -> int:
        """The highest memory since the reset, with the kernel's and files first read here."""
        assert self._peak is not None, "it was reset"
        return int(os.pread(self._peak, 32, 0))

    def close(self) -> None:
        """Kill the processes that are left and remove the group."""
        self._close_peak()
        super().close()

    def _close_peak(self) -> None:
        if self._peak is not None:
            os.close(self._peak)
        self._peak = None


def create_group(name: str, root: Path = ROOT) -> Group:
    """A new group of this name, in whichever version of cgroups this machine has.

    Raises:
        CommandError: it has none, or this user may not create groups.
    """
    version = GroupV2 if (root / "cgroup.controllers").exists() else GroupV1
    try:
        return version(root, f"intake-bench-{os.getpid()}-{name}")
    except OSError as error:
        raise CommandError(
            f"Simulated Lambdas need root and cgroups with cpu and memory controllers: {error}"
        ) from None


def check_groups() -> None:
    """Check that `create_group` succeeds.

    Raises:
        CommandError: it does not.
    """
    create_group("probe").close()


def can_create_groups() -> bool:
    """Whether `create_group` succeeds."""
    try:
        check_groups()
    except CommandError:
        return False
    return True


def _microseconds(seconds: float) -> int:
    return round(1e6 * seconds)


def _write(path: Path, number: int) -> None:
    path.write_text(str(number), encoding="ascii")


def _read(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
