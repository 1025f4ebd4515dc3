"""Functions that are subscribed to a topic.

MiniStack's SNS (1.5.33) runs such a function once and forgets its errors, and leaves the subject
out of an event without one. Here the event has every field that SNS sends, and is retried and sent
to the function's failure destination, as events of other services are.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import lambda_svc

_FIELDS: dict[str, Any] = {"Subject": None, "MessageAttributes": {}}
"""Lambda developer guide, "Using Lambda with Amazon SNS"."""


def deliver_to_function(
    function_arn: str, envelope: str, _topic_arn: str, subscription_arn: str, *_: object
) -> None:
    """Replaces MiniStack's `sns._deliver_to_lambda`."""
    function, config, _name = lambda_svc._get_func_record_for_ref(function_arn)  # noqa: SLF001 - MiniStack's
    if not (function and config):
        return
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "EventSource": "aws:sns",
        "Sns": {**_FIELDS, **json.loads(envelope)},
    }
    executed = lambda_svc._execution_record_for_config(function, config)  # noqa: SLF001 - likewise
    lambda_svc.invoke_async_with_retry(executed, {"Records": [record]})
