"""The template says what AWS wants and the local AWS does not check (AWS is the judge there)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from cfnlint.decode import decode

from infra.chalice_project import read_config
from infra.deploy import TEMPLATE, VISIBILITY_TIMEOUTS
from infra.stage import ROOT
from tests.stack import Stack

FREE_UNITS = 25
"""DynamoDB's always-free read and write units, each, for all tables and indexes together."""


@cache
def template() -> dict[str, Any]:
    """resources.yaml, with its short-form functions written out."""
    decoded, problems = decode(str(TEMPLATE))
    assert not problems
    return dict(decoded)


def properties(resource: str) -> dict[str, Any]:
    """The properties of one of the template's resources."""
    return dict(template()["Resources"][resource]["Properties"])


def timeout_of(function: str) -> int:
    """A function's timeout in seconds, as Chalice reads it."""
    config = read_config(ROOT)
    return int(config["lambda_functions"][function].get("lambda_timeout", config["lambda_timeout"]))


def test_the_queue_hides_a_message_for_six_timeouts_of_its_reader(stack: Stack) -> None:
    """AWS refuses a queue whose visibility timeout is below its function's; six are advised."""
    answer = stack.account.sqs.get_queue_attributes(
        QueueUrl=stack.outputs["FailureQueueUrl"], AttributeNames=["VisibilityTimeout"]
    )
    expected = VISIBILITY_TIMEOUTS * timeout_of("record_failure")
    assert expected == int(answer["Attributes"]["VisibilityTimeout"])
    assert expected == template()["Parameters"]["FailureVisibilityTimeout"]["Default"]
    assert VISIBILITY_TIMEOUTS >= 6


@pytest.mark.parametrize("unit", ["ReadCapacityUnits", "WriteCapacityUnits"])
def test_table_and_indexes_stay_within_the_free_units(unit: str) -> None:
    """Every index counts as well: together they take at most 25 read and 25 write units."""
    table = properties("DocumentsTable")
    parts = [table, *table["GlobalSecondaryIndexes"]]
    taken = [part["ProvisionedThroughput"]["Fn::If"][1][unit] for part in parts]
    assert FREE_UNITS >= sum(taken)
    assert min(taken) > 0


def test_the_bucket_is_private_encrypted_and_tidy() -> None:
    """Public access is blocked in all four ways, objects are encrypted, parts do not pile up."""
    bucket = properties("UploadBucket")
    assert {True} == set(bucket["PublicAccessBlockConfiguration"].values())
    assert 4 == len(bucket["PublicAccessBlockConfiguration"])
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert "AES256" == encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert 1 == rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    assert "Enabled" == rule["Status"]


def test_the_bucket_refuses_requests_without_tls() -> None:
    """All of S3's actions on bucket and objects are denied without TLS, save from this machine."""
    [statement] = properties("UploadBucketPolicy")["PolicyDocument"]["Statement"]
    assert ("Deny", "*", "s3:*") == tuple(
        statement[name] for name in ("Effect", "Principal", "Action")
    )
    assert {
        "Bool": {"aws:SecureTransport": "false"},
        "NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"},
    } == statement["Condition"]
    assert 2 == len(statement["Resource"])


@pytest.mark.parametrize("resource", ["UploadBucket", "DocumentsTable"])
def test_files_and_records_outlive_a_mistake(resource: str) -> None:
    """Deleting or replacing the stack by hand leaves bucket and table behind."""
    assert "RetainExceptOnCreate" == template()["Resources"][resource]["DeletionPolicy"]
    assert "Retain" == template()["Resources"][resource]["UpdateReplacePolicy"]


def test_the_failure_queue_keeps_messages_for_14_days() -> None:
    """Both queues are encrypted and keep what nobody takes for as long as SQS can."""
    for queue in ("FailureQueue", "UnrecordedFailureQueue"):
        assert 14 * 24 * 60 * 60 == properties(queue)["MessageRetentionPeriod"]
        assert properties(queue)["SqsManagedSseEnabled"] is True
    redrive = properties("FailureQueue")["RedrivePolicy"]
    assert {"Fn::GetAtt": ["UnrecordedFailureQueue", "Arn"]} == redrive["deadLetterTargetArn"]


def test_the_table_lets_pending_records_expire(stack: Stack) -> None:
    """DynamoDB's TTL looks at expiresAt."""
    answer = stack.account.dynamodb.describe_time_to_live(TableName=stack.table)
    assert "expiresAt" == answer["TimeToLiveDescription"]["AttributeName"]
    assert "ENABLED" == answer["TimeToLiveDescription"]["TimeToLiveStatus"]


def test_events_are_tried_three_times_and_then_sent_to_the_queue(stack: Stack) -> None:
    """The post-deploy step set retries, event age and destination of process_upload."""
    config = stack.account.lambda_.get_function_event_invoke_config(
        FunctionName=stack.stage.functions["process_upload"]
    )
    assert 2 == config["MaximumRetryAttempts"]
    assert 6 * 60 * 60 == config["MaximumEventAgeInSeconds"]
    destination = config["DestinationConfig"]["OnFailure"]["Destination"]
    assert stack.outputs["FailureQueueArn"] == destination


def test_every_log_group_is_there_with_its_retention(stack: Stack) -> None:
    """No function creates its group: each is deployed, and keeps its lines for 30 days."""
    groups = stack.account.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert dict.fromkeys(stack.stage.log_groups, 30) == {
        group["logGroupName"]: group["retentionInDays"] for group in groups
    }
