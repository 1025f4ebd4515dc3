"""Code that a file executes in its parser reaches nothing but its answer.

tests/support/attacks.py runs the attacks, as an ordinary user; docs/security.md lists the layers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from infra.paths import ROOT
from tests.support.attacks import (
    ATTACKS,
    DISRUPTIONS,
    JAILS,
    LOWERS_LIMITS,
    OUTLIVING,
    SECRET,
    UNCONFINED,
)
from tests.support.unprivileged import unprivileged

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has the layers that confine the parsers"
)

CONFINEMENTS = [name for name in JAILS if name != UNCONFINED]

ALL_ATTACKS = [*ATTACKS, *OUTLIVING, *DISRUPTIONS, LOWERS_LIMITS, "leaves a process"]

LEVELS = {
    "all layers": "limits+undumpable-function+undumpable-worker+seccomp",
    "no seccomp": "limits+undumpable-function+undumpable-worker",
    "no seccomp, no prctl": "limits+undumpable-worker",
}

MEMORY_ATTACKS = {
    "reads the function's memory by process_vm_readv",
    "writes the function's memory by process_vm_writev",
}
REMAINING: Mapping[str, set[str]] = {
    "all layers": set(),
    "no seccomp": {"sends the function a signal"},
    "no seccomp, no prctl": {"sends the function a signal", *MEMORY_ATTACKS},
}
"""Attacks that succeed where the system refuses these layers: docs/security.md, "What remains"."""

_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
RESTRICTED = _YAMA.exists() and _YAMA.read_text().strip() != "0"
"""Whether the system itself forbids a process to access its parent's memory."""


@cache
def outcomes(confinement: str) -> Mapping[str, object]:
    """What each attack achieved."""
    command, variables = unprivileged([sys.executable, "-m", "tests.support.attacks", confinement])
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables, "AWS_SECRET_ACCESS_KEY": SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_succeeds_without_a_sandbox(attack: str) -> None:
    """Each attack is real: in a child without a sandbox, it succeeds."""
    if RESTRICTED and ("memory by" in attack or "traces" in attack):
        pytest.skip("this system forbids it to any process")

    assert outcomes(UNCONFINED)[attack]


@pytest.mark.parametrize("confinement", CONFINEMENTS)
@pytest.mark.parametrize("attack", ALL_ATTACKS)
def test_attack(confinement: str, attack: str) -> None:
    """The layers that the system accepts stop the attack, except what docs/security.md names."""
    succeeds = attack in REMAINING[confinement] and not (RESTRICTED and attack in MEMORY_ATTACKS)

    assert succeeds == outcomes(confinement)[attack]


@pytest.mark.parametrize("confinement", CONFINEMENTS)
def test_level(confinement: str) -> None:
    """The level that is logged names the layers in effect."""
    assert LEVELS[confinement] == outcomes(confinement)["level"]
