"""Mails: the email package of Python with its modern policy."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any, cast

from lxml import html

from benchmarks.accuracy.readers import dates
from benchmarks.accuracy.readers.programs import ReadError


def python_email(path: Path) -> dict[str, Any]:
    """Header fields and attachments."""
    with path.open("rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    if not mail.keys():
        raise ReadError("no header fields")
    sent = mail["date"].datetime if mail["date"] else None
    return {
        "subject": _text(mail["subject"]),
        "from": _text(mail["from"]),
        "messageId": _text(mail["message-id"]),
        "sentAt": dates.of(sent),
        "to": ", ".join(_addresses(mail, "to")),
        "toCount": len(_addresses(mail, "to")),
        "ccCount": len(_addresses(mail, "cc")),
        "attachmentCount": sum(1 for _ in _attachments(mail)),
        "text": _body(mail),
    }


def _body(mail: EmailMessage) -> str | None:
    """The plain text, else the text of the HTML."""
    body = mail.get_body(("plain", "html"))
    if body is None:
        return None
    content = str(body.get_content())
    if body.get_content_subtype() == "html" and content.strip():
        return " ".join(html.fromstring(content).xpath("//text()[not(ancestor::style)]"))
    return content


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _addresses(mail: EmailMessage, name: str) -> list[str]:
    values = [str(value) for value in mail.get_all(name, [])]
    return [address for _, address in getaddresses(values) if address]


def _attachments(part: EmailMessage) -> Any:
    """Parts that are no body: an attached mail is one, and not searched."""
    if (
        part.get_content_type() == "message/rfc822"
        or part.get_content_disposition() == "attachment"
    ):
        yield part
    elif part.is_multipart():
        for child in part.iter_parts():
            yield from _attachments(cast(EmailMessage, child))
    elif part.get_filename():
        yield part


READERS = {"email": python_email}
