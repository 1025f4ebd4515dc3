"""Deploy a stage: CloudFormation makes what is kept, `chalice deploy` the functions and the API.

Every step finds what is there and changes only what differs: a second run changes nothing, and a
run after one that was broken off finishes it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.settings import Settings, SettingsError, settings_from
from infra import cloudformation, policies
from infra.bytecode import write_bytecode
from infra.chalice_project import read_config, run_chalice, write_config
from infra.console import Problem, say, step
from infra.gateway_responses import allowed_origins, set_gateway_responses
from infra.local_api import UNNAMED, apply_time_to_live, forget_api, import_routes
from infra.local_aws import is_local
from infra.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_lambda.literals import LogFormatType

TEMPLATE = Path(__file__).with_name("resources.yaml")
VISIBILITY_TIMEOUTS = 6
"""The queue hides a message for this many timeouts of the function that reads it (Lambda developer
guide, "Using Lambda with Amazon SQS")."""
SLOW_MILLISECONDS = 850
"""For each second of a function's timeout: a run that takes as long is near it."""
RETRIES = 2
"""Lambda tries an event three times in all, as is its default for asynchronous events."""
EVENT_AGE_SECONDS = 6 * 60 * 60
"""The longest that Lambda keeps an event it cannot run; also its default."""
LOG_FORMAT: LogFormatType = "JSON"
SETTLING_SECONDS = 60
"""How long a policy just written may take to be in force; seconds are usual (IAM user guide,
"Changes that I make are not always immediately visible")."""
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
"""The runtimes that Lambda lets new functions have (Lambda developer guide, "Runtimes")."""


def deploy(stage: Stage, billing_mode: str | None = None, alarm_email: str | None = None) -> str:
    """Make the stage what the code and its settings say.

    Args:
        stage: which.
        billing_mode: PROVISIONED or PAY_PER_REQUEST; as it is, or PROVISIONED at first, when None.
        alarm_email: where alarms are mailed to, nowhere when empty; as it is when None.

    Returns:
        The URL of its API, with a final slash.

    Raises:
        Problem: it cannot be deployed; running it again goes on where it stopped.
    """
    check_python(sys.version_info[:2])
    region, account_id = stage.account.region, stage.account.account_id
    where = stage.account.endpoint or f"account {account_id}, {region}"
    say(f"Deploying stage {stage.name} to {where}")
    deploy_resources(stage, billing_mode, alarm_email)
    _adopt_unrecorded(stage)
    if is_local(stage.account):
        forget_api(stage)
    with step("chalice deploy"):
        write_bytecode(stage.project)
        run_chalice(stage, "deploy")
    with step("Setting retries and the failure queue of process_upload"):
        _set_failure_destination(stage)
    with step("Setting the log format"):
        _set_log_format(stage)
    noted = stage.noted("rest_api")
    api_id, url = str(noted["rest_api_id"]), str(noted["rest_api_url"])
    if is_local(stage.account):
        with step("What the local AWS leaves out: routes, time to live"):
            apply_time_to_live(stage)
            api_id, url = import_routes(stage)
    with step("Setting what the gateway itself answers"):
        set_gateway_responses(stage, api_id)
    return url


def deploy_resources(
    stage: Stage, billing_mode: str | None = None, alarm_email: str | None = None
) -> None:
    """The stage's stack, and from its outputs the stage's settings and policies.

    After this, plain `chalice deploy --stage NAME` works.
    """
    with step(f"CloudFormation stack {stage.stack_name}"):
        cloudformation.apply(
            stage.account,
            stage.stack_name,
            TEMPLATE.read_text(encoding="utf-8"),
            {
                "Stage": stage.name,
                "BillingMode": billing_mode or cloudformation.KEEP,
                "AllowedOrigins": ",".join(allowed_origins(stage)),
                "FailureVisibilityTimeout": VISIBILITY_TIMEOUTS * _timeout(stage, "record_failure"),
                "SlowMilliseconds": SLOW_MILLISECONDS * _timeout(stage, "process_upload"),
                "AlarmEmail": cloudformation.KEEP if alarm_email is None else alarm_email,
            },
        )
    outputs = stage.outputs()
    settings = _write_settings(stage, outputs)
    _write_policies(stage, outputs, settings)


def check_python(version: tuple[int, int]) -> None:
    """Chalice gives the functions the Python that it runs on: Lambda must have that one.

    Raises:
        Problem: Lambda has it not.
    """
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        raise Problem(
            f"Python {version[0]}.{version[1]} is no runtime that Lambda lets new functions have: "
            "deploy with Python 3.11 to 3.14, such as `make deploy STAGE=... PYTHON=python3.13`"
        )


def rest_apis(stage: Stage) -> list[str]:
    """The ids of the REST APIs that Chalice made for this stage: app.py names them after it."""
    names = {stage.stack_name, UNNAMED} if is_local(stage.account) else {stage.stack_name}
    pages = stage.account.apigateway.get_paginator("get_rest_apis").paginate()
    return [api["id"] for page in pages for api in page["items"] if api["name"] in names]


