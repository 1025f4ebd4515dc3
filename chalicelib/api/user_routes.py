"""The route of users: operators see who owns a document."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.api import schema
from chalicelib.api.http import principal, route_options
from chalicelib.api.problems import Code, Problem
from chalicelib.documents import is_document_id
from chalicelib.runtime import settings
from chalicelib.users import get_email

user_routes = Blueprint(__name__)


@user_routes.route(**route_options(schema.GET_USER))
def get_user(user_id: str) -> dict[str, object]:
    """The e-mail address of a user: one call of Cognito."""
    if not principal(user_routes.current_request).is_operator:
        raise Problem(Code.FORBIDDEN, "Only operators can look up users")
    # An owner of direct uploads may be any text, and Cognito would accept an e-mail address.
    is_sub = is_document_id(user_id)
    pool_id = settings.user_pool_arn.rpartition("/")[2]
    email = get_email(pool_id, user_id) if is_sub else None
    if email is None:
        raise Problem(Code.NOT_FOUND, "There is no such user")
    return {"userId": user_id, "email": email}
