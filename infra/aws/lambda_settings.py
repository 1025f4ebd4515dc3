"""Lambda settings that Chalice does not have: failure destination, log format, size of /tmp."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.aws.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_lambda.literals import LogFormatType

RETRIES = 2
"""Lambda's default: three attempts for each asynchronous event."""
EVENT_AGE_SECONDS = 6 * 60 * 60
"""Lambda's maximum and default age of an event that it has not run."""
LOG_FORMAT: LogFormatType = "JSON"
POLICY_SECONDS = 60
"""Maximum wait until a new policy is effective; seconds are usual (IAM user guide, "Changes that I
make are not always immediately visible")."""


ASYNCHRONOUS_FUNCTIONS = ("process_upload", "record_text", "record_scan")
"""Invoked by S3, SNS and EventBridge: Lambda discards events that they fail on, if there is no
destination."""


def set_failure_destinations(stage: Stage) -> None:
    """Send events on which a function fails permanently to the failure queue."""
    queue_arn = stage.outputs()["FailureQueueArn"]
    for name in ASYNCHRONOUS_FUNCTIONS:
        if function := stage.functions.get(name):
            _set_failure_destination(stage, function, queue_arn)


def _set_failure_destination(stage: Stage, function: str, queue_arn: str) -> None:
    lambda_ = stage.account.lambda_
    deadline = time.monotonic() + POLICY_SECONDS
    while True:
        try:
            lambda_.put_function_event_invoke_config(
                FunctionName=function,
                MaximumRetryAttempts=RETRIES,
                MaximumEventAgeInSeconds=EVENT_AGE_SECONDS,
                DestinationConfig={"OnFailure": {"Destination": queue_arn}},
            )
        except lambda_.exceptions.InvalidParameterValueException:
            # AWS rejects the destination until the role's new policy is effective.
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def set_log_format(stage: Stage) -> None:
    """Make Lambda's own log lines JSON as well: starts, reports and uncaught errors.

    The functions' own lines are JSON in either format, and Lambda does not change them (Lambda
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


def set_tmp_size(stage: Stage, function: str, size_mib: int) -> None:
    """Set the size of a function's /tmp."""
    lambda_, name = stage.account.lambda_, stage.functions[function]
    config = lambda_.get_function_configuration(FunctionName=name)
    if config["EphemeralStorage"]["Size"] == size_mib:
        return
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, EphemeralStorage={"Size": size_mib})
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
