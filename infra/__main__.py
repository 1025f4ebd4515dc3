"""The command line behind the Makefile: `python -m infra --help`."""

from __future__ import annotations

import argparse
import os
import sys

from botocore.exceptions import BotoCoreError, ClientError

from infra import policies
from infra.backfill import backfill
from infra.console import Problem, say
from infra.demo import demo
from infra.deploy import deploy, deploy_resources
from infra.destroy import destroy
from infra.local import NAME as LOCAL
from infra.local import local, running_local_stage
from infra.local_aws import stop_on_signals
from infra.picture import picture
from infra.processing import DEFAULT_PARALLEL, MOST_PARALLEL
from infra.retry import retry
from infra.stage import ROOT, Account, Stage
from infra.status import status
from infra.users import find_or_make_user, id_token


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 something for the user to mend, 2 wrong usage."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    stop_on_signals()
    try:
        asked.run(asked)
    except (Problem, ClientError, BotoCoreError) as problem:
        sys.stderr.write(f"intake: {problem}\n")
        return 1
    except KeyboardInterrupt:
        say()
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra", description="Deploys and runs Intake; `make` calls it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("demo", help="the main job on a local AWS, start to finish")
    command.set_defaults(run=lambda _asked: demo())

    command = commands.add_parser("local", help="the whole stack on this machine until Ctrl-C")
    command.add_argument(
        "--port", type=_port, default=None, help="of the local AWS; default: a free one"
    )
    command.set_defaults(run=lambda asked: local(asked.port))

    command = commands.add_parser("deploy", help="make a stage what the code and settings say")
    _add_stage(command)
    _add_billing_mode(command)
    _add_alarm_email(command)
    command.set_defaults(run=_deploy)

    command = commands.add_parser(
        "resources", help="only the first step of deploy; `chalice deploy --stage` works after it"
    )
    _add_stage(command)
    _add_billing_mode(command)
    _add_alarm_email(command)
    command.set_defaults(
        run=lambda asked: deploy_resources(_stage(asked), asked.billing_mode, asked.alarm_email)
    )

    command = commands.add_parser("destroy", help="take a stage away with all that is in it")
    _add_stage(command)
    command.add_argument(
        "--confirm",
        default="",
        metavar="WORDS",
        help="the words that allow deleting files and records; without them, they are told",
    )
    command.set_defaults(run=lambda asked: destroy(_stage(asked), asked.confirm))

    command = commands.add_parser(
        "user",
        help="make or find a user and print an ID token; INTAKE_PASSWORD holds the password",
    )
    _add_stage(command)
    command.add_argument("--email", required=True, help="who; it is the username")
    command.add_argument("--group", action="append", default=[], help="such as operators")
    command.set_defaults(run=_user)

    command = commands.add_parser(
        "retry", help="process again whatever failed for trouble on our side"
    )
    _add_stage(command)
    _add_parallel(command)
    command.set_defaults(run=lambda asked: retry(_stage(asked), asked.parallel))

    command = commands.add_parser(
        "backfill", help="process the objects that no record tells of, by prefix"
    )
    _add_stage(command)
    command.add_argument(
        "--prefix", default="", help="that the objects' keys begin with; default: all objects"
    )
    _add_parallel(command)
    command.set_defaults(run=lambda asked: backfill(_stage(asked), asked.prefix, asked.parallel))
    command = commands.add_parser("status", help="how a stage is, and what it used of what is free")
    _add_stage(command)
    command.set_defaults(run=lambda asked: status(_stage(asked)))

    command = commands.add_parser("picture", help="take the README's picture of the page anew")
    command.set_defaults(run=lambda _asked: picture())

    command = commands.add_parser("policies", help="write .chalice/policy-*.json from the code")
    command.set_defaults(run=_policies)
    return parser


def _add_stage(command: argparse.ArgumentParser) -> None:
    command.add_argument("--stage", required=True, help="such as dev")


def _add_billing_mode(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--billing-mode",
        choices=["PROVISIONED", "PAY_PER_REQUEST"],
        help="of the table; default: as it is, PROVISIONED (free) at first",
    )


def _add_parallel(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--parallel",
        type=_parallel,
        default=DEFAULT_PARALLEL,
        metavar="N",
        help=f"how many documents at once, 1 to {MOST_PARALLEL}; default: {DEFAULT_PARALLEL}",
    )


def _parallel(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_PARALLEL:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_PARALLEL}")
    return int(text)


def _add_alarm_email(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--alarm-email",
        metavar="ADDRESS",
        help="where alarms are mailed to, '' for nowhere; default: as it is, nowhere at first",
    )


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 1 to 65535")
    return int(text)


def _stage(asked: argparse.Namespace) -> Stage:
    return Stage(asked.stage, Account(dict(os.environ)))


def _deploy(asked: argparse.Namespace) -> None:
    url = deploy(_stage(asked), asked.billing_mode, asked.alarm_email)
    say(f"Stage {asked.stage} is up: {url}")
    say("That is its page, and below it are the API's routes. Who may sign in: make user STAGE=...")


def _user(asked: argparse.Namespace) -> None:
    """The token goes to standard output, alone, for scripts; the rest to standard error."""
    stage = running_local_stage() if asked.stage == LOCAL else _stage(asked)
    password = os.environ.get("INTAKE_PASSWORD")
    user = find_or_make_user(stage, asked.email, password, tuple(asked.group))
    if user.password != password:
        sys.stderr.write(f"New user {user.username} with password {user.password}\n")
    say(id_token(stage, user))


def _policies(_asked: argparse.Namespace) -> None:
    try:
        for path in policies.write(ROOT):
            say(f"wrote {path.relative_to(ROOT)}")
    except policies.PolicyError as error:
        raise Problem(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
