"""What `chalice deploy` reads of a stage: settings and policies, from its stack's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.settings import Settings, SettingsError, parse_settings
from infra.aws.owner_index import allow_old_index
from infra.aws.stage import Stage
from infra.aws.stage_settings import (
    LARGEST_FILE_PROCESSOR,
    configured_timeout,
    function_timeout,
)
from infra.build import policies
from infra.build.chalice_project import read_config, write_config
from infra.build.features import Feature
from infra.console import CommandError

FEATURE_OUTPUTS = {
    "TEXT_BUCKET": (Feature.TEXT, "TextBucketName"),
    "OCR_TOPIC_ARN": (Feature.OCR, "OcrTopicArn"),
    "OCR_ROLE_ARN": (Feature.OCR, "OcrRoleArn"),
}
"""Settings of features, and the stack's outputs with their values."""


def write_settings(stage: Stage, outputs: Mapping[str, str]) -> Settings:
    """Update the stage's section of Chalice's config; the deployer's own settings there are kept.

    Raises:
        CommandError: a setting is missing or malformed.
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
    for name, (feature, output) in FEATURE_OUTPUTS.items():
        section["environment_variables"].pop(name, None)
        if feature in stage.features:
            section["environment_variables"][name] = outputs[output]
    section.setdefault("tags", {}).update(stage.tags)  # of the functions
    _set_policy_files(stage, section.setdefault("lambda_functions", {}))
    timeout = function_timeout(stage, LARGEST_FILE_PROCESSOR)
    if timeout > configured_timeout(stage, LARGEST_FILE_PROCESSOR):
        section["lambda_functions"][LARGEST_FILE_PROCESSOR]["lambda_timeout"] = timeout
    try:
        settings = parse_settings(
            {**config["environment_variables"], **section["environment_variables"]}
        )
    except SettingsError as error:
        raise CommandError(f"Stage {stage.name}: {error}") from error
    write_config(stage.project, config)
    return settings


def _set_policy_files(stage: Stage, functions: dict[str, dict[str, Any]]) -> None:
    """Have the functions' settings name the policies that `write_policies` writes."""
    for function in stage.possible_functions.keys() - stage.functions.keys():
        functions.get(function, {}).pop("iam_policy_file", None)
        if not functions.get(function):
            functions.pop(function, None)
    for function in stage.functions:
        functions.setdefault(function, {})["iam_policy_file"] = (
            f"stages/{stage.name}/policy-{function}.json"
        )


def write_policies(stage: Stage, outputs: Mapping[str, str], *, keeps_old_index: bool) -> None:
    """Write the policies of the stage's functions.

    Args:
        stage: the stage.
        outputs: of its stack.
        keeps_old_index: whether its table still has the index that a migration removes.
    """
    stage.policies_folder.mkdir(parents=True, exist_ok=True)
    for function in stage.functions:
        text = policies.policy_path(stage.project, function).read_text(encoding="utf-8")
        rendered = policies.render(text, outputs, stage.features)
        if keeps_old_index:
            rendered = allow_old_index(rendered)
        (stage.policies_folder / f"policy-{function}.json").write_text(rendered, encoding="utf-8")
