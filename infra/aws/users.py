"""Users of a stage: created by its deployer, signed in through the API's client."""

from __future__ import annotations

import secrets
import string
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError

from infra.aws.stage import Stage
from infra.console import CommandError

PASSWORD_LENGTH = 20


@dataclass(frozen=True)
class User:
    """A user who can sign in."""

    username: str
    """The e-mail address."""
    password: str
    groups: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The representation in .local/stack.json."""
        return {**asdict(self), "groups": list(self.groups)}


def generate_password() -> str:
    """A random password that satisfies the pool's policy."""
    letters = string.ascii_letters + string.digits
    chosen = [secrets.choice(letters) for _ in range(PASSWORD_LENGTH - 3)]
    return "".join([*chosen, secrets.choice(string.ascii_lowercase), "A", "7"])


def get_or_create_user(
    stage: Stage, email: str, password: str | None, groups: tuple[str, ...] = ()
) -> User:
    """A user with this password and these groups; created if the address is new.

    Args:
        stage: the stage.
        email: the address, which is the username.
        password: the password; None generates one for a new user.
        groups: groups to add the user to.

    Raises:
        CommandError: the address, password or a group is invalid, or the user exists and the
            password is missing.
    """
    cognito, pool = stage.account.cognito, stage.outputs()["UserPoolId"]
    _refuse_unknown(stage, pool, groups)
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
        password = password or generate_password()
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=email, Password=password, Permanent=True
        )
    except cognito.exceptions.UsernameExistsException:
        if password is None:
            raise CommandError(
                f"User {email} exists: pass the password in INTAKE_PASSWORD"
            ) from None
    except cognito.exceptions.InvalidPasswordException as error:
        cognito.admin_delete_user(UserPoolId=pool, Username=email)
        raise CommandError(f"Invalid password: {_message(error)}") from None
    except cognito.exceptions.InvalidParameterException as error:
        raise CommandError(f"Invalid user {email!r}: {_message(error)}") from None
    for group in groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    return User(email, password, groups)


def get_id_token(stage: Stage, user: User) -> str:
    """An ID token for the API's Authorization header; valid for an hour.

    Raises:
        CommandError: the user does not exist or the password is wrong.
    """
    cognito, outputs = stage.account.cognito, stage.outputs()
    try:
        answer = cognito.initiate_auth(
            ClientId=outputs["UserPoolClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
        )
    except (
        cognito.exceptions.NotAuthorizedException,
        cognito.exceptions.UserNotFoundException,
    ) as error:
        raise CommandError(f"{user.username} cannot sign in: {_message(error)}") from None
    return answer["AuthenticationResult"]["IdToken"]


def _refuse_unknown(stage: Stage, pool: str, groups: tuple[str, ...]) -> None:
    found = stage.account.cognito.list_groups(UserPoolId=pool)["Groups"]
    names = [group["GroupName"] for group in found]
    for group in groups:
        if group not in names:
            raise CommandError(
                f"Stage {stage.name} has no group {group!r}; existing groups: {', '.join(names)}"
            )


def _message(error: ClientError) -> str:
    return error.response["Error"]["Message"]
