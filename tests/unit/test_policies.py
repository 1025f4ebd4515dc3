"""The policy files say what the code does, derived by Chalice's own analyser."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from infra.aws.stage import ROOT, Account, Stage
from infra.build import policies
from infra.build.calls import PolicyError, function_names
from infra.build.chalice_project import configure, copy_project
from infra.build.features import Feature, conditional_functions, configured_features
from infra.build.linker import LinkError
from infra.console import CommandError

FUNCTIONS = function_names(ROOT)


@cache
def generated() -> dict[str, policies.Policy]:
    """The policies of this project, which take seconds."""
    return policies.generate(ROOT)


def actions_of(policy: policies.Policy) -> set[str]:
    """Every action that a policy allows."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_the_functions_are_those_of_the_design() -> None:
    """Chalice makes three functions of app.py, and more with features."""
    of_features = conditional_functions(ROOT)
    assert ["api_handler", "process_upload", "record_failure"] == sorted(
        set(FUNCTIONS) - of_features.keys()
    )
    assert {
        "check_scans": Feature.SCAN,
        "record_scan": Feature.SCAN,
        "record_text": Feature.OCR,
    } == of_features


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_file_and_the_code_agree(function: str) -> None:
    """Each file in .chalice holds what the generator makes of the code: `make policies`."""
    expected = policies.to_json(generated()[function])
    assert expected == policies.policy_path(ROOT, function).read_text(encoding="utf-8")


def test_there_is_no_policy_file_too_many() -> None:
    """A function that is gone leaves no policy behind."""
    files = sorted((ROOT / ".chalice").glob("policy-*.json"))
    assert [policies.policy_path(ROOT, function) for function in FUNCTIONS] == files


def test_the_processor_reads_files_and_writes_records_and_no_more() -> None:
    """process_upload gets exactly the actions of the design."""
    assert {
        "s3:GetObject",
        "s3:DeleteObject",  # of clients' uploads only: what was put after its document was deleted
        "dynamodb:PutItem",
        "dynamodb:GetItem",  # only where S3 answers 403: whether the object was deleted
        "dynamodb:UpdateItem",  # removals
        "sqs:SendMessage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    } == actions_of(rendered("process_upload"))


def test_the_functions_of_scans_read_no_file() -> None:
    """record_scan records a result and starts the processing; check_scans counts."""
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert {
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
        "lambda:InvokeFunction",
        "sqs:SendMessage",
        *logs,
    } == actions_of(rendered("record_scan"))
    assert {("dynamodb:Query", "DocumentsTableArn/index/byStatus")} == {
        grant for grant in grants_of(rendered("check_scans")) if grant[0] not in logs
    }


def test_no_statement_has_a_wildcard_for_its_resource() -> None:
    """Every resource is an output of the stack; a star stands only for what lies inside it.

    Textract's actions have no resources.
    """
    for policy in generated().values():
        for statement in policy["Statement"]:
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                is_textract = {action[:9] for action in statement["Action"]} == {"textract:"}
                assert resource.startswith("${") or (is_textract and resource == "*")
            assert not any("*" in action for action in statement["Action"])


def test_no_function_may_create_a_log_group() -> None:
    """The groups are there before a function first runs, with their retention."""
    for policy in generated().values():
        assert "logs:CreateLogGroup" not in actions_of(policy)


def project_with(tmp_path: Path, module: str, old: str, new: str) -> Path:
    """A copy of the project in which one place of a module is changed."""
    project = copy_project(tmp_path / "project")
    path = project / module
    source = path.read_text(encoding="utf-8")
    assert 1 == source.count(old), f"{module} changed: {old!r}"
    path.write_text(source.replace(old, new), encoding="utf-8")
    return project


def test_a_new_call_reaches_only_the_policy_of_the_function_that_makes_it(tmp_path: Path) -> None:
    """A call in a function that one handler uses changes only that handler's policy."""
    project = project_with(
        tmp_path,
        "chalicelib/store.py",
        "        response = dynamodb.update_item(",
        "        dynamodb.put_item(TableName=table, Item={})\n"
        "        response = dynamodb.update_item(",
    )
    before, after = generated(), policies.generate(project)
    assert {"dynamodb:PutItem"} == actions_of(after["record_failure"]) - actions_of(
        before["record_failure"]
    )
    assert before["process_upload"] == after["process_upload"]
    assert before["api_handler"] == after["api_handler"]


def test_a_call_of_a_blueprint_route_is_in_the_policy(tmp_path: Path) -> None:
    """api_handler gets the permission for a call that only a route of a Blueprint makes."""
    project = project_with(
        tmp_path,
        "chalicelib/web/routes.py",
        '    """The style sheet."""\n',
        '    """The style sheet."""\n    runtime.dynamodb.update_item(TableName="t", Key={})\n',
    )
    before, after = generated(), policies.generate(project)
    assert {"dynamodb:UpdateItem"} == actions_of(after["api_handler"]) - actions_of(
        before["api_handler"]
    )
    assert before["process_upload"] == after["process_upload"]


def test_a_call_two_modules_away_from_the_handler_is_in_the_policy(tmp_path: Path) -> None:
    """app.py does not import objects.py; process_upload gets the permission for its call."""
    assert "objects" not in (ROOT / "app.py").read_text(encoding="utf-8")
    before = generated()["process_upload"]
    assert "s3:GetObject" in actions_of(before)
    project = project_with(
        tmp_path, "chalicelib/objects.py", "s3.get_object(", "s3.get_object_tagging("
    )
    with pytest.raises(PolicyError, match="calls s3:GetObjectTagging: add the resource"):
        policies.generate(project)


@pytest.mark.parametrize("module", ["app.py", "chalicelib/processing.py"])
def test_a_call_without_a_resource_is_an_error(tmp_path: Path, module: str) -> None:
    """A new action must be bound to a resource, wherever its call is."""
    line = (
        "    errors: list[Exception] = []\n" if module == "app.py" else "    failed_attempts = 0\n"
    )
    project = project_with(
        tmp_path, module, line, line + '    runtime.s3.get_bucket_acl(Bucket="b")\n'
    )
    if module == "app.py":
        path = project / module
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace(
                "from chalicelib.api.http",
                "from chalicelib import runtime\nfrom chalicelib.api.http",
            ),
            encoding="utf-8",
        )
    with pytest.raises(PolicyError, match="process_upload calls s3:GetBucketAcl: add the"):
        policies.generate(project)


