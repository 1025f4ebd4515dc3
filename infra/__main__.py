"""The command line behind the Makefile: `python -m infra --help`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.reprocess import DEFAULT_PARALLEL, MAX_PARALLEL
from infra.aws.stage import Account, Stage
from infra.commands.backfill import BACKFILLS, MISSING, backfill
from infra.commands.demo import demo
from infra.commands.deploy import StackOptions, deploy, deploy_resources
from infra.commands.destroy import destroy
from infra.commands.env import env
from infra.commands.local import NAME as LOCAL
from infra.commands.local import local, running_local_stage
from infra.commands.policies import policies
from infra.commands.reconcile import reconcile
from infra.commands.retry import retry
from infra.commands.screenshot import screenshot
from infra.commands.status import status
from infra.commands.user import user
from infra.commands.verify import verify
from infra.console import CommandError, echo
from infra.local.server import stop_on_signals
from infra.local.stage_settings import parse_settings_argument
from infra.local.workarounds import hooks_for

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Argument:
    """A command-line option and its keyword arguments of `add_argument`."""

    flag: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of `python -m infra`."""

    name: str
    help: str
    run: Callable[[Arguments], None]
    arguments: tuple[Argument, ...] = ()


def main(arguments: list[str] | None = None) -> int:
    """Run one command; exit code 0: success, 1: a CommandError, 2: wrong usage, 130: Ctrl-C."""
    parsed = _parser().parse_args(arguments)
    stop_on_signals()
    try:
        parsed.run(parsed)
    except (CommandError, ClientError, BotoCoreError) as error:
        sys.stderr.write(f"intake: {error}\n")
        return 1
    except KeyboardInterrupt:
        echo()
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra", description="Deploys and operates Intake; `make` calls it."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help)
        for argument in command.arguments:
            subparser.add_argument(argument.flag, **argument.options)
        subparser.set_defaults(run=command.run)
    return parser


def _number(maximum: int, minimum: int = 1) -> Callable[[str], int]:
    """A parser of numbers from the minimum to the maximum."""

    def parse(text: str) -> int:
        if not text.isdigit() or not minimum <= int(text) <= maximum:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number from {minimum} to {maximum}"
            )
        return int(text)

    return parse


def _address(text: str) -> str:
    """An e-mail address, or an empty text for none; SNS sends a confirmation to it."""
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an e-mail address")
    return text


def _stage(parsed: Arguments) -> Stage:
    """The stage to operate: in the account of the environment, or that of `make local`.

    Raises:
        CommandError: the name is invalid, or the account is not accessible.
    """
    if parsed.stage == LOCAL:
        return running_local_stage()
    account = Account(dict(os.environ))
    stage = Stage(parsed.stage, account)
    account.check_access()
    return replace(stage, hooks=hooks_for(account))


def _stage_in_aws(parsed: Arguments) -> Stage:
    """The stage to create, change or delete, which `make local` does itself."""
    if parsed.stage == LOCAL:
        raise CommandError(f"Stage {LOCAL} is that of `make local`: pass another STAGE=")
    return _stage(parsed)


def _deploy(parsed: Arguments) -> None:
    url = deploy(_stage_in_aws(parsed), _options(parsed))
    echo(f"Stage {parsed.stage} is deployed: {url}")
    echo("This URL serves the web UI and the API. To create a user: make user STAGE=... EMAIL=...")


def _resources(parsed: Arguments) -> None:
    deploy_resources(_stage_in_aws(parsed), _options(parsed))


def _options(parsed: Arguments) -> StackOptions:
    return StackOptions(
        parsed.billing_mode,
        parsed.alarm_email,
        parsed.budget,
        parsed.notify_email,
        parsed.cloudformation_role,
    )


def _user(parsed: Arguments) -> None:
    if not parsed.email:
        raise CommandError(
            f"EMAIL is missing: run make user STAGE={parsed.stage} EMAIL=you@example.org"
        )
    password = os.environ.get("INTAKE_PASSWORD")
    user(_stage(parsed), parsed.email, password, tuple(parsed.group))


