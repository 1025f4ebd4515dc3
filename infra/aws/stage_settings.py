"""Settings of a stage that its resources depend on, read before they exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.lambda_limits import timeout_seconds, tmp_mib
from chalicelib.setting_values import parse_extraction_seconds, parse_file_bytes, parse_origins
from infra.aws.stage import Stage
from infra.build.chalice_project import parse_setting, read_config, read_settings
from infra.build.features import Feature

T = TypeVar("T")

LARGEST_FILE_PROCESSOR = "process_upload"
"""The function whose time and /tmp follow from the largest file."""

SWITCHES = {"Text": Feature.TEXT, "Ocr": Feature.OCR, "Scan": Feature.SCAN}
"""The parameters of the stage's stack that are on or off, with their features."""


def allowed_origins(stage: Stage) -> tuple[str, ...]:
    """The web origins allowed by the stage's settings.

    Raises:
        CommandError: the setting is malformed.
    """
    return _setting(stage, "ALLOWED_ORIGINS", parse_origins)


def function_timeout(stage: Stage, function: str) -> int:
    """A function's timeout in seconds: Chalice's, or longer where the largest file needs it.

    Raises:
        CommandError: a setting is malformed.
    """
    timeout = configured_timeout(stage, function)
    if function != LARGEST_FILE_PROCESSOR:
        return timeout
    extraction_seconds = _setting(stage, "EXTRACTION_SECONDS", parse_extraction_seconds)
    return max(timeout, timeout_seconds(_largest_file_bytes(stage), extraction_seconds))


def function_tmp_mib(stage: Stage) -> int:
    """The size of process_upload's /tmp in MiB.

    Raises:
        CommandError: a setting is malformed.
    """
    return tmp_mib(_largest_file_bytes(stage))


def feature_parameters(stage: Stage) -> dict[str, str]:
    """The parameters of the stage's stack that switch resources on and off.

    Raises:
        CommandError: a setting is malformed, or requires another one.
    """
    features = stage.features
    return {name: "on" if feature in features else "off" for name, feature in SWITCHES.items()}


def _largest_file_bytes(stage: Stage) -> int:
    return _setting(stage, "LARGEST_FILE_BYTES", parse_file_bytes)


def configured_timeout(stage: Stage, function: str) -> int:
    """A function's timeout in seconds in Chalice's config: the most specific of its four places."""
    config = read_config(stage.project)
    section = config["stages"].get(stage.name, {})
    places = [
        section.get("lambda_functions", {}).get(function, {}),
        section,
        config["lambda_functions"].get(function, {}),
        config,
    ]
    return next(int(place["lambda_timeout"]) for place in places if "lambda_timeout" in place)


def _setting(stage: Stage, name: str, parse: Callable[[str], T]) -> T:
    return parse_setting(read_settings(stage.project, stage.name), stage.name, name, parse)