def test_a_call_that_no_handler_reaches_is_an_error(tmp_path: Path) -> None:
    """Middleware runs in every function, and Chalice's analyser in none of them."""
    line = "    formatter.request_id = context.aws_request_id\n"
    project = project_with(tmp_path, "app.py", line, line + "    s3.list_buckets()\n")
    path = project / "app.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("import formatter, settings", "import formatter, s3, settings"), "utf-8"
    )
    with pytest.raises(PolicyError, match="set_request_id calls AWS, but no event"):
        policies.generate(project)


def resources_of(policy: policies.Policy, action: str) -> object:
    """What a policy allows an action on."""
    return next(
        statement["Resource"] for statement in policy["Statement"] if action in statement["Action"]
    )


def test_a_signed_url_needs_the_permissions_of_its_signer() -> None:
    """The API may put uploads and query the indexes, nothing wider."""
    policy = generated()["api_handler"]
    assert "${UploadBucketArn}/uploads/*" == resources_of(policy, "s3:PutObject")
    assert "${UploadBucketArn}/*" == resources_of(policy, "s3:GetObject")
    assert [
        "${DocumentsTableArn}/index/byOwnerAndStatus",
        "${DocumentsTableArn}/index/byStatus",
    ] == resources_of(policy, "dynamodb:Query")


