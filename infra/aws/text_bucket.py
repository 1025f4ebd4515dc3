"""The text bucket of a stage that no longer keeps texts.

Switching TEXT off deletes no text: the bucket stays in the stack until it is empty.
"""

from __future__ import annotations

from dataclasses import replace

from infra.aws import cloudformation
from infra.aws.stage import Stage
from infra.build.features import Feature
from infra.console import echo, step

OUTPUT = "TextBucketName"
TEXT_PARAMETER = "Text"
"""Of the stage's stack: whether it has the bucket."""


def needs_text_bucket(stage: Stage) -> bool:
    """Whether the stage keeps texts, or has kept some."""
    return Feature.TEXT in stage.features or unused_text_bucket(stage) is not None


def unused_text_bucket(stage: Stage) -> str | None:
    """The bucket that the stage has although TEXT is off."""
    if Feature.TEXT in stage.features:
        return None
    stack = cloudformation.describe(stage.account, stage.stack_name)
    return cloudformation.outputs(stack).get(OUTPUT) if stack else None


def delete_unused_text_bucket(stage: Stage, request: cloudformation.StackRequest) -> None:
    """Delete the bucket of a stage with TEXT off if it is empty; otherwise print how to empty it.

    Args:
        stage: the stage, whose functions no longer write texts.
        request: the stage's stack.
    """
    bucket = unused_text_bucket(stage)
    if bucket is None:
        return
    if stage.account.s3.list_object_versions(Bucket=bucket, MaxKeys=1).get("Versions"):
        echo(
            f"  TEXT is off, and bucket {bucket} keeps the texts that it has. They are not deleted "
            f"with their documents: run `aws s3 rm s3://{bucket} --recursive` and deploy again to "
            "delete them."
        )
        return
    with step(f"Deleting the empty bucket {bucket}"):
        parameters = {**request.parameters, TEXT_PARAMETER: "off"}
        cloudformation.apply(stage.account, replace(request, parameters=parameters))  # retains it
        stage.account.s3.delete_bucket(Bucket=bucket)
