"""ClamAV: what it replies about the content of a file.

clamd keeps its signatures in memory and replies in milliseconds; clamscan loads them for each file.
Both use the signatures that are installed, if any, and one of our own for the EICAR test file.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from infra.local.guardduty.eicar import signature

INSTALLED_SIGNATURES = Path("/var/lib/clamav")
"""Where Debian's freshclam stores them."""
SIGNATURE_SUFFIXES = {".cvd", ".cld", ".ndb", ".hdb", ".hsb", ".ldb", ".cdb", ".mdb", ".fp", ".sfp"}
PROGRAM_FOLDERS = ("/usr/local/sbin", "/usr/sbin")
"""Where clamd is, which a user's PATH may lack."""
MAX_FILE_BYTES = 2_000_000_000
"""ClamAV's own limit is 2 GiB."""
START_SECONDS = 120
"""Maximum startup time of clamd; all of ClamAV's own signatures take 20 s."""
REPLY_SECONDS = 300
INSTALL = (
    "SCAN=guardduty needs ClamAV on this machine: apt-get install clamav-daemon (Debian, Ubuntu)"
)


class ClamAvError(Exception):
    """ClamAV is missing, or does not start; the message is one line."""


class ClamAv(Protocol):
    """A ClamAV that runs."""

    def scan(self, chunks: Iterable[bytes]) -> str:
        """The line about a content, such as `stream: OK`.

        Raises:
            OSError: ClamAV has ended or does not reply.
        """


class Clamd:
    """The daemon behind this socket."""

    def __init__(self, path: Path) -> None:
        """Of a clamd that listens."""
        self._path = str(path)

    def scan(self, chunks: Iterable[bytes]) -> str:
        """Stream a content: chunks with their length in four bytes, and an empty one at the end."""
        with self._connection() as connection:
            # clamd replies before the end, and stops reading, when its limit is exceeded.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"zINSTREAM\0")
                for chunk in chunks:
                    connection.sendall(len(chunk).to_bytes(4) + chunk)
                connection.sendall((0).to_bytes(4))
            return _read_reply(connection)

    def is_ready(self) -> bool:
        """Whether it replies."""
        try:
            with self._connection() as connection:
                connection.sendall(b"zPING\0")
                return _read_reply(connection) == "PONG"
        except OSError:
            return False

    @contextlib.contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(REPLY_SECONDS)
            connection.connect(self._path)
            yield connection


class Clamscan:
    """The program, which starts for each file."""

    def __init__(self, program: str, signatures: Path) -> None:
        """Of this path, with a folder of signatures."""
        self._command = [
            program,
            f"--database={signatures}",
            "--alert-encrypted=yes",
            "--alert-exceeds-max=yes",
            f"--max-filesize={MAX_FILE_BYTES}",
            f"--max-scansize={MAX_FILE_BYTES}",
            "--no-summary",
            "--stdout",
            "-",
        ]

    def scan(self, chunks: Iterable[bytes]) -> str:
        """The first line of its output."""
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            for chunk in chunks:
                process.stdin.write(chunk)
        try:
            output, _errors = process.communicate(timeout=REPLY_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise TimeoutError("clamscan does not reply") from None
        return output.decode(errors="replace").partition("\n")[0]


@contextlib.contextmanager
def running_clamav(folder: Path) -> Iterator[ClamAv]:
    """A ClamAV with its files in this folder, ended with the block.

    Raises:
        ClamAvError: it is not installed, or does not start.
    """
    clamd, clamscan = find_program("clamd"), find_program("clamscan")
    if not clamd and not clamscan:
        raise ClamAvError(INSTALL)
    signatures = _collect_signatures(folder / "signatures")
    if clamd:
        with _running_clamd(clamd, folder, signatures) as daemon:
            yield daemon
    elif clamscan:
        yield Clamscan(clamscan, signatures)


def is_installed() -> bool:
    """Whether this machine has the daemon or the program."""
    return any(find_program(name) for name in ("clamd", "clamscan"))


def find_program(name: str) -> str | None:
    """The path of a program of ClamAV; None if it is not installed."""
    return shutil.which(name) or shutil.which(name, path=":".join(PROGRAM_FOLDERS))


def _collect_signatures(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "intake.ndb").write_text(signature(), encoding="ascii")
    if INSTALLED_SIGNATURES.is_dir():
        for path in INSTALLED_SIGNATURES.iterdir():
            if path.suffix in SIGNATURE_SUFFIXES:
                (folder / path.name).symlink_to(path)
    return folder


@contextlib.contextmanager
def _running_clamd(program: str, folder: Path, signatures: Path) -> Iterator[Clamd]:
    config, path, log = folder / "clamd.conf", folder / "clamd.socket", folder / "clamd.log"
    config.write_text(
        f"LocalSocket {path}\nDatabaseDirectory {signatures}\nTemporaryDirectory {folder}\n"
        f"StreamMaxLength {MAX_FILE_BYTES}\nMaxFileSize {MAX_FILE_BYTES}\n"
        f"MaxScanSize {MAX_FILE_BYTES}\nAlertEncrypted yes\nAlertExceedsMax yes\nForeground yes\n"
        "MaxThreads 4\n",
        encoding="utf-8",
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, f"--config-file={config}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        daemon = Clamd(path)
        _wait_until_ready(daemon, process, log)
        yield daemon
    finally:
        process.kill()  # it has nothing to save
        process.wait()


def _wait_until_ready(daemon: Clamd, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not daemon.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise ClamAvError(f"clamd did not start: {' '.join(last) or 'its log is empty'}")
        time.sleep(0.05)


def _read_reply(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and (received := connection.recv(4_096)):
        reply += received
    if not reply:
        raise ConnectionError("clamd closed the connection without a reply")
    return reply.rstrip(b"\0\n").decode(errors="replace")
