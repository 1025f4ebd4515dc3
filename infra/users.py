"""Users of a stage: made by whoever runs it, signed in as any client does."""

from __future__ import annotations

import secrets
import string
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError

from infra.console import Problem
from infra.stage import Stage

PASSWORD_LENGTH = 20


@dataclass(frozen=True)
class User:
    """Somebody who can sign in."""

    username: str
    """The e-mail address."""
    password: str
    groups: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As .local/stack.json has it."""
        return {**asdict(self), "groups": list(self.groups)}


def new_password() -> str:
    """A random one that the pool's rules allow."""
    letters = string.ascii_letters + string.digits
    chosen = [secrets.choice(letters) for _ in range(PASSWORD_LENGTH - 3)]
    return "".join([*chosen, secrets.choice(string.ascii_lowercase), "A", "7"])


def find_or_make_user(
    stage: Stage, email: str, password: str | None, groups: tuple[str, ...] = ()
) -> User:
    """A user who can sign in with this password and is in these groups, new or not.

    Args:
        stage: whose user.
        email: who; it is the username.
        password: of the user; None: a random one for a new user.
        groups: of the pool, besides those the user is in.

    Raises:
        Problem: the address, password or a group is refused, or somebody has the address and
            the password was not said.
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
        password = password or new_password()
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=email, Password=password, Permanent=True
        )
    except cognito.exceptions.UsernameExistsException:
        if password is None:
            raise Problem(
                f"There is a user {email} already: say the password in INTAKE_PASSWORD"
            ) from None
    except cognito.exceptions.InvalidPasswordException as error:
        cognito.admin_delete_user(UserPoolId=pool, Username=email)
        raise Problem(f"That password will not do: {_message(error)}") from None
    except cognito.exceptions.InvalidParameterException as error:
        raise Problem(f"{email!r} cannot be a user: {_message(error)}") from None
    for group in groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    return User(email, password, groups)


def id_token(stage: Stage, user: User) -> str:
    """An ID token of the user, as the API takes it; good for an hour.

    Raises:
        Problem: the password is wrong.
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
        raise Problem(f"{user.username} cannot sign in: {_message(error)}") from None
    return answer["AuthenticationResult"]["IdToken"]


def _refuse_unknown(stage: Stage, pool: str, groups: tuple[str, ...]) -> None:
    found = stage.account.cognito.list_groups(UserPoolId=pool)["Groups"]
    names = [group["GroupName"] for group in found]
    for group in groups:
        if group not in names:
            raise Problem(f"Stage {stage.name} has no group {group!r}; there is {', '.join(names)}")


def _message(error: ClientError) -> str:
    return error.response["Error"]["Message"]
