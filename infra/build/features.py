"""The features of a stage that can be switched on, and the code that exists only with them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from chalicelib.setting_values import OcrMode, parse_ocr, parse_scan, parse_switch
from infra.build.chalice_project import parse_setting, read_settings
from infra.build.linker import LinkError, is_conditional
from infra.console import CommandError


class Feature(StrEnum):
    """A feature that is off by default; its value is part of a policy statement's Sid."""

    NOTIFICATIONS = "Notifications"
    TEXT = "Text"
    OCR = "Ocr"
    OCR_TEXT = "OcrText"
    OCR_ANALYSIS = "OcrAnalysis"
    SCAN = "Scan"


CONDITIONS: Mapping[str, Feature] = {
    "settings.text_bucket": Feature.TEXT,
    "settings.ocr": Feature.OCR,
    "settings.scans_uploads": Feature.SCAN,
}
"""The conditions under which app.py may define a function."""

FEATURE_SETTINGS = ("NOTIFICATIONS", "TEXT", "OCR", "OCR_MAX_PAGES", "SCAN")
"""The settings that decide on features."""


def configured_features(project: Path, stage: str) -> frozenset[Feature]:
    """The features that a stage's settings in .chalice/config.json switch on.

    Raises:
        CommandError: a setting is missing or malformed, or requires another one.
    """
    return features_in(read_settings(project, stage), stage)


def features_in(settings: Mapping[str, str], stage: str) -> frozenset[Feature]:
    """The features that settings of a stage switch on.

    Raises:
        CommandError: a setting is missing or malformed, or requires another one.
    """
    ocr = parse_setting(settings, stage, "OCR", parse_ocr)
    is_on = {
        Feature.NOTIFICATIONS: parse_setting(settings, stage, "NOTIFICATIONS", parse_switch),
        Feature.TEXT: parse_setting(settings, stage, "TEXT", parse_switch),
        Feature.OCR: ocr is not OcrMode.OFF,
        Feature.OCR_TEXT: ocr is OcrMode.TEXT,
        Feature.OCR_ANALYSIS: ocr is OcrMode.ANALYSIS,
        Feature.SCAN: parse_setting(settings, stage, "SCAN", parse_scan),
    }
    if is_on[Feature.OCR] and not is_on[Feature.TEXT]:
        raise CommandError(f"Stage {stage}: OCR={ocr} requires TEXT=on in .chalice/config.json")
    return frozenset(feature for feature, on in is_on.items() if on)


def conditional_functions(project: Path) -> dict[str, Feature]:
    """The functions that app.py defines only with a feature.

    Raises:
        LinkError: one is defined under another condition.
    """
    module = ast.parse((project / "app.py").read_text(encoding="utf-8"))
    found: dict[str, Feature] = {}
    for node in filter(is_conditional, module.body):
        assert isinstance(node, ast.If)
        condition = ast.unparse(node.test)
        for name in (inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)):
            if condition not in CONDITIONS:
                raise LinkError(f"{name}: `if {condition}` is not one of {', '.join(CONDITIONS)}")
            found[name] = CONDITIONS[condition]
    return found
