"""What people read about a document, whatever its uploader chose as its name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.notification_texts import email, sms, subject

AN_ID = "7b97617e-1e6f-4ac2-ade3-6327693e6189"
TOPIC = "arn:aws:sns:eu-west-1:000000000000:intake-dev-documents"
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


def record(**values: Any) -> dict[str, Any]:
    """A processed document with these values."""
    return {
        "documentId": AN_ID,
        "objectKey": f"uploads/{AN_ID}",
        "fileName": "report.pdf",
        "fileType": "application/pdf",
        "fileSize": 4_003,
        "status": "PROCESSED",
        "uploadedAt": "2026-11-25T12:30:01.123Z",
        **values,
    }


def failed(code: str, message: str = "The file is empty.", **values: Any) -> dict[str, Any]:
    """A failed document."""
    return record(status="FAILED", failure={"code": code, "message": message}, **values)


def file_line(name: str) -> str:
    """The line with the file's name in an e-mail."""
    [line] = [line for line in email(record(fileName=name)).split("\n") if line[:6] == "File: "]
    return line.removeprefix("File: ")


def test_a_mail_is_a_sentence_and_facts() -> None:
    """What a person reads about a processed file."""
    assert [
        "A file was processed.",
        "",
        "File: report.pdf",
        "Type: PDF document",
        "Size: 4,003 bytes",
        "Uploaded: 2026-11-25 12:30:01 UTC",
        f"Document: {AN_ID}",
        "",
    ] == email(record()).split("\n")


def test_a_mail_about_a_failure_has_the_reason() -> None:
    """The reason and its code follow the name; owner and key of a direct upload are facts."""
    mail = email(failed("empty", owner="ada", objectKey="incoming/report.pdf"))
    assert "A file was rejected.\n\nFile: report.pdf\nReason: The file is empty. (empty)\n" in mail
    assert "\nOwner: ada\n" in mail
    assert "\nObject: incoming/report.pdf\n" in mail


def recognized(status: str, **values: Any) -> dict[str, Any]:
    """A document whose text was, is being or could not be recognized."""
    return record(text={"source": "ocr", "status": status, **values})


def test_a_mail_about_recognized_text_has_its_words() -> None:
    """One mail when a document is processed, another when its text is there, or never will be."""
    running, done = email(recognized("RUNNING")), email(recognized("DONE", wordCount=1_234))
    assert running.startswith("A file was processed. Its text is being recognized.\n")
    assert done.startswith("The text of a file was recognized.\n")
    assert "\nRecognized words: 1,234\n" in done
    failure = {"code": "too_many_pages", "message": "The document has too many pages."}
    document = recognized("FAILED", failure=failure)
    assert "Text not recognized: report.pdf - The document has too many pages." == sms(document)
    assert "\nReason: The document has too many pages. (too_many_pages)\n" in email(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (record(), "Processed: report.pdf (intake-dev)"),
        (failed("empty"), "Rejected: report.pdf (intake-dev)"),
        (failed("processing_failed"), "Not processed: report.pdf (intake-dev)"),
        (failed("infected"), "Infected: report.pdf (intake-dev)"),
        (failed("not_scanned"), "Not scanned: report.pdf (intake-dev)"),
        (recognized("RUNNING"), "Processed: report.pdf (intake-dev)"),
        (recognized("DONE"), "Text recognized: report.pdf (intake-dev)"),
        (recognized("FAILED"), "Text not recognized: report.pdf (intake-dev)"),
        (record(fileName="Übersicht é.pdf"), "Processed: Ubersicht e.pdf (intake-dev)"),
        (record(fileName="報告.pdf"), "Processed: ??.pdf (intake-dev)"),
    ],
)
def test_the_subject_is_what_happened_to_which_file(
    document: dict[str, Any], expected: str
) -> None:
    """Recipients of several stages see which one it is."""
    assert expected == subject(TOPIC, document)


def test_a_long_name_keeps_its_ending() -> None:
    """A subject has 99 characters at most, and shows what the file claims to be."""
    found = subject(TOPIC, record(fileName="x" * 250 + "report.pdf"))
    assert 99 == len(found)
    assert found.endswith("...xxreport.pdf (intake-dev)")


