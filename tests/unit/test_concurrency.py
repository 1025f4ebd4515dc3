"""A deployment keeps reserved concurrency and reserves the default only where Lambda allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.aws.concurrency import KEY, PROCESSING_CONCURRENCY, kept_concurrency
from infra.aws.hooks import AWS, DeploymentHooks
from infra.aws.stage import Account, Stage
from infra.build.chalice_project import copy_project, read_config, write_config
from infra.local.workarounds import LocalHooks

FUNCTIONS = ("process_upload", "record_failure", "api_handler")


def stage_with(
    folder: Path,
    reserved: dict[str, int],
    unreserved: int = 1_000,
    hooks: DeploymentHooks = AWS,
    own: dict[str, Any] | None = None,
) -> Stage:
    """A stage whose Lambda answers with these reservations, and with this account limit."""
    lambda_ = boto3.client(
        "lambda", "eu-west-1", aws_access_key_id="any", aws_secret_access_key="any"
    )
    account = Account({})
    account.__dict__["lambda_"] = lambda_
    stage = Stage("dev", account, copy_project(folder / "project"), hooks)
    config = read_config(stage.project)
    config["stages"] = {
        "dev": {"lambda_functions": {name: {} for name in FUNCTIONS}, **(own or {})}
    }
    write_config(stage.project, config)
    stubber = Stubber(lambda_)
    configured = (own or {}).get("lambda_functions", {})
    for name, function in stage.functions.items():
        asked = {"FunctionName": function}
        if name in reserved:
            answer = {"ReservedConcurrentExecutions": reserved[name]}
            stubber.add_response("get_function_concurrency", answer, asked)
        elif name not in configured:
            code = "ResourceNotFoundException"
            stubber.add_client_error("get_function_concurrency", code, expected_params=asked)
    limits = {"ConcurrentExecutions": 1_000, "UnreservedConcurrentExecutions": unreserved}
    stubber.add_response("get_account_settings", {"AccountLimit": limits}, {})
    stubber.activate()
    return stage


def reservations(stage: Stage) -> dict[str, int]:
    """The stage's own reservations in Chalice's config."""
    functions = read_config(stage.project)["stages"]["dev"]["lambda_functions"]
    return {name: own[KEY] for name, own in functions.items() if KEY in own}


@pytest.mark.parametrize(
    ("unreserved", "expected"),
    [(1_000, 10), (110, 10), (109, None), (10, None)],
)
def test_a_new_stage_reserves_ten_where_lambda_allows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], unreserved: int, expected: int | None
) -> None:
    """Lambda keeps 100 of the account unreserved; a smaller account gets a line instead."""
    stage = stage_with(tmp_path, {}, unreserved)
    with kept_concurrency(stage, is_provisioned=True):
        found = reservations(stage)
    assert PROCESSING_CONCURRENCY == 10
    assert ({"process_upload": expected} if expected else {}) == found
    assert bool(expected) is ("No concurrency is reserved" not in capsys.readouterr().out)


def test_reservations_set_by_hand_are_kept(tmp_path: Path) -> None:
    """Chalice finds them in its config while it runs, and afterwards the config is as before."""
    by_hand = {"process_upload": 25, "api_handler": 0}
    stage = stage_with(tmp_path, by_hand)
    before = read_config(stage.project)
    with kept_concurrency(stage, is_provisioned=True):
        assert by_hand == reservations(stage)
    assert before == read_config(stage.project)


def test_a_failed_deployment_leaves_the_config_as_it_was(tmp_path: Path) -> None:
    """The next one reads the reservations again."""
    stage = stage_with(tmp_path, {"process_upload": 25})
    with pytest.raises(OSError, match="broken"), kept_concurrency(stage, is_provisioned=True):
        raise OSError("broken")
    assert {} == reservations(stage)


@pytest.mark.parametrize(
    "own", [{KEY: 7}, {"lambda_functions": {"process_upload": {KEY: 7}}}], ids=["stage", "function"]
)
def test_chalices_own_setting_takes_precedence(tmp_path: Path, own: dict[str, Any]) -> None:
    """It is neither replaced by the current reservation nor by the default."""
    stage = stage_with(tmp_path, {}, own=own)
    before = read_config(stage.project)
    with kept_concurrency(stage, is_provisioned=True):
        assert before == read_config(stage.project)
    assert before == read_config(stage.project)


@pytest.mark.parametrize(
    ("is_provisioned", "hooks"), [(False, AWS), (True, LocalHooks())], ids=["on demand", "local"]
)
def test_other_stages_have_no_default(
    tmp_path: Path, is_provisioned: bool, hooks: DeploymentHooks
) -> None:
    """On-demand capacity has no limit to protect, and the local AWS queues no throttled events."""
    stage = stage_with(tmp_path, {}, hooks=hooks)
    with kept_concurrency(stage, is_provisioned=is_provisioned):
        assert {} == reservations(stage)
