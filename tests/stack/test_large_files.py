"""A stage for large files: time, alarm and /tmp follow from LARGEST_FILE_BYTES."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.lambda_limits import timeout_seconds
from infra.aws.lambda_settings import set_tmp_size
from infra.aws.stage import Account, Stage
from infra.build.chalice_project import configure, copy_project, read_config
from infra.commands.deploy import SLOW_MILLISECONDS, deploy_resources
from infra.commands.destroy import confirmation_for, destroy
from infra.local.workarounds import local_stage
from tests.support.stack import Stack

LARGEST_BYTES = 5 * 1_024**3


@pytest.fixture
def large(account: Account, tmp_path: Path) -> Iterator[Stage]:
    """The resources of a stage for files of 5 GiB."""
    stage = local_stage("large", account, copy_project(tmp_path / "project"))
    configure(stage.project, LARGEST_FILE_BYTES=str(LARGEST_BYTES))
    deploy_resources(stage)
    yield stage
    destroy(stage, confirmation_for(stage))


def test_the_timeout_and_its_alarm_fit_the_largest_file(large: Stage) -> None:
    """Chalice gets the timeout in the stage's section, and slow is 85 % of it."""
    expected = timeout_seconds(LARGEST_BYTES, 15)
    section = read_config(large.project)["stages"]["large"]
    assert expected == section["lambda_functions"]["process_upload"]["lambda_timeout"]
    assert "lambda_timeout" not in section["lambda_functions"]["record_failure"]
    answer = large.account.cloudwatch.describe_alarms(AlarmNames=["intake-large/processing-slow"])
    [alarm] = answer["MetricAlarms"]
    assert SLOW_MILLISECONDS * expected == alarm["Threshold"]


def test_the_default_stage_has_the_free_tmp(stack: Stack) -> None:
    """512 MiB, and the timeout of Chalice's config."""
    config = stack.configuration("process_upload")
    assert (512, 60) == (config["EphemeralStorage"]["Size"], config["Timeout"])


def test_the_size_of_tmp_can_be_changed(stack: Stack) -> None:
    """Up and down; the function keeps its other settings."""
    before = stack.configuration("process_upload")
    set_tmp_size(stack.stage, "process_upload", 5_184)
    try:
        changed = stack.configuration("process_upload")
        assert 5_184 == changed["EphemeralStorage"]["Size"]
        assert before["Environment"] == changed["Environment"]
    finally:
        set_tmp_size(stack.stage, "process_upload", 512)
    assert 512 == stack.configuration("process_upload")["EphemeralStorage"]["Size"]
