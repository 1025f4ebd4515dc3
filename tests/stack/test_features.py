"""A feature's functions and resources exist while its setting is on, and only then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from infra.aws.resources import existing_resources
from infra.aws.stage import Account, Stage
from infra.build import policies
from infra.build.chalice_project import configure, copy_project
from infra.commands.deploy import deploy
from infra.commands.destroy import confirmation_for, destroy
from infra.local.workarounds import local_stage
from tests.support.stack import Stack

FUNCTION = """
if settings.text_bucket:

    @app.on_sqs_message(queue=f"{settings.failure_queue}-other")
    def count_texts(event: SQSEvent) -> None:
        \"\"\"Stand in for a function of the feature.\"\"\"

gc.freeze()"""


@pytest.fixture
def extended(account: Account, tmp_path: Path) -> Iterator[Stage]:
    """A stage of a project with a function that only stages with texts have."""
    project = copy_project(tmp_path / "project")
    path = project / "app.py"
    path.write_text(path.read_text("utf-8").replace("\ngc.freeze()", FUNCTION), "utf-8")
    policies.write(project)
    stage = local_stage("extended", account, project)
    queue = account.sqs.create_queue(QueueName=f"{stage.stack_name}-other")["QueueUrl"]
    yield stage
    account.sqs.delete_queue(QueueUrl=queue)
    if existing_resources(stage):
        destroy(stage, confirmation_for(stage))


def lasting(resources: Iterable[str]) -> set[str]:
    """Those that deployments keep: not the API, which is created anew here."""
    return {what for what in resources if not what.startswith(("REST API", "bucket"))}


def test_the_default_stage_has_no_resource_of_a_feature(stack: Stack) -> None:
    """Nothing of the features that are off is in the stack's outputs or settings."""
    assert not {name for name in stack.outputs if name.startswith(("Text", "Ocr", "Scan"))}
    environment = stack.configuration("process_upload")["Environment"]["Variables"]
    assert not {"TEXT_BUCKET", "OCR_TOPIC_ARN", "OCR_ROLE_ARN"} & environment.keys()


def test_texts_have_a_bucket(text_stack: Stack) -> None:
    """A stage that keeps texts has a second bucket, which its functions know."""
    bucket = text_stack.outputs["TextBucketName"]
    assert bucket != text_stack.bucket
    environment = text_stack.configuration("process_upload")["Environment"]["Variables"]
    assert bucket == environment["TEXT_BUCKET"]
    assert f"bucket {bucket}" in existing_resources(text_stack.stage)


def test_switching_a_feature_off_deletes_its_functions(extended: Stage) -> None:
    """Function, role, log group and policy file go; the stage's others stay."""
    deploy(extended)
    before = sorted(existing_resources(extended))
    configure(extended.project, TEXT="on")
    deploy(extended)
    name = f"{extended.stack_name}-count_texts"
    new = set(existing_resources(extended)) - set(before)
    assert {f"function {name}", f"role {name}"} <= new

    configure(extended.project, TEXT="off")
    deploy(extended)
    assert lasting(before) == lasting(existing_resources(extended))
    assert not (extended.policies_folder / "policy-count_texts.json").exists()
