"""The operations of Textract that Intake uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.identity import Caller
from infra.local.protocol import ServiceError
from infra.local.services import ControlRequest


class Textract:
    """Textract of one local AWS."""

    name = "textract"

    def call(
        self,
        operation: str,  # noqa: ARG002 - there are no jobs
        parameters: Mapping[str, Any],  # noqa: ARG002 - likewise
        caller: Caller,  # noqa: ARG002 - likewise
    ) -> dict[str, Any]:
        """The response to an operation."""
        raise ServiceError("InvalidJobIdException", "Request has invalid Job Id")

    def control(self, request: ControlRequest) -> Any:
        """The response to a request of a test."""
        raise ServiceError("UnknownRequest", request.path, 404)
