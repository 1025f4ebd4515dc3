"""Responses that API Gateway generates itself, before or instead of the function: 401, 404, 5xx.

Chalice has no setting for them. By default they lack CORS headers, so that a browser cannot
distinguish an expired token from a network error, and differ from the API's error format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.settings import ANY_ORIGIN, parse_origins
from infra.aws.stage import Stage
from infra.build.chalice_project import read_config
from infra.console import CommandError

if TYPE_CHECKING:
    from mypy_boto3_apigateway.literals import GatewayResponseTypeType


def allowed_origins(stage: Stage) -> tuple[str, ...]:
    """The web origins allowed by the stage's settings.

    Raises:
        CommandError: the setting is malformed.
    """
    config = read_config(stage.project)
    settings = config["environment_variables"] | config["stages"].get(stage.name, {}).get(
        "environment_variables", {}
    )
    try:
        return parse_origins(settings.get("ALLOWED_ORIGINS", ""))
    except ValueError as error:
        raise CommandError(
            f"ALLOWED_ORIGINS in .chalice/config.json is malformed: {error}"
        ) from None


def set_gateway_responses(stage: Stage, api_id: str) -> None:
    """Set the API's error format and CORS headers on gateway responses, and deploy any change."""
    gateway = stage.account.apigateway
    parameters = {
        f"gatewayresponse.header.{name}": value
        for name, value in _cors_sources(allowed_origins(stage)).items()
    }
    changed = False
    for kind, (status, body) in _RESPONSES.items():
        current = gateway.get_gateway_response(restApiId=api_id, responseType=kind)
        templates = {"application/json": body}
        if (
            current.get("responseParameters") == parameters
            and current.get("responseTemplates") == templates
            and current.get("statusCode") == status
        ):
            continue
        status_code = {"statusCode": status} if status else {}
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            responseParameters=parameters,
            responseTemplates=templates,
            **status_code,
        )
        changed = True
    if changed:  # changes are effective after the next deployment
        gateway.create_deployment(restApiId=api_id, stageName=_api_stage(stage))


_RESPONSES: dict[GatewayResponseTypeType, tuple[str | None, str]] = {
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
    # The response to an unknown path or method.
    "MISSING_AUTHENTICATION_TOKEN": (
        "404",
        '{"Code": "NotFoundError", "Message": "There is no such route"}',
    ),
}
"""Status (None: unchanged) and body, in the format of Chalice's errors."""


def _cors_sources(origins: tuple[str, ...]) -> dict[str, str]:
    """The source of each CORS header: a constant, or the request.

    The gateway cannot match several origins, so it returns the requesting one. This is safe: its
    own responses contain no data, and no response allows credentials.
    """
    if origins == (ANY_ORIGIN,):
        return {"Access-Control-Allow-Origin": f"'{ANY_ORIGIN}'"}
    if len(origins) == 1:
        return {"Access-Control-Allow-Origin": f"'{origins[0]}'"}
    return {"Access-Control-Allow-Origin": "method.request.header.Origin", "Vary": "'Origin'"}


def _api_stage(stage: Stage) -> str:
    return str(read_config(stage.project)["api_gateway_stage"])
