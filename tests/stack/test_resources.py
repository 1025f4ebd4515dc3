"""The template satisfies AWS's constraints, which the local AWS does not check."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from botocore.model import OperationModel
from cfnlint.decode import decode, decode_str

from chalicelib.api.parts import MULTIPART_SECONDS
from chalicelib.observability import METRICS, NAMESPACE
from infra.aws.hooks import AWS
from infra.aws.lambda_settings import set_log_format
from infra.aws.stage import ROOT, log_group_of
from infra.build.chalice_project import read_config
from infra.commands.deploy import SLOW_MILLISECONDS, TEMPLATE, VISIBILITY_TIMEOUTS
from infra.local.workarounds import LocalHooks
from tests.support.stack import Stack

FREE_ALARMS, FREE_DASHBOARDS, MOST_METRICS = 10, 3, 50
"""CloudWatch's free tier; dashboards are free with at most 50 metrics."""

DOCUMENT_LOGS = {"process_upload", "record_failure", "record_scan"}
"""The functions that make documents FAILED."""

FREE_UNITS = 25
"""DynamoDB's always-free read and write units, each, for all tables and indexes together."""


@cache
def template() -> dict[str, Any]:
    """resources.yaml with its short-form functions expanded."""
    decoded, problems = decode(str(TEMPLATE))
    assert not problems
    return dict(decoded)


def properties(resource: str) -> dict[str, Any]:
    """The properties of one of the template's resources."""
    return dict(template()["Resources"][resource]["Properties"])


def timeout_of(function: str) -> int:
    """A function's timeout in seconds, from Chalice's config."""
    config = read_config(ROOT)
    return int(config["lambda_functions"][function].get("lambda_timeout", config["lambda_timeout"]))


def test_the_queue_hides_a_message_for_six_timeouts_of_its_reader(stack: Stack) -> None:
    """AWS requires at least one timeout of the function and recommends six."""
    answer = stack.account.sqs.get_queue_attributes(
        QueueUrl=stack.outputs["FailureQueueUrl"], AttributeNames=["VisibilityTimeout"]
    )
    expected = VISIBILITY_TIMEOUTS * timeout_of("record_failure")
    assert expected == int(answer["Attributes"]["VisibilityTimeout"])
    assert expected == template()["Parameters"]["FailureVisibilityTimeout"]["Default"]
    assert VISIBILITY_TIMEOUTS >= 6


@pytest.mark.parametrize("unit", ["ReadCapacityUnits", "WriteCapacityUnits"])
def test_table_and_indexes_stay_within_the_free_units(unit: str) -> None:
    """Table and indexes together use at most 25 read and 25 write units."""
    table = properties("DocumentsTable")
    indexes = [index for index in table["GlobalSecondaryIndexes"] if "IndexName" in index]
    parts = [table, *indexes]
    taken = [part["ProvisionedThroughput"]["Fn::If"][1][unit] for part in parts]
    assert FREE_UNITS >= sum(taken)
    assert min(taken) > 0
    assert min(taken) == taken[0], "an index below the table's capacity throttles the table"


def test_each_step_of_the_migration_creates_or_deletes_one_index() -> None:
    """CloudFormation refuses more than one at a time; the local AWS accepts it."""
    indexes = properties("DocumentsTable")["GlobalSecondaryIndexes"]
    now = {index["IndexName"] for index in indexes if "IndexName" in index}
    [(condition, old, _)] = [index["Fn::If"] for index in indexes if "Fn::If" in index]
    assert "HasOldOwnerIndex" == condition
    older_versions, migrating = {"byStatus", "byOwner"}, now | {old["IndexName"]}
    assert 1 == len(migrating ^ older_versions) == len(migrating ^ now)


def test_the_bucket_is_private_encrypted_and_tidy() -> None:
    """Public access is blocked, objects are encrypted, and expired uploads in parts are aborted."""
    bucket = properties("UploadBucket")
    assert {True} == set(bucket["PublicAccessBlockConfiguration"].values())
    assert 4 == len(bucket["PublicAccessBlockConfiguration"])
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert "AES256" == encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    assert days * 24 * 60 * 60 == MULTIPART_SECONDS
    assert "Enabled" == rule["Status"]


