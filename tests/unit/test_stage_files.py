"""What `chalice deploy` reads of a stage, written without an AWS."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from infra.aws.stage import Account, Stage
from infra.aws.stage_files import write_settings
from infra.build.chalice_project import configure, copy_project, read_config, write_config
from tests.unit.test_settings import GOOD

OUTPUTS = defaultdict(lambda: "any", UserPoolArn=GOOD["USER_POOL_ARN"])
MEMORY = {"lambda_memory_size": 1_024}


def test_a_feature_that_is_off_keeps_the_settings_of_its_function(tmp_path: Path) -> None:
    """Only the policy file, which no longer exists, is not named any more."""
    project = copy_project(tmp_path / "project")
    own = {"record_text": dict(MEMORY)}
    write_config(project, {**read_config(project), "stages": {"dev": {"lambda_functions": own}}})
    stage = Stage("dev", Account({"AWS_DEFAULT_REGION": "eu-west-1"}), project)

    configure(project, TEXT="on", OCR="text")
    write_settings(stage, OUTPUTS)
    policy = {"iam_policy_file": "stages/dev/policy-record_text.json"}
    assert MEMORY | policy == _functions(project)["record_text"]

    configure(project, OCR="off")
    write_settings(stage, OUTPUTS)
    assert MEMORY == _functions(project)["record_text"]
    assert "record_scan" not in _functions(project)


def _functions(project: Path) -> dict[str, dict[str, object]]:
    """The settings of the stage's functions."""
    return dict(read_config(project)["stages"]["dev"]["lambda_functions"])
