"""Settings of a local stage, from the command line."""

from __future__ import annotations

from infra.build.chalice_project import read_config
from infra.console import CommandError
from infra.paths import ROOT


def parse_settings_argument(text: str) -> dict[str, str]:
    """The settings in an argument such as `TEXT=on OCR=text`; deployment checks the values.

    Raises:
        CommandError: it is malformed, or names what is no setting.
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