def test_the_text_bucket_is_as_private_as_the_other() -> None:
    """Only what concerns uploads differs: their CORS method and unfinished parts."""
    uploads, texts = properties("UploadBucket"), properties("TextBucket")
    different = {"CorsConfiguration", "LifecycleConfiguration"}
    assert {name: uploads[name] for name in uploads.keys() - different} == {
        name: texts[name] for name in texts.keys() - different
    }
    [rule] = texts["CorsConfiguration"]["CorsRules"]
    assert {"GET", "HEAD"} == set(rule["AllowedMethods"])
    assert {"Ref": "AllowedOrigins"} == rule["AllowedOrigins"]
    [statement] = properties("TextBucketPolicy")["PolicyDocument"]["Statement"]
    assert "DenyWithoutTls" == statement["Sid"]
    assert 2 == len(statement["Resource"])


def test_a_resource_of_a_feature_is_conditional() -> None:
    """Texts outlive a mistake, and a stage without them has no bucket for them."""
    resources = template()["Resources"]
    assert {"HasText"} == {
        resources[name]["Condition"] for name in ("TextBucket", "TextBucketPolicy")
    }
    assert "RetainExceptOnCreate" == resources["TextBucket"]["DeletionPolicy"]


def test_the_bucket_refuses_requests_without_tls() -> None:
    """All S3 actions on bucket and objects are denied without TLS, except from loopback."""
    statement, *_of_scans = properties("UploadBucketPolicy")["PolicyDocument"]["Statement"]
    assert ("Deny", "*", "s3:*") == tuple(
        statement[name] for name in ("Effect", "Principal", "Action")
    )
    assert {
        "Bool": {"aws:SecureTransport": "false"},
        "NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"},
    } == statement["Condition"]
    assert 2 == len(statement["Resource"])


