"""Settings of a local stage, from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Set

from infra.aws.stage import Account
from infra.build.chalice_project import read_config
from infra.build.features import Feature, features_in
from infra.console import CommandError
from infra.local.guardduty import clamav
from infra.local.server import control_url
from infra.local.textract import tesseract
from infra.paths import ROOT

_CONTROLLED = (
    (Feature.OCR, "textractEndpoint", "textract"),
    (Feature.SCAN, "scannerEndpoint", "guardduty"),
)
"""Feature, name in .local/stack.json, and service of infra.local.services."""


def parse_settings_argument(text: str) -> dict[str, str]:
    """The settings in an argument such as `TEXT=on OCR=text`; deployment checks the values.

    Raises:
        CommandError: it is malformed, or names an unknown setting.
    """
    names = read_config(ROOT)["environment_variables"]
    settings: dict[str, str] = {}
    for pair in text.split():
        name, equals, value = pair.partition("=")
        if not (equals and value):
            raise CommandError(
                f'{pair!r} is not a setting: pass SET="NAME=value ...", for example SET="TEXT=on"'
            )
        if name not in names:
            raise CommandError(f"There is no setting {name!r}; there are {', '.join(names)}")
        if name in settings:
            raise CommandError(f"SET= has the setting {name} twice")
        settings[name] = value
    return settings


def require_programs(stage: str, settings: Mapping[str, str]) -> None:
    """Check that this machine has what the services of a local stage run.

    Args:
        stage: the stage's name.
        settings: of the stage, where they differ from those of all stages.

    Raises:
        CommandError: names what to install; a setting of a feature is malformed.
    """
    features = features_in({**read_config(ROOT)["environment_variables"], **settings}, stage)
    for feature, program in ((Feature.OCR, tesseract), (Feature.SCAN, clamav)):
        if feature in features and not program.is_installed():
            raise CommandError(program.INSTALL)


def control_urls(account: Account, features: Set[Feature]) -> dict[str, str]:
    """The URLs for tests of the services that a stage with these features uses, by their names in
    .local/stack.json.
    """
    return {
        name: control_url(account, service)
        for feature, name, service in _CONTROLLED
        if feature in features
    }