STAGE = Argument(
    "--stage",
    {"required": True, "help": f"name of the stage, for example dev; {LOCAL} for `make local`'s"},
)
PORT = Argument(
    "--port",
    {"type": _number(65_535), "help": "of the local AWS on 127.0.0.1; default: a free port"},
)
SET = Argument(
    "--set",
    {
        "default": "",
        "metavar": "SETTINGS",
        "help": 'settings of the stage, for example "TEXT=on OCR=text"; default: config.json\'s',
    },
)
BILLING_MODE = Argument(
    "--billing-mode",
    {
        "choices": ["PROVISIONED", "PAY_PER_REQUEST"],
        "help": "billing mode of the table; default: unchanged, PROVISIONED (free) if new",
    },
)
ALARM_EMAIL = Argument(
    "--alarm-email",
    {
        "type": _address,
        "metavar": "ADDRESS",
        "help": "recipient of alarms, '' for none; default: unchanged, none if new",
    },
)
BUDGET = Argument(
    "--budget",
    {
        "type": _number(1_000_000, minimum=0),
        "metavar": "USD",
        "help": "monthly costs of the account above which the recipient of alarms gets a mail, "
        "0 for none; default: unchanged, 10 if new",
    },
)
NOTIFY_EMAIL = Argument(
    "--notify-email",
    {
        "type": _address,
        "metavar": "ADDRESS",
        "help": "recipient of notifications on documents, '' for none; default: unchanged, none "
        "if new",
    },
)
CLOUDFORMATION_ROLE = Argument(
    "--cloudformation-role",
    {
        "metavar": "ARN",
        "help": "role that CloudFormation assumes for the stack, of infra/deployer.yaml; "
        "default: unchanged, your own permissions if new",
    },
)
STACK_OPTIONS = (BILLING_MODE, ALARM_EMAIL, BUDGET, NOTIFY_EMAIL, CLOUDFORMATION_ROLE)
CONFIRM = Argument(
    "--confirm",
    {
        "default": "",
        "metavar": "TEXT",
        "help": "allows deleting files and records; without it, an error shows the required text",
    },
)
EMAIL = Argument("--email", {"required": True, "help": "e-mail address, which is the username"})
GROUP = Argument(
    "--group", {"action": "append", "default": [], "help": "group to add the user to: operators"}
)
PREFIX = Argument("--prefix", {"default": "", "help": "key prefix; default: all objects"})
SELECTIONS = tuple(
    Argument(
        f"--{name}",
        {"choices": [MISSING], "help": f"missing: the documents {BACKFILLS[name].missing}"},
    )
    for name in BACKFILLS
)
DRY_RUN = Argument(
    "--dry-run",
    {"action": "store_true", "help": "only count; exit code 1 if there is something to do"},
)
PARALLEL = Argument(
    "--parallel",
    {
        "type": _number(MAX_PARALLEL),
        "default": DEFAULT_PARALLEL,
        "metavar": "N",
        "help": f"concurrent documents, 1 to {MAX_PARALLEL}; default: {DEFAULT_PARALLEL}",
    },
)

COMMANDS = (
    Command(
        "demo",
        "run the main workflow on a local AWS",
        lambda parsed: demo(parse_settings_argument(parsed.set)),
        (SET,),
    ),
    Command(
        "local",
        "run the whole stack on this machine until Ctrl-C",
        lambda parsed: local(parsed.port, parse_settings_argument(parsed.set)),
        (PORT, SET),
    ),
    Command(
        "deploy",
        "create or update a stage in AWS",
        _deploy,
        (STAGE, *STACK_OPTIONS),
    ),
    Command(
        "resources",
        "only the first step of deploy; afterwards `chalice deploy --stage NAME` works",
        _resources,
        (STAGE, *STACK_OPTIONS),
    ),
    Command(
        "destroy",
        "delete a stage with its files and records",
        lambda parsed: destroy(_stage_in_aws(parsed), parsed.confirm),
        (STAGE, CONFIRM),
    ),
    Command(
        "user",
        "create or find a user and print an ID token; INTAKE_PASSWORD is the password",
        _user,
        (STAGE, EMAIL, GROUP),
    ),
    Command(
        "env",
        "print URLs and names of a stage as variables of a POSIX shell",
        lambda parsed: env(_stage(parsed)),
        (STAGE,),
    ),
    Command(
        "retry",
        "process documents again that failed because of an AWS or internal error",
        lambda parsed: retry(_stage(parsed), parsed.parallel),
        (STAGE, PARALLEL),
    ),
    Command(
        "reconcile",
        "process objects without a current record, mark records whose object is gone",
        lambda parsed: reconcile(
            _stage(parsed), parsed.prefix, parsed.parallel, dry_run=parsed.dry_run
        ),
        (STAGE, PREFIX, PARALLEL, DRY_RUN),
    ),
    Command(
        "backfill",
        "add what a feature makes to documents from before it was switched on",
        lambda parsed: backfill(
            _stage(parsed),
            parsed.parallel,
            [name for name in BACKFILLS if getattr(parsed, name)],
            dry_run=parsed.dry_run,
        ),
        (STAGE, *SELECTIONS, PARALLEL, DRY_RUN),
    ),
    Command(
        "status",
        "show documents, failures, queues, alarms and usage of a stage",
        lambda parsed: status(_stage(parsed)),
        (STAGE,),
    ),
    Command(
        "verify",
        "check the contracts of a deployed stage, from upload URLs to alarms, on its AWS",
        lambda parsed: verify(_stage(parsed)),
        (STAGE,),
    ),
    Command("screenshot", "update docs/page.png (needs Chromium)", lambda _parsed: screenshot()),
    Command("policies", "write .chalice/policy-*.json from the code", lambda _parsed: policies()),
)


if __name__ == "__main__":
    sys.exit(main())
