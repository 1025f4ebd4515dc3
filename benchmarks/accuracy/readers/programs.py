"""Programs of the system that read files, each bounded in time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

SECONDS = 40
"""For one program and one file."""

_ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

_READY = "{ready}"


class ReadError(Exception):
    """The reader does not read this file."""


def run(*command: str | Path, accepted: tuple[int, ...] = (0,)) -> str:
    """What the program prints.

    Raises:
        ReadError: its exit code is not accepted, or it takes too long.
    """
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env=_ENVIRONMENT,
        )
    except subprocess.TimeoutExpired as error:
        raise ReadError(f"takes more than {SECONDS} s") from error
    if ran.returncode not in accepted:
        raise ReadError(_last_line(ran.stderr) or f"exit code {ran.returncode}")
    return ran.stdout.decode(errors="replace")


def _last_line(output: bytes) -> str:
    return output.decode(errors="replace").strip().rpartition("\n")[2]


def exiftool(path: Path, *, with_parts: bool = False) -> Mapping[str, str]:
    """The tags by group of family 1 and name (`IFD0:Make`), in ExifTool's numeric form, as text.

    Args:
        path: the file.
        with_parts: also of what is embedded; to ExifTool, each part of a package is a document.

    Raises:
        ReadError: ExifTool reports that the file has errors or an unknown format.
    """
    tags: dict[str, str] = {}
    for name, value in _exiftool().tags(path).items():
        # The tags of an embedded document have another group in front (`Doc1:IFD0:Make`).
        if with_parts or name.count(":") == 1:
            tags.setdefault(":".join(name.split(":")[-2:]), _text(value))
    if error := tags.get("ExifTool:Error"):
        raise ReadError(error)
    return tags


def _text(value: Any) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


@cache
def _exiftool() -> _ExifTool:
    return _ExifTool()


class _ExifTool:
    """One process for all files: starting Perl takes longer than reading a file."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["exiftool", "-stay_open", "True", "-@", "-"],  # noqa: S607 - whichever is installed
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
        )

    def tags(self, path: Path) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        arguments = [
            "-json",
            "-n",
            "-a",
            "-G3:1",
            "-charset",
            "filename=utf8",
            str(path),
            "-execute",
        ]
        self._process.stdin.write(("\n".join(arguments) + "\n").encode())
        self._process.stdin.flush()
        lines = []
        while (line := self._process.stdout.readline().decode(errors="replace")).strip() != _READY:
            if not line:
                raise ReadError("ended")
            lines.append(line)
        # A title such as 1.10 is printed as a number.
        found = json.loads("".join(lines) or "[]", parse_float=str, parse_int=str)
        if not found:
            raise ReadError("prints nothing")
        return dict(found[0])


def named(tags: Mapping[str, str], name: str) -> str | None:
    """The first tag of this name in any group."""
    return next((value for key, value in tags.items() if key.rpartition(":")[2] == name), None)


def number(value: object) -> int | None:
    """The integer that a program prints; None for anything else."""
    try:
        return round(float(str(value).split()[0]))
    except (ValueError, IndexError, OverflowError):
        return None
