"""The beginnings of text formats."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterator

from chalicelib.files.types import (
    CALENDAR,
    CSV,
    HTML,
    JSON,
    JSON_LINES,
    MAIL,
    SUBRIP,
    SVG,
    VCARD,
    WEBVTT,
    XML,
)

TEXT_HEAD_CHARACTERS = 2_048
"""Characters of a text by which it is classified."""

_HTML_TAG = re.compile(
    r"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s/>]",
    re.IGNORECASE,
)
"""As in browsers, after white space and comments:
https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type"""

_XHTML_TAG = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)

_XML_BEGIN = re.compile(r"\s*<(?:\?[a-z]|!DOCTYPE\s|!--|[A-Za-z_][\w.:-]*[\s/>])")

_BEGINS = {
    CALENDAR: re.compile(r"\s*BEGIN:VCALENDAR\s", re.IGNORECASE),
    VCARD: re.compile(r"\s*BEGIN:VCARD\s", re.IGNORECASE),
    WEBVTT: re.compile(r"WEBVTT(?:\s|\Z)"),
    SUBRIP: re.compile(r"\s*\d{1,9}\s+\d{1,4}:\d\d?:\d\d(?:[,.]\d{1,3})?\s*-->"),
}
"""Beginnings of text formats."""

_MAIL_FIELD = re.compile(
    r"(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version|From|To|Cc|Subject|Date|Reply-To"
    r"|Sender|X-[\w-]+|DKIM-Signature|Content-[\w-]+|Status|ARC-[\w-]+|User-Agent|References):",
    re.IGNORECASE,
)
_ANY_FIELD = re.compile(r"[\x21-\x39\x3b-\x7e]+[ \t]*:|[ \t]+\S")
_MIN_MAIL_FIELDS = 3

_DELIMITERS = ",;"
"""Of an undeclared table. Tabs and bars are common in logs and listings too."""

_MIN_ROWS = 3
"""Of an undeclared table: two lines of prose often have equally many commas."""


def text_types(text: str) -> Iterator[str]:
    """The MIME types that a text with this beginning may have, likeliest first."""
    if text.lstrip()[:1] in ("{", "["):
        yield JSON
        yield JSON_LINES
    elif _is_html(text):
        yield HTML
        yield XML
    elif _XML_BEGIN.match(text):
        yield XML
        yield SVG
    elif found := next((name for name, begin in _BEGINS.items() if begin.match(text)), None):
        yield found
    elif _is_mail(text):
        yield MAIL
    elif _is_table(text):
        yield CSV


def _is_html(text: str) -> bool:
    """Whether it begins as HTML does in browsers, or as XHTML."""
    text = _without_comments(text)
    if not text.startswith("<?xml"):
        return bool(_HTML_TAG.match(text))
    return bool(_XHTML_TAG.match(_without_comments(text.partition("?>")[2])))


def _without_comments(text: str) -> str:
    """The text without leading white space and comments."""
    # No regex: crafted comments could make it backtrack.
    while (text := text.lstrip()).startswith("<!--"):
        text = text[4:].partition("-->")[2]
    return text


def _is_mail(text: str) -> bool:
    """Whether it begins with header fields only, enough of which are usual in mails."""
    fields = set()
    # Some exports begin with blank lines, a mail in an mbox with a line of its own.
    lines = list(itertools.dropwhile(operator.not_, _whole_lines(text)))
    for line in lines[bool(lines) and lines[0].startswith("From ") :]:
        if not line:
            break
        if not _ANY_FIELD.match(line):
            return False
        if field := _MAIL_FIELD.match(line):
            fields.add(field.group().lower())
    return len(fields) >= _MIN_MAIL_FIELDS


def _is_table(text: str) -> bool:
    """Whether a delimiter occurs equally often in each of the first lines."""
    lines = _whole_lines(text)[:5]
    for delimiter in _DELIMITERS:
        counts = {line.count(delimiter) for line in lines}
        # One comma per line may be verse.
        if len(lines) >= _MIN_ROWS and len(counts) == 1 and min(counts) >= 2:
            return True
    return False


def _whole_lines(text: str) -> list[str]:
    r"""The complete lines of a text's beginning, which end with \n, \r\n or \r."""
    *ended, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [*ended, last] if last and len(text) < TEXT_HEAD_CHARACTERS else ended
