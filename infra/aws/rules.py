"""EventBridge rules that `chalice deploy` creates for `on_cw_event` and `schedule`."""

from __future__ import annotations

from infra.aws.stage import Stage

_TARGET = "1"
"""Id of the one target that Chalice gives a rule (chalice.awsclient, `connect_rule_to_lambda`)."""


def rule_of(function: str) -> str:
    """The name of a function's rule, by the function's name in Lambda."""
    return f"{function}-event"


def rules(stage: Stage) -> list[str]:
    """The stage's rules, those of features that are off included."""
    possible = {rule_of(function) for function in stage.possible_functions.values()}
    pages = stage.account.events.get_paginator("list_rules").paginate(
        NamePrefix=f"{stage.stack_name}-"
    )
    return [rule["Name"] for page in pages for rule in page["Rules"] if rule["Name"] in possible]


def delete_rule(stage: Stage, name: str) -> None:
    """Delete a rule with its target."""
    stage.account.events.remove_targets(Rule=name, Ids=[_TARGET])
    stage.account.events.delete_rule(Name=name)
