"""The local Textract: recognition, permissions, protocol and faults on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.stage import Account
from infra.local.scans import Scan, scan, scanned_pdf
from tests.support.local_textract import (
    LocalTextract,
    of_type,
    related,
    result_of,
    texts,
    word_recall,
)
from tests.support.principals import Principal, allow, make_role
from tests.support.queues import subscribe_queue
from tests.support.waiting import eventually

BUCKET = "textract-documents"
LABEL = (300, 100)
"""A small page in points: recognized in half a second."""
TRUST = {"Service": "textract.amazonaws.com"}

ENGLISH = [
    "The goods were delivered on time and in good order.",
    "Invoices are due within thirty days of receipt unless agreed otherwise.",
    "Payment may be made by bank transfer to the account below.",
]
GERMAN = [
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "Die Rechnung ist innerhalb von dreißig Tagen nach Erhalt zu begleichen.",
    "Für Rückfragen stehen wir Ihnen jederzeit gerne zur Verfügung.",
]
FRENCH = [
    "Portez ce vieux whisky au juge blond qui fume près de la forêt.",
    "La facture doit être réglée dans un délai de trente jours après réception.",
    "Nous vous prions de bien vouloir agréer nos sentiments dévoués.",
]


@pytest.fixture(scope="session")
def bucket(account: Account) -> str:
    """A bucket for documents."""
    account.s3.create_bucket(Bucket=BUCKET)
    return BUCKET


@pytest.fixture(scope="session")
def textract(account: Account, bucket: str) -> Any:
    """A client that may start all operations and read the bucket."""
    read = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    return Principal(account, "textract-user", allow("textract:*"), read).client("textract")


@pytest.fixture
def control(account: Account) -> LocalTextract:
    """The control endpoint."""
    return LocalTextract(account)


@pytest.fixture(scope="session")
def put(account: Account, bucket: str) -> Callable[[str, bytes], dict[str, Any]]:
    """Store an object; the location of it."""

    def put_object(key: str, content: bytes) -> dict[str, Any]:
        account.s3.put_object(Bucket=bucket, Key=key, Body=content)
        return {"S3Object": {"Bucket": bucket, "Name": key}}

    return put_object


Put = Callable[[str, bytes], dict[str, Any]]


def label(text: str = "Total 12 EUR") -> bytes:
    """A PNG that is recognized quickly."""
    return scan([text], page=LABEL).png()


def code_of(call: Callable[..., object], **parameters: object) -> str:
    """The code of the error that a call gets."""
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return str(raised.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("key", "lines", "content_of"),
    [
        ("english.png", ENGLISH, Scan.png),
        ("german.pdf", GERMAN, scanned_pdf),
        ("french.png", FRENCH, Scan.png),
    ],
)
def test_words_of_a_crooked_scan(
    textract: Any,
    put: Put,
    key: str,
    lines: list[str],
    content_of: Callable[[Scan], bytes],
) -> None:
    """At 150 dpi and rotated by two degrees, at least 95 % of the words are found."""
    location = put(key, content_of(scan(lines * 4, degrees=2)))
    job = textract.start_document_text_detection(DocumentLocation=location)["JobId"]
    result = result_of(textract.get_document_text_detection, job)
    assert 0.95 <= word_recall(" ".join(lines * 4).split(), texts(result["Blocks"]))


def test_blocks_of_a_document(textract: Any, put: Put) -> None:
    """Each page has its lines as children, each line its words, with place and confidence."""
    pages = [scan([f"Page number {word}"]) for word in ("one", "two")]
    location = put("pages.pdf", scanned_pdf(*pages))
    job = textract.start_document_text_detection(DocumentLocation=location)["JobId"]
    result = result_of(textract.get_document_text_detection, job)
    blocks = result["Blocks"]
    assert ("SUCCEEDED", {"Pages": 2}) == (result["JobStatus"], result["DocumentMetadata"])
    lines = [related(blocks, page, "CHILD")[0] for page in of_type(blocks, "PAGE")]
    assert [(1, "Page number one"), (2, "Page number two")] == [
        (line["Page"], line["Text"]) for line in lines
    ]
    word = related(blocks, lines[1], "CHILD")[2]
    assert ("two", "PRINTED", 2) == (word["Text"], word["TextType"], word["Page"])
    assert 80 < word["Confidence"] <= 100
    place = word["Geometry"]["BoundingBox"]
    assert 0.15 < place["Left"] < 0.25
    assert 0.08 < place["Top"] < 0.10


def test_forms_and_tables(textract: Any, put: Put) -> None:
    """An analysis has pairs of keys and values, and the cells of tables."""
    lines = [
        "Customer: Ada Lovelace",
        "",
        "Fruit\tNumber\tPrice",
        "Green apples\t3\t4.50",
        "Pears\t12\t7.20",
    ]
    location = put("form.png", scan(lines).png())
    job = textract.start_document_analysis(
        DocumentLocation=location, FeatureTypes=["FORMS", "TABLES"]
    )["JobId"]
    blocks = result_of(textract.get_document_analysis, job)["Blocks"]
    key = of_type(blocks, "KEY_VALUE_SET")[0]
    value = related(blocks, key, "VALUE")[0]
    assert ["Customer:"] == texts(related(blocks, key, "CHILD"))
    assert ["Ada", "Lovelace"] == texts(related(blocks, value, "CHILD"))
    table = of_type(blocks, "TABLE")[0]
    cells = {
        (cell["RowIndex"], cell["ColumnIndex"]): texts(related(blocks, cell, "CHILD"))
        for cell in related(blocks, table, "CHILD")
    }
    assert (9, ["Number"], ["7.20"]) == (len(cells), cells[1, 2], cells[3, 3])


def test_results_in_parts(textract: Any, put: Put) -> None:
    """Parts of at most MaxResults blocks, each with the token of the next one."""
    location = put("parts.png", label("One two three"))
    job = textract.start_document_text_detection(DocumentLocation=location)["JobId"]
    whole = result_of(textract.get_document_text_detection, job)["Blocks"]
    parts = []
    answer = textract.get_document_text_detection(JobId=job, MaxResults=2)
    while answer:
        parts.append(answer["Blocks"])
        more = {"NextToken": answer["NextToken"]} if "NextToken" in answer else None
        answer = more and textract.get_document_text_detection(JobId=job, MaxResults=2, **more)
    assert [2, 2, 1] == [len(part) for part in parts]
    assert whole == [block for part in parts for block in part]
    get = textract.get_document_text_detection
    assert "InvalidParameterException" == code_of(get, JobId=job, NextToken="bm9uZTox")
    assert "InvalidJobIdException" == code_of(textract.get_document_analysis, JobId=job)


def test_a_repeated_request(textract: Any, put: Put) -> None:
    """The same token is the same job; with other parameters it is an error."""
    location = put("repeated.png", label())
    start = textract.start_document_text_detection
    first, second = (
        start(DocumentLocation=location, ClientRequestToken="repeated-1")["JobId"] for _ in range(2)
    )
    assert first == second
    assert "IdempotentParameterMismatchException" == code_of(
        start, DocumentLocation=location, ClientRequestToken="repeated-1", JobTag="other"
    )


@pytest.mark.parametrize(
    ("key", "content", "code"),
    [
        ("letter.docx", b"PK\3\4", "UnsupportedDocumentException"),
        ("large.png", b"\x89PNG\r\n\x1a\n" + bytes(10 * 1024**2), "DocumentTooLargeException"),
    ],
)
def test_refused_documents(textract: Any, put: Put, key: str, content: bytes, code: str) -> None:
    """A format that Textract lacks, or an image above 10 MB, gets no job."""
    start = textract.start_document_text_detection
    assert code == code_of(start, DocumentLocation=put(key, content))


def test_an_unreadable_document(textract: Any, put: Put) -> None:
    """A damaged PDF is a job that fails."""
    location = put("damaged.pdf", b"%PDF-1.7 and no more")
    job = textract.start_document_text_detection(DocumentLocation=location)["JobId"]
    result = result_of(textract.get_document_text_detection, job)
    assert ("FAILED", True) == (result["JobStatus"], bool(result["StatusMessage"]))


def test_a_caller_that_may_not_read_the_object(account: Account, put: Put) -> None:
    """The object is read with the caller's permissions."""
    blind = Principal(account, "textract-blind", allow("textract:*")).client("textract")
    assert "InvalidS3ObjectException" == code_of(
        blind.start_document_text_detection, DocumentLocation=put("unread.png", label())
    )