def test_the_bucket_closes_what_is_not_scanned() -> None:
    """Only where uploads are scanned; to everybody but the scanner's role (GuardDuty user guide,
    "Adding TBAC on S3 bucket resource").
    """
    _tls, *of_scans = properties("UploadBucketPolicy")["PolicyDocument"]["Statement"]
    alternatives = [statement["Fn::If"] for statement in of_scans]
    assert [("HasScan", {"Ref": "AWS::NoValue"})] * 2 == [
        (each[0], each[2]) for each in alternatives
    ]
    reading, tagging = (each[1] for each in alternatives)
    others = reading["Condition"]["ArnNotLike"]
    assert {"Fn::GetAtt": ["ScanRole", "Arn"]} in others["aws:PrincipalArn"]
    tag = {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"}
    assert {"StringNotEquals": tag, "ArnNotLike": others} == reading["Condition"]
    assert {"ArnNotLike": others} == tagging["Condition"]
    assert {"s3:GetObject", "s3:GetObjectVersion"} == set(reading["Action"])
    assert {"s3:PutObjectTagging", "s3:DeleteObjectTagging"} < set(tagging["Action"])
    for statement in (reading, tagging):
        assert ("Deny", "*") == (statement["Effect"], statement["Principal"])


@pytest.mark.parametrize("resource", ["UploadBucket", "DocumentsTable"])
def test_files_and_records_outlive_a_mistake(resource: str) -> None:
    """Deleting or replacing the stack retains bucket and table."""
    assert "RetainExceptOnCreate" == template()["Resources"][resource]["DeletionPolicy"]
    assert "Retain" == template()["Resources"][resource]["UpdateReplacePolicy"]


def test_the_failure_queue_keeps_messages_for_14_days() -> None:
    """Both queues are encrypted and retain messages for SQS's maximum of 14 days."""
    for queue in ("FailureQueue", "UnrecordedFailureQueue"):
        assert 14 * 24 * 60 * 60 == properties(queue)["MessageRetentionPeriod"]
        assert properties(queue)["SqsManagedSseEnabled"] is True
    redrive = properties("FailureQueue")["RedrivePolicy"]
    assert {"Fn::GetAtt": ["UnrecordedFailureQueue", "Arn"]} == redrive["deadLetterTargetArn"]


def test_the_table_lets_pending_records_expire(stack: Stack) -> None:
    """The TTL attribute is expiresAt."""
    answer = stack.account.dynamodb.describe_time_to_live(TableName=stack.table)
    assert "expiresAt" == answer["TimeToLiveDescription"]["AttributeName"]
    assert "ENABLED" == answer["TimeToLiveDescription"]["TimeToLiveStatus"]


def test_events_are_tried_three_times_and_then_sent_to_the_queue(stack: Stack) -> None:
    """The deployment sets retries, event age and destination of process_upload."""
    config = stack.account.lambda_.get_function_event_invoke_config(
        FunctionName=stack.stage.functions["process_upload"]
    )
    assert 2 == config["MaximumRetryAttempts"]
    assert 6 * 60 * 60 == config["MaximumEventAgeInSeconds"]
    destination = config["DestinationConfig"]["OnFailure"]["Destination"]
    assert stack.outputs["FailureQueueArn"] == destination


def test_every_log_group_is_there_with_its_retention(stack: Stack) -> None:
    """The deployment creates each function's log group with a retention of 30 days."""
    prefix = f"/aws/lambda/{stack.stage.stack_name}"
    groups = stack.account.logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    assert dict.fromkeys(stack.stage.log_groups, 30) == {
        group["logGroupName"]: group["retentionInDays"] for group in groups
    }


def test_lambdas_own_lines_are_json(stack: Stack) -> None:
    """The deployment sets every function's log format."""
    for function in stack.stage.functions:
        assert "JSON" == stack.configuration(function)["LoggingConfig"]["LogFormat"]


def test_a_function_is_changed_only_while_no_other_change_is_made(stack: Stack) -> None:
    """AWS refuses it with ResourceConflictException; the local AWS does not."""
    lambda_ = stack.account.lambda_
    lambda_.update_function_configuration(
        FunctionName=stack.stage.functions["record_failure"], LoggingConfig={"LogFormat": "Text"}
    )
    operations: list[str] = []

    def note(model: OperationModel, **_: object) -> None:
        operations.append(model.name)

    lambda_.meta.events.register("before-call.lambda", note)
    try:
        set_log_format(stack.stage)
    finally:
        lambda_.meta.events.unregister("before-call.lambda", note)
    changed = operations.index("UpdateFunctionConfiguration")
    waits = ["GetFunction", "UpdateFunctionConfiguration", "GetFunction"]
    assert waits == operations[changed - 1 : changed + 2]


def alarms() -> dict[str, dict[str, Any]]:
    """The properties of the template's alarms by resource name."""
    found = template()["Resources"].items()
    return {
        name: resource["Properties"]
        for name, resource in found
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_alarms_and_dashboards_stay_within_the_free_ones(stack: Stack) -> None:
    """A stage has nine alarms and one dashboard, and they are deployed."""
    name = stack.stage.stack_name
    cloudwatch = stack.account.cloudwatch
    dashboards = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert [name] == [entry["DashboardName"] for entry in dashboards]
    deployed = cloudwatch.describe_alarms(AlarmNamePrefix=f"{name}/")["MetricAlarms"]
    of_features = {each for each in alarms() if "Condition" in template()["Resources"][each]}
    assert {"ScansOverdue"} == of_features
    assert len(alarms().keys() - of_features) == len(deployed) == 9
    assert len(alarms()) <= FREE_ALARMS
    assert len(dashboards) <= FREE_DASHBOARDS


@pytest.mark.parametrize("alarm", alarms())
def test_an_alarm_has_an_action_and_notifies_the_topic(alarm: str) -> None:
    """Its description has an "Action:", it publishes to the topic, and missing data raises none."""
    found = alarms()[alarm]
    description = found["AlarmDescription"]["Fn::Sub"]
    meaning, _, action = description.partition(" Action: ")
    assert len(meaning) > 40
    assert len(action) > 40
    assert len(description) < 900  # CloudWatch takes 1,024 with names filled in
    assert [{"Ref": "AlarmTopic"}] == found["AlarmActions"] == found["OKActions"]
    assert "notBreaching" == found["TreatMissingData"]


def test_alarms_watch_existing_resources(stack: Stack) -> None:
    """Every dimension of an alarm names a function, queue, API or stack of this stage."""
    names = {
        *stack.stage.functions.values(),
        stack.outputs["FailureQueueName"],
        stack.outputs["UnrecordedFailureQueueUrl"].rpartition("/")[2],
        stack.stage.stack_name,
    }
    deployed = stack.account.cloudwatch.describe_alarms(AlarmNamePrefix="intake-test/")
    for alarm in deployed["MetricAlarms"]:
        [dimension] = alarm["Dimensions"]
        assert dimension["Value"] in names


@pytest.mark.parametrize("alarm", ["UploadsGivenUp", "FailuresUnrecorded"])
def test_an_alarm_on_failed_uploads_names_the_command_that_processes_them(alarm: str) -> None:
    """Both descriptions contain the `make retry` command of the stage."""
    assert "`make retry STAGE=${Stage}`" in alarms()[alarm]["AlarmDescription"]["Fn::Sub"]


@pytest.mark.parametrize(
    ("alarm", "metric", "statistic"),
    [
        ("UploadsGivenUp", "NumberOfMessagesSent", "Sum"),
        ("FailuresUnrecorded", "ApproximateNumberOfMessagesVisible", "Maximum"),
        ("FailuresUndelivered", "DestinationDeliveryFailures", "Sum"),
        ("FailureQueueStuck", "ApproximateAgeOfOldestMessage", "Maximum"),
        ("ProcessingErrors", "Errors", "Average"),
        ("ProcessingThrottled", "Throttles", "Sum"),
        ("ProcessingSlow", "Duration", "Maximum"),
        ("ApiErrors", "5XXError", "Average"),
        ("NotificationsFailing", "notificationsFailed", "Sum"),
    ],
)
def test_an_alarm_watches_its_metric(alarm: str, metric: str, statistic: str) -> None:
    """Counts are sums, rates are averages of 0 or 1, depth and age are maxima."""
    found = alarms()[alarm]
    assert (metric, statistic) == (found["MetricName"], found["Statistic"])
    assert "GreaterThanOrEqualToThreshold" == found["ComparisonOperator"]


def test_throttling_is_an_alarm_after_an_hour() -> None:
    """Many files at once are throttled for minutes; Lambda discards events after six hours."""
    found = alarms()["ProcessingThrottled"]
    assert 3_600 == found["Period"] * found["EvaluationPeriods"]
    assert found["EvaluationPeriods"] == found["DatapointsToAlarm"]


def test_lost_failures_name_the_commands_that_restore_them() -> None:
    """An upload whose failure could not be delivered has no record: reconcile processes it."""
    description = alarms()["FailuresUndelivered"]["AlarmDescription"]["Fn::Sub"]
    assert "`make deploy STAGE=${Stage}`" in description
    assert "`make reconcile STAGE=${Stage}`" in description


def test_costs_are_reported_to_the_recipient_of_alarms() -> None:
    """Spent and forecast costs of the account, once they exceed the budget of the month."""
    budget = properties("Budget")
    assert ("COST", "MONTHLY") == (budget["Budget"]["BudgetType"], budget["Budget"]["TimeUnit"])
    assert {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"} == budget["Budget"]["BudgetLimit"]
    notifications = budget["NotificationsWithSubscribers"]
    kinds = [each["Notification"]["NotificationType"] for each in notifications]
    assert ["ACTUAL", "FORECASTED"] == kinds
    for each in notifications:
        assert ("GREATER_THAN", 100) == (
            each["Notification"]["ComparisonOperator"],
            each["Notification"]["Threshold"],
        )
        [subscriber] = each["Subscribers"]
        assert {"Ref": "AlarmEmail"} == subscriber["Address"]


def test_there_is_a_budget_only_with_a_recipient_and_an_amount() -> None:
    """Without an address, or with BUDGET=0, nothing is created."""
    assert "HasBudget" == template()["Resources"]["Budget"]["Condition"]
    has_address, has_amount = template()["Conditions"]["HasBudget"]["Fn::And"]
    assert {"Condition": "HasAlarmEmail"} == has_address
    assert {"Fn::Not": [{"Fn::Equals": [{"Ref": "MonthlyBudget"}, 0]}]} == has_amount
    assert 10 == template()["Parameters"]["MonthlyBudget"]["Default"]


def test_only_the_local_aws_lacks_the_budget() -> None:
    """The template that AWS gets is the file; the local AWS's lacks only this resource."""
    text = TEMPLATE.read_text(encoding="utf-8")
    assert text == AWS.template(text)
    local, problems = decode_str(LocalHooks().template(text))
    assert not problems
    assert {"Budget"} == set(template()["Resources"]) - set(local["Resources"])


def test_slow_is_near_the_timeout_of_processing(stack: Stack) -> None:
    """The alarm on duration follows the function's timeout, and the template's default agrees."""
    expected = SLOW_MILLISECONDS * timeout_of("process_upload")
    assert 1_000 * timeout_of("process_upload") > expected
    assert expected == template()["Parameters"]["SlowMilliseconds"]["Default"]
    [alarm] = stack.account.cloudwatch.describe_alarms(AlarmNames=["intake-test/processing-slow"])[
        "MetricAlarms"
    ]
    assert expected == alarm["Threshold"]


@pytest.mark.parametrize("fixture", ["stack", "scan_stack"])
def test_the_dashboard_shows_alarms_and_metrics(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    """It is JSON, contains every alarm, and queries existing log groups."""
    stack: Stack = request.getfixturevalue(fixture)
    body = stack.account.cloudwatch.get_dashboard(DashboardName=stack.stage.stack_name)
    widgets = json.loads(body["DashboardBody"])["widgets"]
    shown = [widget["properties"] for widget in widgets]
    deployed = stack.account.cloudwatch.describe_alarms(
        AlarmNamePrefix=f"{stack.stage.stack_name}/"
    )
    assert {alarm["AlarmArn"] for alarm in deployed["MetricAlarms"]} == set(shown[0]["alarms"])
    groups = {
        group
        for properties in shown
        for group in re.findall(r"SOURCE '([^']+)'", properties.get("query", ""))
    }
    functions = stack.stage.functions
    assert {log_group_of(functions[name]) for name in DOCUMENT_LOGS & functions.keys()} == groups
    assert groups <= set(stack.stage.log_groups)
    metrics = [metric for properties in shown for metric in properties.get("metrics", [])]
    assert 0 < len(metrics) <= MOST_METRICS
    own = {metric[1] for metric in metrics if metric[0] == NAMESPACE}
    assert {"documents", *METRICS} == own


def test_alarms_are_mailed_only_to_a_configured_address() -> None:
    """Without an address there is no subscription."""
    assert "" == template()["Parameters"]["AlarmEmail"]["Default"]
    assert "HasAlarmEmail" == template()["Resources"]["AlarmSubscription"]["Condition"]


def test_only_roles_allow_publishing() -> None:
    """The topic's policy grants nothing; SNS's default would allow the whole account to publish."""
    [statement] = properties("NotificationTopicPolicy")["PolicyDocument"]["Statement"]
    assert ("Deny", "*", "sns:Publish") == tuple(
        statement[name] for name in ("Effect", "Principal", "Action")
    )
    assert {"aws:SecureTransport": "false"} == statement["Condition"]["Bool"]