@pytest.mark.parametrize("function", ["process_upload", "record_failure"])
def test_a_function_may_need_less_of_an_action_than_another(function: str) -> None:
    """Only the API deletes direct uploads; the others only what a client's URL put."""
    policy = generated()[function]
    assert "${UploadBucketArn}/uploads/*" == resources_of(policy, "s3:DeleteObject")


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("s3.generate_presigned_url(name, Params={})", "pass the operation as a literal first"),
        ("s3.generate_presigned_url()", "pass the operation as a literal first"),
        ("[s3.head_object(Key=key) for key in 'ab']", "analyser does not see how"),
        ("(lambda: s3.head_object(Key='a'))()", "analyser does not see how"),
        ("list(map(partial(head, s3), 'ab'))", "analyser does not see how"),
        ("s3.get_paginator('list_objects_v2').paginate(Bucket='b')", "analyser does not see how"),
        ("client = s3\n    [client.head_object(Key=key) for key in 'ab']", "does not see how"),
        ("head(client=s3)", "analyser does not see how"),
        ("Reader(s3).head()", r"class chalicelib\.processing\.Reader: call AWS in functions"),
    ],
)
def test_a_call_that_the_analyser_does_not_see_is_an_error(
    tmp_path: Path, call: str, problem: str
) -> None:
    """No permission is lost silently: the generator compares with every call on a client."""
    head = """
def head(client: S3Client, key: str = "a") -> None:
    client.head_object(Bucket="b", Key=key)
"""
    reader = """
class Reader:
    def __init__(self, client: S3Client) -> None:
        self.client = client
"""
    definitions = (head if "head(client" in call or "partial" in call else "") + (
        reader if "Reader" in call else ""
    )
    project = project_with(
        tmp_path,
        "chalicelib/processing.py",
        "\ndef read_object(",
        f"{definitions}\n\ndef read_object(",
    )
    path = project / "chalicelib" / "processing.py"
    text = path.read_text(encoding="utf-8")
    line = "    failed_attempts = 0\n"
    path.write_text(text.replace(line, f"{line}    {call}\n"), encoding="utf-8")
    with pytest.raises(PolicyError, match=problem):
        policies.generate(project)


@pytest.mark.parametrize(
    "statement",
    [
        "    from chalicelib.store import get_record\n",
        "    from .store import get_record\n",
        "    import chalicelib.store\n",
    ],
)
def test_an_import_that_cannot_be_followed_is_an_error(tmp_path: Path, statement: str) -> None:
    """Modules of chalicelib are imported at the top, in the one form that is linked."""
    line = "    failed_attempts = 0\n"
    project = project_with(tmp_path, "chalicelib/processing.py", line, line + statement)
    with pytest.raises(PolicyError, match="import modules of chalicelib at the top"):
        policies.generate(project)


def test_a_policy_for_a_stage_names_its_resources() -> None:
    """The outputs of a stack replace their names; one that is missing is an error."""
    text = '{"Statement": [{"Resource": "${UploadBucketArn}/*"}]}'
    rendered = policies.render(text, {"UploadBucketArn": "arn:aws:s3:::b"}, set())
    assert {"Statement": [{"Resource": "arn:aws:s3:::b/*"}]} == json.loads(rendered)
    with pytest.raises(KeyError, match="UploadBucketArn"):
        policies.render(text, {}, set())


def rendered(function: str, *features: Feature) -> policies.Policy:
    """A committed policy file as a stage gets it, its outputs named in place of their values."""
    text = policies.policy_path(ROOT, function).read_text(encoding="utf-8")
    outputs = {name: name for name in re.findall(r"\$\{(\w+)\}", text)}
    return dict(json.loads(policies.render(text, outputs, set(features))))