def start_with_channel(client: Any, location: dict[str, Any], topic: str, role: str) -> str:
    """The id of a new job that is to be published."""
    answer = client.start_document_text_detection(
        DocumentLocation=location,
        JobTag="tag-1",
        NotificationChannel={"SNSTopicArn": topic, "RoleArn": role},
    )
    return str(answer["JobId"])


def test_a_published_message(account: Account, put: Put, control: LocalTextract) -> None:
    """The message has the documented shape, and is published by the role that is passed."""
    topic = account.sns.create_topic(Name="textract-ended")["TopicArn"]
    queue = subscribe_queue(account, "textract-ended", topic, RawMessageDelivery="true")
    condition = {"StringEquals": {"aws:SourceAccount": topic.split(":")[4]}}
    role = make_role(account, "textract-publisher", TRUST, [allow("sns:Publish", topic)], condition)
    caller = Principal(
        account,
        "textract-passing",
        allow(["textract:*", "s3:GetObject"]),
        allow("iam:PassRole", role),
    ).client("textract")
    job = start_with_channel(caller, put("published.png", label()), topic, role)
    control.ended("published.png")
    (received,) = eventually(
        lambda: account.sqs.receive_message(QueueUrl=queue.url).get("Messages"), "a message"
    )
    message = json.loads(received["Body"])
    assert message.pop("Timestamp") > 1_700_000_000_000
    assert {
        "JobId": job,
        "Status": "SUCCEEDED",
        "API": "StartDocumentTextDetection",
        "JobTag": "tag-1",
        "DocumentLocation": {"S3ObjectName": "published.png", "S3Bucket": BUCKET},
    } == message