def test_a_text_message_has_the_reason_if_there_is_space() -> None:
    """One message of 160 characters at most."""
    assert "Processed: report.pdf" == sms(record())
    assert "Rejected: report.pdf - The file is empty." == sms(failed("empty"))
    assert "Rejected: report.pdf" == sms(failed("empty", "The file is empty. " * 8))
    assert 160 == len(sms(failed("empty", fileName="x" * 250)))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Übersicht é.pdf", "Übersicht é.pdf"),
        ("U\u0308bersicht.pdf", "Übersicht.pdf"),
        ("Příloha č. 1.pdf", "Priloha c. 1.pdf"),
        ("zażółć.pdf", "zażółć.pdf"),
        ("تقرير الميزانية.pdf", "تقرير الميزانية.pdf"),
        ("報告.pdf", "報告.pdf"),
        ("報" * 80 + ".pdf", "報" * 44 + "..." + "報" * 8 + ".pdf"),
        ("😀" * 80 + ".pdf", "😀" * 18 + "..." + "😀" * 8 + ".pdf"),
        ("`" + "x" * 80 + ".pdf", "`" + "x" * 43 + "..." + "x" * 8 + ".pdf"),
        ("{" * 100 + ".pdf", "{" * 63 + "..." + "{" * 8 + ".pdf"),
    ],
)
def test_a_text_message_has_the_name_in_its_own_letters(name: str, shown: str) -> None:
    """160 characters of the GSM alphabet, where brackets count twice, or 70 of any other."""
    assert f"Processed: {shown}" == sms(record(fileName=name))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("https://evil.example/login", "https[:]/[/]evil[.]example/login"),
        ("www.evil.com", "www[.]evil[.]com"),
        ("evil.com.pdf", "evil[.]com.pdf"),
        ("invoice.zip", "invoice[.]zip"),
        ("evil．com", "evil[．]com"),
        ("\\\\evil\\share", "\\[\\]evil\\share"),
        ("mailto:a@evil.com", "mailto[:]a@evil[.]com"),
        ("2026.11.25 12:30 Report v1.2.PDF", "2026.11.25 12:30 Report v1.2.PDF"),
        ("Q&A: notes.docx", "Q&A: notes.docx"),
    ],
)
def test_a_name_is_no_link(name: str, shown: str) -> None:
    """Mail programs make links of host names and schemes; names of files stay readable."""
    assert shown == file_line(name)


def test_a_name_cannot_continue_on_another_line() -> None:
    """Neither line breaks nor a run of spaces lead to a line of its own."""
    assert "a\\nReason: none.pdf" == file_line("a\nReason: none.pdf")
    assert "a Reason: none.pdf" == file_line("a" + " " * 80 + "Reason: none.pdf")
    assert "photo_\\u202egpj.exe"[:15] == file_line("photo_\u202egpj.exe")[:15]


GSM = re.compile(r"[ -_a-~£¥èéùìòÇØøÅåÆæßÉ¡ÄÖÑÜ§¿äöñüà¤ΔΦΓΛΩΠΨΣΘΞ€]*")
"""3GPP TS 23.038 has neither a backtick nor most letters with accents."""
TWO_SEPTETS = re.compile(r"[\^{}\\\[~\]|€]")


def bits(text: str) -> int:
    """The size of a text message."""
    if GSM.fullmatch(text):
        return 7 * (len(text) + len(TWO_SEPTETS.findall(text)))
    return 8 * len(text.encode("utf-16-le"))


@given(name=TEXTS, message=TEXTS, key=TEXTS, owner=TEXTS)
def test_no_text_breaks_the_rules_of_sns(name: str, message: str, key: str, owner: str) -> None:
    """Subject: printable ASCII, 1 to 99 characters, begins with a letter; an SMS is one message."""
    document = failed("unreadable", message, fileName=name, objectKey=key, owner=owner)
    assert re.fullmatch(r"[A-Z][ -~]{0,98}", subject(TOPIC, document))
    assert sms(document).isprintable()
    assert 8 * 140 >= bits(sms(document))
    lines = email(document).split("\n")
    assert 11 == len(lines)
    assert all(line.isprintable() and len(line) <= 400 for line in lines)
