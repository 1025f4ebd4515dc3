"""OCR is deployed only where Amazon Textract exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.aws.stage import Account, Stage
from infra.aws.textract_regions import refuse_without_textract
from infra.build.chalice_project import configure, copy_project
from infra.console import CommandError


def stage_in(region: str, project: Path, **settings: str) -> Stage:
    """A stage in a region."""
    configure(copy_project(project), **settings)
    return Stage("dev", Account({"AWS_DEFAULT_REGION": region}), project)


def test_a_region_without_textract_is_refused(tmp_path: Path) -> None:
    """The message names the setting, and the regions that have it."""
    stage = stage_in("eu-north-1", tmp_path / "project", TEXT="on", OCR="text")
    with pytest.raises(CommandError, match=r"does not exist in eu-north-1.* OCR=off .*us-east-1"):
        refuse_without_textract(stage)


def test_a_region_with_textract_is_accepted(tmp_path: Path) -> None:
    """Nothing happens."""
    refuse_without_textract(stage_in("eu-west-1", tmp_path / "project", TEXT="on", OCR="analysis"))


def test_without_ocr_every_region_is_accepted(tmp_path: Path) -> None:
    """Textract is not needed."""
    refuse_without_textract(stage_in("eu-north-1", tmp_path / "project"))
