"""Commands as an ordinary user, even where the tests run as root, for whom Linux checks less."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.paths import ROOT

_NOBODY = "65534"

_SCRIPT = """
set -eu
stash=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$stash"
number=0
for place in $NEEDED; do
  number=$((number + 1))
  mkdir "$stash/$number"
  mount --bind "$place" "$stash/$number"
done
for folder in $HIDDEN; do
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
number=0
for place in $NEEDED; do
  number=$((number + 1))
  mkdir -p "$place"
  mount --bind "$stash/$number" "$place"
done
exec setpriv --reuid={nobody} --regid={nobody} --clear-groups -- "$@"
"""
"""In a mount namespace of its own, replaces the folders that only root may enter by folders that
hold just the needed places."""


def unprivileged(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command and environment variables that run a command as an ordinary user.

    It can read this project and its Python.
    """
    if os.geteuid() != 0:
        return list(command), {}
    as_nobody = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--"]
    needed = {Path(sys.base_prefix), Path(sys.prefix), ROOT}
    hidden = {folder for place in needed for folder in place.parents if not _may_enter(folder)}
    topmost = [folder for folder in hidden if not hidden.intersection(folder.parents)]
    places = [place for place in needed if hidden.intersection(place.parents)]
    script = _SCRIPT.replace("{nobody}", _NOBODY)
    if not places:
        return [*as_nobody, *command], {}
    variables = {
        "NEEDED": " ".join(map(str, sorted(places))),
        "HIDDEN": " ".join(map(str, topmost)),
    }
    isolated = ["unshare", "--mount", "--propagation", "private"]
    return [*isolated, "sh", "-c", script, "sh", *command], variables


def _may_enter(folder: Path) -> bool:
    return bool(folder.stat().st_mode & 0o001)
