"""What a stage has left of functions whose features were switched off."""

from __future__ import annotations

from infra.aws.resources import functions, log_groups
from infra.aws.roles import delete_role, get_role
from infra.aws.rules import delete_rule, rule_of, rules
from infra.aws.stage import Stage, log_group_of
from infra.console import step


def delete_unused_functions(stage: Stage) -> None:
    """Delete the functions of features that are off, with their roles, log groups and policies.

    `chalice deploy` has deleted the functions themselves, where it was not interrupted.
    """
    used = stage.functions
    unused = {name: at for name, at in stage.possible_functions.items() if name not in used}
    if not any(get_role(stage, stage.role_of(name)) for name in unused):
        return  # deleted last
    with step("Deleting functions of features that are off"):
        for rule in {rule_of(at) for at in unused.values()} & set(rules(stage)):
            delete_rule(stage, rule)
        for function in functions(stage).keys() & unused.values():
            stage.account.lambda_.delete_function(FunctionName=function)
        for group in {log_group_of(at) for at in unused.values()} & set(log_groups(stage)):
            stage.account.logs.delete_log_group(logGroupName=group)
        for name in unused:
            (stage.policies_folder / f"policy-{name}.json").unlink(missing_ok=True)
            delete_role(stage, stage.role_of(name))
