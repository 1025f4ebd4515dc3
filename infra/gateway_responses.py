"""What API Gateway answers by itself, before or instead of the function: 401, 404, 5xx and others.

Chalice has no setting for these. Without them they carry no CORS headers, so that a page cannot
tell an expired token from a broken line, and look unlike every other error of the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.cors import ANY_ORIGIN
from chalicelib.settings import origins_from
from infra.chalice_project import read_config
from infra.console import Problem
from infra.stage import Stage

if TYPE_CHECKING:
    from mypy_boto3_apigateway.literals import GatewayResponseTypeType


def allowed_origins(stage: Stage) -> tuple[str, ...]:
    """The web origins that the stage's settings allow.

    Raises:
        Problem: the setting is malformed.
    """
    config = read_config(stage.project)
    settings = config["environment_variables"] | config["stages"].get(stage.name, {}).get(
        "environment_variables", {}
    )
    try:
        return origins_from(settings.get("ALLOWED_ORIGINS", ""))
    except ValueError as error:
        raise Problem(f"ALLOWED_ORIGINS in .chalice/config.json is malformed: {error}") from None


def set_gateway_responses(stage: Stage, api_id: str) -> None:
    """Give the gateway's own answers the API's error shape and CORS headers, and deploy them."""
    gateway = stage.account.apigateway
    parameters = {
        f"gatewayresponse.header.{name}": value
        for name, value in _cors_sources(allowed_origins(stage)).items()
    }
    changed = False
    for kind, (status, body) in _ANSWERS.items():
        now = gateway.get_gateway_response(restApiId=api_id, responseType=kind)
        templates = {"application/json": body}
        if (
            now.get("responseParameters") == parameters
            and now.get("responseTemplates") == templates
            and now.get("statusCode") == status
        ):
            continue
        wanted = {"statusCode": status} if status else {}
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            responseParameters=parameters,
            responseTemplates=templates,
            **wanted,
        )
        changed = True
    if changed:  # they are in force from the next deployment on
        gateway.create_deployment(restApiId=api_id, stageName=_api_stage(stage))


_ANSWERS: dict[GatewayResponseTypeType, tuple[str | None, str]] = {
    "DEFAULT_4XX": (
        None,
        '{"Code": "$context.error.responseType", "Message": $context.error.messageString}',
    ),
    "DEFAULT_5XX": (
        None,
        '{"Code": "$context.error.responseType", "Message": $context.error.messageString}',
    ),
    "UNAUTHORIZED": (
        "401",
        '{"Code": "UnauthorizedError", "Message": $context.error.messageString}',
    ),
    # What the gateway says of a path or method that it does not know.
    "MISSING_AUTHENTICATION_TOKEN": (
        "404",
        '{"Code": "NotFoundError", "Message": "There is no such route"}',
    ),
}
"""Status (None: its own) and body, in the shape of Chalice's errors."""


def _cors_sources(origins: tuple[str, ...]) -> dict[str, str]:
    """Header and where the gateway takes it from: a fixed text, or the request.

    Of several origins the gateway cannot choose, so it names the one that asks. That gives nothing
    away: its own answers hold no data, and no answer allows credentials.
    """
    if origins == (ANY_ORIGIN,):
        return {"Access-Control-Allow-Origin": f"'{ANY_ORIGIN}'"}
    if len(origins) == 1:
        return {"Access-Control-Allow-Origin": f"'{origins[0]}'"}
    return {"Access-Control-Allow-Origin": "method.request.header.Origin", "Vary": "'Origin'"}


def _api_stage(stage: Stage) -> str:
    return str(read_config(stage.project)["api_gateway_stage"])
