"""A feature's functions and resources exist while its setting is on, and only then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.aws.resources import existing_resources
from infra.aws.stage import Account, Stage
from infra.build import policies
from infra.build.chalice_project import configure, copy_project, read_config
from infra.commands.deploy import deploy
from infra.commands.destroy import confirmation_for, destroy
from infra.commands.retry import retry
from infra.local.samples import png
from infra.local.workarounds import local_stage
from tests.support.stack import Stack
from tests.support.textract import await_text

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


def test_the_default_stage_has_no_resource_of_a_feature(stack: Stack) -> None:
    """Nothing of the features that are off is in the stack's outputs or settings."""
    assert not {name for name in stack.outputs if name.startswith(("Text", "Ocr", "Scan"))}
    environment = stack.configuration("process_upload")["Environment"]["Variables"]
    assert not {"TEXT_BUCKET", "OCR_TOPIC_ARN", "OCR_ROLE_ARN"} & environment.keys()


def test_texts_have_a_bucket(text_stack: Stack) -> None:
    """A stage that keeps texts has a second bucket, whose name its functions have."""
    bucket = text_stack.outputs["TextBucketName"]
    assert bucket != text_stack.bucket
    environment = text_stack.configuration("process_upload")["Environment"]["Variables"]
    assert bucket == environment["TEXT_BUCKET"]
    assert f"bucket {bucket}" in existing_resources(text_stack.stage)


def test_switching_a_feature_off_deletes_all_but_what_it_stored(
    extended: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Function, role, log group and grants go; the bucket stays until it is empty."""
    configure(extended.project, TEXT="on")
    deploy(extended)
    bucket, name = extended.outputs()["TextBucketName"], extended.possible_functions["count_texts"]
    assert {f"function {name}", f"role {name}"} <= set(existing_resources(extended))
    s3 = extended.account.s3
    s3.put_object(Bucket=bucket, Key="a/1.txt", Body=b"text")

    configure(extended.project, TEXT="off")
    deploy(extended)
    assert f"TEXT is off, and bucket {bucket} keeps the texts" in capsys.readouterr().out
    assert not {what for what in existing_resources(extended) if what.endswith("count_texts")}
    assert not (extended.policies_folder / "policy-count_texts.json").exists()
    assert "count_texts" not in json.dumps(read_config(extended.project)["stages"])
    assert b"text" == s3.get_object(Bucket=bucket, Key="a/1.txt")["Body"].read()
    variables = Stack(extended, "").configuration("process_upload")["Environment"]["Variables"]
    assert "TEXT_BUCKET" not in variables
    assert "OnlyWithText" not in policy_of(extended, "process_upload")
    assert_retry_ends_recognitions(Stack(extended, ""))

    s3.delete_object(Bucket=bucket, Key="a/1.txt")
    deploy(extended)
    assert "TextBucketName" not in extended.outputs()
    assert f"bucket {bucket}" not in existing_resources(extended)


def assert_retry_ends_recognitions(stack: Stack) -> None:
    """A document that waits for Textract is processed without it, though TEXT is off as well."""
    key = stack.new_key("a.png")
    stack.put(key, png(8, 8))
    await_text(stack, key)
    retry(stack.stage, parallel=1)
    assert "text" not in stack.record(key, "PROCESSED")


def policy_of(stage: Stage, function: str) -> str:
    """The policy file of a function, as it was deployed."""
    path = stage.policies_folder / f"policy-{function}.json"
    return path.read_text(encoding="utf-8")
