"""The regions in which Amazon Textract exists."""

from __future__ import annotations

import boto3

from infra.aws.stage import Stage
from infra.build.features import Feature
from infra.console import CommandError


def refuse_without_textract(stage: Stage) -> None:
    """Check that the region has Textract, where OCR is on.

    The regions are those of the SDK's own data: AWS has no call that lists them, and one to
    Textract itself would fail for other reasons as well.

    Raises:
        CommandError: the SDK has no endpoint of Textract in the region.
    """
    if Feature.OCR not in stage.features:
        return
    region, partition = stage.account.region, stage.account.partition
    regions = boto3.Session().get_available_regions("textract", partition_name=partition)
    if region not in regions:
        raise CommandError(
            f"Amazon Textract does not exist in {region}, according to this version of boto3, "
            f"and nothing was changed: set OCR=off in .chalice/config.json, or deploy to one of "
            f"{', '.join(sorted(regions))}"
        )
