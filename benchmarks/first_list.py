"""What the first lists of documents take in a new api_handler."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.cgroups import check_groups
from benchmarks.simulated_lambda import (
    INIT_VCPUS,
    Function,
    SimulatedLambda,
    environment,
    memory_size,
    versions,
)
from benchmarks.stand_ins import stand_ins
from benchmarks.table import Row
from infra.console import CommandError, step

PART = "first-list"

API_HANDLER = "api_handler"
DOCUMENTS = 100
"""As many as a page can have."""
LISTS = 20
"""Of a new function: Python collects garbage of all generations in one of them."""
_RUNS = 3
"""New functions in a round."""


def measure(rounds: int, baseline: Path | None = None) -> list[Row]:
    """New functions list pages of documents, each version in its turn.

    Args:
        rounds: of _RUNS new functions of each version.
        baseline: the deployment package of another version.

    Raises:
        CommandError: this user cannot create control groups, or a list fails.
    """
    check_groups()
    with tempfile.TemporaryDirectory() as name, stand_ins({}) as url:
        functions = {
            version: Function(app.folder, app.module, API_HANDLER, "app")
            for version, app in versions(Path(name), baseline).items()
        }
        found: dict[str, list[list[float]]] = {version: [] for version in functions}
        with step(f"{len(functions) * rounds * _RUNS} new functions list documents"):
            turns = deque(functions)
            for _ in range(rounds * _RUNS):
                for version in turns:
                    found[version].append(_lists(functions[version], url))
                turns.rotate()
    return list(rows(found))


def rows(found: Mapping[str, list[list[float]]]) -> Iterator[Row]:
    """Medians of the new functions: of their first list, their slowest and their usual one.

    Args:
        found: milliseconds of the lists of each new function, by version.
    """
    for version, functions in found.items():
        usual = statistics.median(map(statistics.median, functions))
        figures = {
            "first": statistics.median(lists[0] for lists in functions),
            f"slowest of {LISTS}": statistics.median(map(max, functions)),
            "usual": usual,
        }
        for name, milliseconds in figures.items():
            what = f"{version}: list of {DOCUMENTS} documents, {name}"
            yield Row(PART, what, f"{milliseconds:,.0f} ms", milliseconds / usual, "the usual one")


def _lists(function: Function, url: str) -> list[float]:
    mebibytes = memory_size(API_HANDLER)
    with SimulatedLambda(API_HANDLER, function, url, mebibytes, INIT_VCPUS) as fresh:
        fresh.wait_until_ready()
        return [_list(fresh) for _ in range(LISTS)]


def _list(function: SimulatedLambda) -> float:
    function.wait_until_idle()  # all of the quota is there
    answer = function.invocation(_event())
    documents = json.loads(answer["result"]["body"]).get("documents", [])
    if len(documents) != DOCUMENTS:
        raise CommandError(f"api_handler answered {answer['result']}")
    return float(answer["milliseconds"])


def _event() -> dict[str, Any]:
    """API Gateway's for a page of PROCESSED documents: one query."""
    client = environment(API_HANDLER)["USER_POOL_CLIENT_ID"]
    claims = {"token_use": "id", "aud": client, "sub": "a user"}
    parameters = {"status": "PROCESSED", "limit": str(DOCUMENTS)}
    return {
        "httpMethod": "GET",
        "path": "/documents",
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": "/documents",
            "httpMethod": "GET",
            "path": "/api/documents",
            "identity": {"sourceIp": "127.0.0.1"},
            "authorizer": {"claims": claims},
        },
    }