def event_source_mappings(stage: Stage) -> list[str]:
    """The ids of what lets Lambda poll the failure queue for this stage."""
    found = []
    for function in stage.functions.values():
        try:
            pages = stage.account.lambda_.get_paginator("list_event_source_mappings")
            for page in pages.paginate(FunctionName=function):
                found += [mapping["UUID"] for mapping in page["EventSourceMappings"]]
        except stage.account.lambda_.exceptions.ResourceNotFoundException:
            continue
    return found


def _adopt_unrecorded(stage: Stage) -> None:
    """Note for Chalice what it made and did not note, being broken off or run elsewhere.

    Chalice finds functions, roles and log groups by name. It knows its API and its event source
    mapping only from its note: it would make the one a second time, at another URL, and fail at
    the other.
    """
    account = stage.account
    apis, mappings = rest_apis(stage), event_source_mappings(stage)
    if apis and not stage.noted("rest_api"):
        url = f"https://{apis[0]}.execute-api.{account.region}.amazonaws.com/api/"
        stage.note(
            {
                "name": "rest_api",
                "resource_type": "rest_api",
                "rest_api_id": apis[0],
                "rest_api_url": url,
            }
        )
    if mappings and not stage.noted("sqs_event"):
        mapping = account.lambda_.get_event_source_mapping(UUID=mappings[0])
        stage.note(
            {
                "name": "record_failure-sqs-event-source",
                "resource_type": "sqs_event",
                "event_uuid": mappings[0],
                "queue_arn": mapping["EventSourceArn"],
                "queue": mapping["EventSourceArn"].rpartition(":")[2],
                "lambda_arn": mapping["FunctionArn"],
            }
        )


def _write_policies(stage: Stage, outputs: dict[str, str], settings: Settings) -> None:
    notifications = settings.notification_topic_arn is not None
    stage.policies_folder.mkdir(parents=True, exist_ok=True)
    for function in stage.functions:
        text = policies.file_of(stage.project, function).read_text(encoding="utf-8")
        rendered = policies.render(text, outputs, notifications=notifications)
        (stage.policies_folder / f"policy-{function}.json").write_text(rendered, encoding="utf-8")


def _write_settings(stage: Stage, outputs: dict[str, str]) -> Settings:
    """The stage's section of Chalice's config; what its owner set there otherwise stays.

    Raises:
        Problem: with these settings app.py would not start.
    """
    config = read_config(stage.project)
    section = config.setdefault("stages", {}).setdefault(stage.name, {})
    section.setdefault("environment_variables", {}).update(
        STACK_NAME=stage.stack_name,
        UPLOAD_BUCKET=outputs["UploadBucketName"],
        DOCUMENTS_TABLE=outputs["DocumentsTableName"],
        FAILURE_QUEUE=outputs["FailureQueueName"],
        USER_POOL_ARN=outputs["UserPoolArn"],
        USER_POOL_CLIENT_ID=outputs["UserPoolClientId"],
        NOTIFICATION_TOPIC_ARN=outputs["NotificationTopicArn"],
    )
    for function in stage.functions:
        section.setdefault("lambda_functions", {}).setdefault(function, {})["iam_policy_file"] = (
            f"stages/{stage.name}/policy-{function}.json"
        )
    try:
        settings = settings_from(
            {**config["environment_variables"], **section["environment_variables"]}
        )
    except SettingsError as error:
        raise Problem(f"Stage {stage.name}: {error}") from error
    write_config(stage.project, config)
    return settings


def _timeout(stage: Stage, function: str) -> int:
    """A function's timeout in seconds, as Chalice reads it."""
    config = read_config(stage.project)
    own = config["lambda_functions"].get(function, {})
    return int(own.get("lambda_timeout", config["lambda_timeout"]))


def _set_failure_destination(stage: Stage) -> None:
    queue_arn = stage.outputs()["FailureQueueArn"]
    lambda_ = stage.account.lambda_
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        try:
            lambda_.put_function_event_invoke_config(
                FunctionName=stage.functions["process_upload"],
                MaximumRetryAttempts=RETRIES,
                MaximumEventAgeInSeconds=EVENT_AGE_SECONDS,
                DestinationConfig={"OnFailure": {"Destination": queue_arn}},
            )
        except lambda_.exceptions.InvalidParameterValueException:
            # AWS refuses while the role's new policy, which allows it, is not yet in force.
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def _set_log_format(stage: Stage) -> None:
    """Let Lambda's own lines be JSON too: starts, reports, and errors that no handler caught.

    The functions' own lines are JSON in either format, and Lambda leaves them as they are (Lambda
    developer guide, "Configuring JSON and plain text log formats").
    """
    lambda_ = stage.account.lambda_
    for function in stage.functions.values():
        config = lambda_.get_function_configuration(FunctionName=function)
        if config.get("LoggingConfig", {}).get("LogFormat") == LOG_FORMAT:
            continue
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
        lambda_.update_function_configuration(
            FunctionName=function, LoggingConfig={"LogFormat": LOG_FORMAT}
        )
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
