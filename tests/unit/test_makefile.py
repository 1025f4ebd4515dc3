"""What `make deploy` passes on of its variables."""

from __future__ import annotations

import subprocess

import pytest

from infra.__main__ import main
from infra.paths import ROOT


def deploy_command(*arguments: str, **variables: str) -> str:
    """The command that `make deploy` would run, with these arguments and environment."""
    finished = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "deploy", "STAGE=dev", *arguments],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **variables},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return finished.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", ["ALARM_EMAIL", "NOTIFY_EMAIL"])
def test_an_address_is_set_kept_or_removed(name: str) -> None:
    """Empty on the command line it is removed; empty in the environment, as in CI, it is kept."""
    option = f"--{name.lower().replace('_', '-')}"
    assert f'{option} "a@example.org"' in deploy_command(f"{name}=a@example.org")
    assert f'{option} "a@example.org"' in deploy_command(**{name: "a@example.org"})
    assert f'{option} ""' in deploy_command(f"{name}=")
    assert option not in deploy_command()
    assert option not in deploy_command(**{name: ""})


@pytest.mark.parametrize("option", ["--alarm-email", "--notify-email"])
def test_an_address_is_checked(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What SNS would refuse, or never deliver to, is an error before anything is deployed."""
    for text in ("office", "office@", "a b@example.org", "a@example", "a@b@example.org"):
        with pytest.raises(SystemExit):
            main(["deploy", "--stage", "dev", option, text])
        assert f"{text!r} is not an e-mail address" in capsys.readouterr().err
