"""The policy files say what the code does, derived by Chalice's own analyser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from infra import policies
from infra.chalice_project import copy_project
from infra.stage import ROOT

FUNCTIONS = policies.functions_of((ROOT / "app.py").read_text(encoding="utf-8"))


def actions_of(policy: policies.Policy) -> set[str]:
    """Every action that a policy allows."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_the_functions_are_those_of_the_design() -> None:
    """Chalice makes three functions of app.py."""
    assert ["api_handler", "process_upload", "record_failure"] == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_file_and_the_code_agree(function: str) -> None:
    """Each file in .chalice holds what the generator makes of the code: `make policies`."""
    expected = policies.to_json(policies.generate(ROOT)[function])
    assert expected == policies.file_of(ROOT, function).read_text(encoding="utf-8")


def test_there_is_no_policy_file_too_many() -> None:
    """A function that is gone leaves no policy behind."""
    files = sorted((ROOT / ".chalice").glob("policy-*.json"))
    assert [policies.file_of(ROOT, function) for function in FUNCTIONS] == files


def test_the_processor_reads_files_and_writes_records_and_no_more() -> None:
    """process_upload gets exactly the actions of the design."""
    assert {
        "s3:GetObject",
        "s3:DeleteObject",  # of clients' uploads only: what was put after its document was deleted
        "dynamodb:PutItem",
        "sqs:SendMessage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    } == actions_of(rendered("process_upload", notifications=False))


def test_no_statement_has_a_wildcard_for_its_resource() -> None:
    """Every resource is an output of the stack; a star stands only for what lies inside it."""
    for policy in policies.generate(ROOT).values():
        for statement in policy["Statement"]:
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                assert resource.startswith("${")
            assert not any("*" in action for action in statement["Action"])


def test_no_function_may_create_a_log_group() -> None:
    """The groups are there before a function first runs, with their retention."""
    for policy in policies.generate(ROOT).values():
        assert "logs:CreateLogGroup" not in actions_of(policy)


def test_a_new_call_reaches_only_the_policy_of_the_function_that_makes_it(tmp_path: Path) -> None:
    """A call added to a store function that one handler uses changes that one's policy."""
    project = copy_project(tmp_path / "project")
    store = project / "chalicelib" / "store.py"
    source = store.read_text(encoding="utf-8")
    assert "dynamodb.put_item(" in source
    store.write_text(source.replace("dynamodb.put_item(", "dynamodb.update_item("), "utf-8")
    before, after = policies.generate(ROOT), policies.generate(project)
    assert "dynamodb:PutItem" in actions_of(before["process_upload"])
    assert "dynamodb:PutItem" not in actions_of(after["process_upload"])
    assert "dynamodb:UpdateItem" in actions_of(after["process_upload"])
    assert before["record_failure"] == after["record_failure"]


def test_a_call_that_nobody_bound_to_a_resource_is_an_error(tmp_path: Path) -> None:
    """Whoever adds a call is told to say what it may touch."""
    project = copy_project(tmp_path / "project")
    app = project / "app.py"
    source = app.read_text(encoding="utf-8")
    assert "    troubles: list[Exception] = []\n" in source
    listing = '    troubles: list[Exception] = []\n    s3.list_objects_v2(Bucket="b")\n'
    app.write_text(source.replace("    troubles: list[Exception] = []\n", listing), "utf-8")
    with pytest.raises(policies.PolicyError, match="process_upload calls s3:ListBucket; say in"):
        policies.generate(project)


def resources_of(policy: policies.Policy, action: str) -> object:
    """What a policy allows an action on."""
    return next(
        statement["Resource"] for statement in policy["Statement"] if action in statement["Action"]
    )


def test_a_signed_url_is_a_call_of_whoever_signs_it() -> None:
    """The API may put uploads and query the indexes, nothing wider."""
    policy = policies.generate(ROOT)["api_handler"]
    assert "${UploadBucketArn}/uploads/*" == resources_of(policy, "s3:PutObject")
    assert "${UploadBucketArn}/*" == resources_of(policy, "s3:GetObject")
    assert [
        "${DocumentsTableArn}/index/byOwner",
        "${DocumentsTableArn}/index/byStatus",
    ] == resources_of(policy, "dynamodb:Query")


@pytest.mark.parametrize("function", ["process_upload", "record_failure"])
def test_a_function_may_need_less_of_an_action_than_another(function: str) -> None:
    """Only the API deletes direct uploads; the others only what a client's URL put."""
    policy = policies.generate(ROOT)[function]
    assert "${UploadBucketArn}/uploads/*" == resources_of(policy, "s3:DeleteObject")


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("s3.generate_presigned_url(event, Params={})", "say which call it signs as a literal"),
        ("s3.generate_presigned_url()", "say which call it signs as a literal"),
        ("[s3.get_object(Key=key) for key in 'ab']", "use clients in loops only"),
        ("{open_object(s3, '', key, '') for key in 'ab'}", "use clients in loops only"),
    ],
)
def test_a_call_that_the_analyser_could_not_see_is_an_error(
    tmp_path: Path, call: str, problem: str
) -> None:
    """No policy is made of code whose calls would be missed in silence."""
    project = copy_project(tmp_path / "project")
    app = project / "app.py"
    source = app.read_text(encoding="utf-8")
    line = "    troubles: list[Exception] = []\n"
    assert line in source
    app.write_text(source.replace(line, f"{line}    {call}\n"), "utf-8")
    with pytest.raises(policies.PolicyError, match=problem):
        policies.generate(project)


def test_a_policy_for_a_stage_names_its_resources() -> None:
    """The outputs of a stack replace their names; one that is missing is an error."""
    text = '{"Statement": [{"Resource": "${UploadBucketArn}/*"}]}'
    rendered = policies.render(text, {"UploadBucketArn": "arn:aws:s3:::b"}, notifications=False)
    assert {"Statement": [{"Resource": "arn:aws:s3:::b/*"}]} == json.loads(rendered)
    with pytest.raises(KeyError, match="UploadBucketArn"):
        policies.render(text, {}, notifications=False)


def rendered(function: str, *, notifications: bool) -> policies.Policy:
    """A committed policy file as a stage gets it, its outputs named in place of their values."""
    text = policies.file_of(ROOT, function).read_text(encoding="utf-8")
    outputs = {name: name for name in re.findall(r"\$\{(\w+)\}", text)}
    return dict(json.loads(policies.render(text, outputs, notifications=notifications)))


@pytest.mark.parametrize(
    ("function", "only_to_notify"),
    [
        ("process_upload", {"sns:Publish", "dynamodb:UpdateItem"}),
        ("record_failure", {"sns:Publish"}),
        ("api_handler", set()),
    ],
)
def test_permission_to_notify_is_there_only_when_on(
    function: str, only_to_notify: set[str]
) -> None:
    """A stage without notifications has none of what is marked as only for them."""
    on, off = (rendered(function, notifications=notifications) for notifications in (True, False))
    assert only_to_notify == actions_of(on) - actions_of(off)
    assert not [statement for statement in off["Statement"] if "Sid" in statement]
    ids = [statement["Sid"] for statement in on["Statement"] if "Sid" in statement]
    assert len(only_to_notify) == len(set(ids)) == len(ids)
    for statement in on["Statement"]:
        if "sns:Publish" in statement["Action"]:
            assert "NotificationTopicArn" == statement["Resource"]
