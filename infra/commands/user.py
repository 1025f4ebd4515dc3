"""`make user`: create or find a user and print an ID token."""

from __future__ import annotations

import sys

from infra.aws.stage import Stage
from infra.aws.users import get_id_token, get_or_create_user
from infra.console import echo


def user(stage: Stage, email: str, password: str | None, groups: tuple[str, ...]) -> None:
    """Print only the token to standard output, for scripts; a new password to standard error.

    Raises:
        CommandError: the address, password or a group is invalid, or the user cannot sign in.
    """
    found = get_or_create_user(stage, email, password, groups)
    if found.password != password:
        sys.stderr.write(f"New user {found.username} with password {found.password}\n")
    echo(get_id_token(stage, found))
