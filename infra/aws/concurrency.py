"""Reserved concurrency: how many invocations of a function run at most, and are kept for it.

Chalice removes the reservation of a function whose config has no `reserved_concurrency`. So for
the time of `chalice deploy`, the config gets the current one, whatever set it, or the default.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.aws.stage import Stage
from infra.build.chalice_project import read_config, write_config
from infra.console import echo

KEY = "reserved_concurrency"
"""Chalice's setting, for all functions or for one, for all stages or for one."""
PROCESSING_CONCURRENCY = 10
"""Default of process_upload where the table's capacity is provisioned: enough to exhaust it, few
enough that no write waits for capacity longer than an invocation lasts (`make bench ARGS=bulk`)."""
UNRESERVED = 100
"""What Lambda keeps for functions without a reservation (developer guide, "Configuring reserved
concurrency")."""


@contextmanager
def kept_concurrency(stage: Stage, *, is_provisioned: bool) -> Iterator[None]:
    """Have Chalice keep the functions' reserved concurrency, and reserve the default for new ones.

    Args:
        stage: the stage; its config is restored when the block ends.
        is_provisioned: whether the table's capacity limits how fast uploads are processed.
    """
    reserved = {
        name: concurrency
        for name, function in stage.functions.items()
        if not _is_configured(stage, name)
        and (concurrency := _current(stage, function)) is not None
    }
    if is_provisioned and "process_upload" not in reserved:
        reserved |= _default(stage)
    _configure(stage, reserved)
    try:
        yield
    finally:
        _configure(stage, dict.fromkeys(reserved))


def _current(stage: Stage, function: str) -> int | None:
    """The function's reservation; None if it has none or does not exist."""
    lambda_ = stage.account.lambda_
    try:
        answer = lambda_.get_function_concurrency(FunctionName=function)
    except lambda_.exceptions.ResourceNotFoundException:
        return None
    return answer.get("ReservedConcurrentExecutions")


def _default(stage: Stage) -> dict[str, int]:
    """The reservation of process_upload; none if it is configured, or the account too small."""
    if _is_configured(stage, "process_upload"):
        return {}
    limits = stage.account.lambda_.get_account_settings()["AccountLimit"]
    if not stage.hooks.queues_throttled_events:
        return {}
    if limits["UnreservedConcurrentExecutions"] - PROCESSING_CONCURRENCY >= UNRESERVED:
        return {"process_upload": PROCESSING_CONCURRENCY}
    echo(
        f"  No concurrency is reserved: the account has {limits['ConcurrentExecutions']} "
        f"concurrent executions, and Lambda keeps {UNRESERVED} unreserved"
    )
    return {}


def _is_configured(stage: Stage, function: str) -> bool:
    """Whether the deployer set it in Chalice's config, as Config._chain_lookup finds it."""
    config = read_config(stage.project)
    own = config["stages"].get(stage.name, {})
    of_function = [part.get("lambda_functions", {}).get(function, {}) for part in (config, own)]
    return any(section.get(KEY) is not None for section in (config, own, *of_function))


def _configure(stage: Stage, reserved: dict[str, int] | dict[str, None]) -> None:
    """Set these reservations in the stage's section; None removes one."""
    config = read_config(stage.project)
    functions = config["stages"][stage.name]["lambda_functions"]
    for function, concurrency in reserved.items():
        functions[function].pop(KEY, None)
        if concurrency is not None:
            functions[function][KEY] = concurrency
    write_config(stage.project, config)
