"""Commands print one line per error, return the documented exit codes, and clean up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.__main__ import main
from infra.aws.resources import existing_resources
from infra.aws.stage import ROOT, Account
from infra.build.chalice_project import copy_project, read_config, write_config
from infra.commands.deploy import deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.commands.local import only_one, running_local_stage
from infra.console import CommandError
from infra.local.workarounds import local_stage
from tests.support.commands import reaching, run
from tests.support.waiting import eventually


def test_help_names_every_command() -> None:
    """The output of `--help` contains all commands."""
    answer = run("--help")
    assert 0 == answer.returncode
    for command in (
        "demo",
        "local",
        "deploy",
        "env",
        "resources",
        "status",
        "destroy",
        "policies",
        "retry",
        "reconcile",
        "screenshot",
        "user",
    ):
        assert command in answer.stdout


def test_a_port_in_use_is_one_error_line() -> None:
    """`make local PORT=` with a port in use names the port and the alternatives."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = run("local", "--port", str(port))
    assert 1 == answer.returncode
    assert [
        (
            f"intake: Port {port} on 127.0.0.1 is in use or requires other permissions: "
            "pass another PORT=, or none for a free one"
        )
    ] == answer.stderr.splitlines()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_an_invalid_port_is_wrong_usage(port: str) -> None:
    """An invalid port is rejected before anything starts."""
    answer = run("local", f"--port={port}")
    assert 2 == answer.returncode
    assert f"'{port}' is not a number from 1 to 65535" in answer.stderr


@pytest.mark.parametrize("number", ["0", "65", "many", "-1"])
def test_an_invalid_concurrency_is_wrong_usage(number: str) -> None:
    """The number of concurrent documents is from 1 to 64."""
    answer = run("retry", "--stage", "dev", f"--parallel={number}")
    assert 2 == answer.returncode
    assert f"'{number}' is not a number from 1 to 64" in answer.stderr


def test_a_stage_without_functions_is_one_error_line(account: Account, tmp_path: Path) -> None:
    """If only the resources are deployed, the message contains the command to run."""
    stage = local_stage("bare", account, copy_project(tmp_path / "project"))
    deploy_resources(stage)
    try:
        answer = run("reconcile", "--stage", "bare", **reaching(account))
    finally:
        destroy(stage, confirmation_for(stage))
    assert 1 == answer.returncode
    assert [
        "intake: Stage bare has no function intake-bare-process_upload: run make deploy STAGE=bare"
    ] == answer.stderr.splitlines()


ON_A_STAGE = (
    ("reconcile",),
    ("deploy",),
    ("destroy",),
    ("env",),
    ("resources",),
    ("retry",),
    ("status",),
    ("user", "--email", "ada@example.com"),
)
"""The commands that need an AWS account."""