def grants_of(policy: policies.Policy) -> set[tuple[str, str]]:
    """Each action with each of its resources."""
    found = set()
    for statement in policy["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            found |= {(action, resource) for action in statement["Action"]}
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_features_no_statement_is_conditional(function: str) -> None:
    """A stage with every feature off has no line in a policy for one."""
    policy = rendered(function)
    assert not [statement for statement in policy["Statement"] if "Sid" in statement]
    of_features = {
        output
        for grants in policies.WITH_FEATURE.values()
        for resources in grants.values()
        for resource in resources
        for output in re.findall(r"\$\{(\w+)\}", resource)
    } - set(re.findall(r"\$\{(\w+)\}", str(policies.RESOURCES)))
    needed = re.findall("|".join(sorted(of_features)), json.dumps(policy))
    assert function in conditional_functions(ROOT) or [] == needed


@pytest.mark.parametrize("feature", Feature)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_feature_adds_exactly_its_grants(function: str, feature: Feature) -> None:
    """With one feature on, a policy has what the tables list for it, each with its own Sid."""
    expected = {
        (action, re.sub(r"\$\{(\w+)\}", r"\1", resource))
        for (name, action), resources in policies.WITH_FEATURE.get(feature, {}).items()
        if name == function
        for resource in resources
    } | {
        (action, re.sub(r"\$\{(\w+)\}", r"\1", resource))
        for grant in policies.ON_BEHALF.get(function, ())
        if grant.feature is feature
        for action in grant.actions
        for resource in grant.resources
    }
    on = rendered(function, feature)
    assert expected == grants_of(on) - grants_of(rendered(function))
    ids = [statement["Sid"] for statement in on["Statement"] if "Sid" in statement]
    assert len(set(ids)) == len(ids)
    assert bool(expected) == bool(ids)


def test_a_row_of_a_call_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No grant of a feature outlives the call that needs it."""
    rows = {**policies.WITH_FEATURE[Feature.SCAN], ("record_failure", "s3:GetObject"): ["x"]}
    stale = {**policies.WITH_FEATURE, Feature.SCAN: rows}
    monkeypatch.setattr(policies, "WITH_FEATURE", stale)
    with pytest.raises(PolicyError, match="record_failure does not call s3:GetObject"):
        policies.generate(ROOT)


CONDITIONAL = """

if settings.ocr:
    from chalicelib.store import get_record

    @app.on_sns_message(topic=settings.ocr.topic_arn)
    def count_texts(event: Any) -> None:
        get_record(dynamodb, settings.documents_table, event.message)

"""


def project_with_function(tmp_path: Path, definition: str) -> Path:
    """A copy of the project whose app.py defines a further function."""
    line = "gc.freeze()"
    project = project_with(tmp_path, "app.py", line, f"{definition}\n{line}")
    path = project / "app.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("import formatter, settings", "import dynamodb, formatter, settings")
    )
    return project


def test_a_function_of_a_feature_has_a_policy_of_its_own(tmp_path: Path) -> None:
    """What app.py defines under a condition is analysed, and belongs to the feature."""
    project = project_with_function(tmp_path, CONDITIONAL)
    assert sorted([*FUNCTIONS, "count_texts"]) == function_names(project)
    assert Feature.OCR == conditional_functions(project)["count_texts"]
    assert "dynamodb:GetItem" in actions_of(policies.generate(project)["count_texts"])


def test_a_function_under_an_unknown_condition_is_an_error(tmp_path: Path) -> None:
    """Deployment must be able to determine when a function exists."""
    other = CONDITIONAL.replace("if settings.ocr:", "if settings.limits:")
    with pytest.raises(LinkError, match=r"count_texts: `if settings\.limits` is not one of"):
        conditional_functions(project_with_function(tmp_path, other))


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, set()),
        ({"TEXT": "on", "OCR": "text"}, {"record_text"}),
        ({"TEXT": "on", "OCR": "analysis"}, {"record_text"}),
        ({"TEXT": "on"}, set()),
        ({"SCAN": "guardduty"}, {"check_scans", "record_scan"}),
    ],
)
def test_the_functions_of_a_stage_follow_its_settings(
    tmp_path: Path, settings: dict[str, str], names: set[str]
) -> None:
    """A stage has a feature's function only while the feature is on."""
    project = copy_project(tmp_path / "project")
    stage = Stage("dev", Account({}), project)
    configure(project, **settings)
    always = {"api_handler", "process_upload", "record_failure"}
    assert names == stage.functions.keys() - always
    assert set(FUNCTIONS) == stage.possible_functions.keys()


def test_settings_that_contradict_each_other_are_an_error(tmp_path: Path) -> None:
    """OCR is of no use where no text is kept."""
    project = copy_project(tmp_path / "project")
    configure(project, OCR="text")
    with pytest.raises(CommandError, match="Stage dev: OCR=text requires TEXT=on"):
        configured_features(project, "dev")