def test_roles_that_do_not_suffice(account: Account, put: Put, control: LocalTextract) -> None:
    """A role must be passed, trust Textract, and be permitted to publish."""
    topic = account.sns.create_topic(Name="textract-denied")["TopicArn"]
    mute = make_role(account, "textract-mute", TRUST, [])
    other = make_role(account, "textract-other", {"Service": "ec2.amazonaws.com"}, [])
    permissions = [allow(["textract:*", "s3:GetObject"]), allow("iam:PassRole", mute)]
    caller = Principal(account, "textract-caller", *permissions).client("textract")
    channel = {"SNSTopicArn": topic, "RoleArn": other}
    location = put("denied.png", label())
    start = caller.start_document_text_detection
    parameters = {"DocumentLocation": location, "NotificationChannel": channel}
    assert "AccessDeniedException" == code_of(start, **parameters)
    anyone = Principal(account, "textract-any", allow("*")).client("textract")
    start = anyone.start_document_text_detection
    assert "InvalidParameterException" == code_of(start, **parameters)
    start_with_channel(caller, location, topic, mute)
    (job,) = control.ended("denied.png")
    assert ("SUCCEEDED", 0, "AuthorizationError") == (
        job["status"],
        job["messages"],
        job["publicationError"],
    )


def test_planned_errors(textract: Any, put: Put, control: LocalTextract) -> None:
    """A planned error answers as many calls as planned."""
    location = put("refused.png", label())
    control.refuse("refused.png", "LimitExceededException")
    control.refuse(
        "refused.png", "ProvisionedThroughputExceededException", operation="Get", times=9
    )
    start = textract.start_document_text_detection
    assert "LimitExceededException" == code_of(start, DocumentLocation=location)
    job = start(DocumentLocation=location)["JobId"]
    assert "ProvisionedThroughputExceededException" == code_of(
        textract.get_document_text_detection, JobId=job
    )


def test_planned_ends(account: Account, textract: Any, put: Put, control: LocalTextract) -> None:
    """Jobs end later and out of order, with two messages, without any, or as FAILED."""
    topic = account.sns.create_topic(Name="textract-planned")["TopicArn"]
    role = make_role(account, "textract-planned", TRUST, [allow("sns:Publish", topic)])
    anyone = Principal(account, "textract-planner", allow("*")).client("textract")
    control.plan("planned-held", "held", times=2)
    started = [
        start_with_channel(anyone, put(f"planned-held-{number}.png", label()), topic, role)
        for number in range(2)
    ]
    for fault in ("twice", "silent", "failed"):
        control.plan(f"planned-{fault}", fault)
        start_with_channel(anyone, put(f"planned-{fault}.png", label()), topic, role)
        control.ended(f"planned-{fault}")
    held = textract.get_document_text_detection(JobId=started[0])["JobStatus"]
    assert "IN_PROGRESS" == held
    assert started[::-1] == control.release("planned-held", newest_first=True)
    ends = {job["objectKey"]: (job["status"], job["messages"]) for job in control.jobs("planned-")}
    assert {
        "planned-held-0.png": ("SUCCEEDED", 1),
        "planned-held-1.png": ("SUCCEEDED", 1),
        "planned-twice.png": ("SUCCEEDED", 2),
        "planned-silent.png": ("SUCCEEDED", 0),
        "planned-failed.png": ("FAILED", 1),
    } == ends
