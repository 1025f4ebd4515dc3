"""Hooks: a stage in AWS has none, and only infra/local names the emulator."""

from __future__ import annotations

from pathlib import Path

from infra.aws.hooks import DeployedApi
from infra.aws.stage import Account, Stage
from infra.local.workarounds import LocalHooks, hooks_for, local_stage
from infra.paths import ROOT

API = {
    "name": "rest_api",
    "resource_type": "rest_api",
    "rest_api_id": "a1",
    "rest_api_url": "https://a1.example/api/",
}


def test_a_stage_in_aws_is_what_chalice_deployed(tmp_path: Path) -> None:
    """Before and after `chalice deploy` nothing is called, and the API is the recorded one."""
    (tmp_path / ".chalice").mkdir()
    stage = Stage("dev", Account({}), tmp_path)
    stage.write_deployed([API])
    stage.hooks.before_chalice_deploy(stage)
    assert API == stage.get_deployed("rest_api")
    expected = DeployedApi("a1", "https://a1.example/api/")
    assert expected == stage.hooks.after_chalice_deploy(stage)
    assert {"intake-dev"} == stage.hooks.api_names(stage)
    assert [] == list(stage.hooks.extra_stacks(stage))


def test_an_account_without_an_endpoint_has_the_hooks_of_aws() -> None:
    """`make deploy` applies no workaround to an AWS account."""
    assert not isinstance(hooks_for(Account({})), LocalHooks)


def test_a_local_stage_has_the_workarounds(tmp_path: Path) -> None:
    """`make local`, tests and benchmarks pass them in."""
    assert isinstance(local_stage("dev", Account({}), tmp_path).hooks, LocalHooks)


def test_only_infra_local_names_the_emulator() -> None:
    """Production code has no workaround for MiniStack."""
    local = ROOT / "infra" / "local"
    sources = [
        ROOT / "app.py",
        *(ROOT / "chalicelib").rglob("*.py"),
        *(path for path in (ROOT / "infra").rglob("*.py") if local not in path.parents),
    ]
    assert [] == [path for path in sources if "ministack" in path.read_text("utf-8").lower()]