@pytest.mark.parametrize("command", ON_A_STAGE)
@pytest.mark.parametrize(
    ("environment", "error"),
    [
        (
            {"AWS_DEFAULT_REGION": "eu-west-1"},
            "Unable to locate credentials; check with: aws sts get-caller-identity",
        ),
        (
            {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
            "No AWS region is configured: set AWS_DEFAULT_REGION, for example to eu-west-1",
        ),
        (
            {"AWS_PROFILE": "none"},
            "The config profile (none) could not be found; check AWS_PROFILE",
        ),
    ],
)
def test_a_command_without_access_is_one_error_line(
    environment: dict[str, str],
    error: str,
    command: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without region, credentials or profile, the message names what to set or to check."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    safe = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
    for name, text in {**safe, **environment}.items():
        monkeypatch.setenv(name, text)
    assert 1 == main([command[0], "--stage", "dev", *command[1:]])
    [line] = capsys.readouterr().err.splitlines()
    assert error == line.removeprefix("intake: ").removeprefix("AWS is not accessible: ")


def test_a_user_without_an_address_is_one_error_line() -> None:
    """`make user` without EMAIL= prints the complete command."""
    answer = run("user", "--stage", "dev", "--email", "")
    assert 1 == answer.returncode
    assert [
        "intake: EMAIL is missing: run make user STAGE=dev EMAIL=you@example.org"
    ] == answer.stderr.splitlines()


@pytest.mark.parametrize("command", ["deploy", "destroy", "resources"])
def test_the_stage_of_make_local_is_not_deployed(command: str) -> None:
    """STAGE=local is the running `make local`, which deploys and deletes it itself."""
    answer = run(command, "--stage", "local")
    assert 1 == answer.returncode
    assert [
        "intake: Stage local is that of `make local`: pass another STAGE="
    ] == answer.stderr.splitlines()


@pytest.mark.parametrize("command", ["demo", "local"])
def test_a_malformed_setting_stops_a_local_stage_before_it_starts(command: str) -> None:
    """Nothing but the error is printed."""
    answer = run(command, "--set", "TEXT=maybe")
    assert 1 == answer.returncode
    assert "" == answer.stdout
    assert "TEXT is malformed: 'maybe' is not one of off, on" in answer.stderr


def test_only_one_make_local_runs_in_a_folder(tmp_path: Path) -> None:
    """A second one would take the stack's description from the first, and delete it."""
    lock_file = tmp_path / ".local" / "lock"
    with (
        only_one(lock_file),
        pytest.raises(CommandError, match=r"runs here already: .* or use the stack that .local/"),
        only_one(lock_file),
    ):
        pytest.fail("both run")
    with only_one(lock_file):
        pass


def test_a_stage_of_a_make_local_that_is_not_running_is_an_error(tmp_path: Path) -> None:
    """Without its description, or after it was killed, the message names the command to start."""
    with pytest.raises(CommandError, match="No `make local` is running here: wait for"):
        running_local_stage(tmp_path)
    ended = {"endpoint": "http://127.0.0.1:9", "region": "us-east-1"}
    (tmp_path / "stack.json").write_text(json.dumps(ended), encoding="utf-8")
    with pytest.raises(CommandError, match="No `make local` is running here: wait for"):
        running_local_stage(tmp_path)


def test_the_stage_of_a_running_make_local_needs_no_variables(
    account: Account, tmp_path: Path
) -> None:
    """Endpoint and region are those that `make local` wrote."""
    running = {"endpoint": account.endpoint, "region": "eu-west-1"}
    (tmp_path / "stack.json").write_text(json.dumps(running), encoding="utf-8")
    stage = running_local_stage(tmp_path)
    assert (account.endpoint, "eu-west-1") == (stage.account.endpoint, stage.account.region)
    assert account.account_id == stage.account.account_id


@pytest.mark.parametrize("command", ["destroy", "env", "retry", "reconcile"])
def test_a_stage_that_does_not_exist_is_one_error_line(account: Account, command: str) -> None:
    """Every command on a missing stage prints one line and exits with 1."""
    answer = run(command, "--stage", "nowhere", **reaching(account))
    assert 1 == answer.returncode
    [line] = answer.stderr.splitlines()
    assert line.startswith("intake: Stage 'nowhere' does not exist in this account and region")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LARGEST_FILE_BYTES", None, "LARGEST_FILE_BYTES is missing"),
        ("LARGEST_FILE_BYTES", "50 MB", "LARGEST_FILE_BYTES is malformed: '50 MB' is not"),
        ("ALLOWED_TYPES", "pdf", "ALLOWED_TYPES is malformed: 'pdf' is not a MIME type"),
    ],
)
def test_a_wrong_setting_stops_a_deployment(
    account: Account, tmp_path: Path, name: str, value: str | None, problem: str
) -> None:
    """The message names the setting and its file, and nothing is deployed."""
    stage = local_stage("settings", account, copy_project(tmp_path / "project"))
    config = read_config(stage.project)
    del config["environment_variables"][name]
    if value is not None:
        config["environment_variables"][name] = value
    write_config(stage.project, config)
    try:
        with pytest.raises(CommandError, match=f"Stage settings: {problem}.*chalice/config.json"):
            deploy_resources(stage)
        assert {} == read_config(stage.project)["stages"]
    finally:
        if existing_resources(stage):  # some settings are needed before there is a stack
            destroy(stage, confirmation_for(stage))


@pytest.mark.parametrize("target", ["demo", "test", "check", "local"])
def test_a_python_that_is_too_old_or_missing_is_one_error_line(tmp_path: Path, target: str) -> None:
    """`make` with a Python that is not 3.11 or newer installs nothing."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    answer = subprocess.run(
        ["make", "-C", tmp_path, target, "PYTHON=false"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 != answer.returncode
    assert "intake: false is missing or older than 3.11; pass another" in answer.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for the sockets of programs: their paths have at most 107 characters."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


KEEP_IT_UP = """
import signal
from infra.local.server import local_aws, stop_on_signals
from tests.support.local_textract import start_long_job
from tests.support.scanner import protect
stop_on_signals()
with local_aws() as account:
    protect(account, "scanned")  # starts ClamAV
    start_long_job(account, "scanned")  # starts Tesseract
    print(account.endpoint, flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_local_aws_ends_with_its_command(number: signal.Signals, short_folder: Path) -> None:
    """Each signal that ends a command also ends all processes of its local AWS, without a trace."""
    process = subprocess.Popen(
        [sys.executable, "-c", KEEP_IT_UP],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(short_folder)},
        text=True,
    )
    assert process.stdout
    endpoint = next(line.strip() for line in process.stdout if line.startswith("http"))
    eventually(  # with its supervisor, ClamAV, and Tesseract or what renders a page for it
        lambda: len(processes_with(endpoint)) >= 4, "a start of the programs"
    )
    process.send_signal(number)
    process.wait()
    process.stdout.close()
    eventually(lambda: not processes_with(endpoint), "an end of the local AWS")
    assert [] == list(short_folder.glob("intake-local-aws-*"))
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(endpoint)


def processes_with(endpoint: str) -> list[str]:
    """The processes with the port of this endpoint in their environment."""
    port = f"GATEWAY_PORT={endpoint.rpartition(':')[2]}".encode()
    if not Path("/proc").exists():
        return subprocess.run(
            ["pgrep", "-f", "ministack"], capture_output=True, text=True, check=False
        ).stdout.split()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if port in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:
            continue  # it has ended, or belongs to another user
    return found
