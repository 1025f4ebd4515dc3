"""`python -m infra` in a subprocess, without the AWS account of the environment."""

from __future__ import annotations

import os
import subprocess
import sys

from infra.aws.stage import ROOT, Account


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command; its exit code and output."""
    return subprocess.run(
        [sys.executable, "-m", "infra", *arguments],
        cwd=ROOT,
        env=_environment(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a command with its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "infra", *arguments],
        cwd=ROOT,
        env=_environment(environment),
        stdout=subprocess.PIPE,
        text=True,
    )


def reaching(account: Account) -> dict[str, str]:
    """The environment variables with which a command uses an account."""
    return {name: text for name, text in account.environment.items() if name.startswith("AWS_")}


def counts(answer: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines with a number and an outcome."""
    lines = [line.strip() for line in answer.stdout.splitlines()]
    return [line for line in lines if line[:1].isdigit() and "  " in line]


def _environment(environment: dict[str, str]) -> dict[str, str]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    return {**inherited, "AWS_EC2_METADATA_DISABLED": "true", **environment}
