"""What people read in a notification: subject, e-mail and text message about a document.

Uploaders choose names and owners, so none of these texts is trusted: it cannot start a line of its
own, and nothing in it looks like a link to a mail program.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.documents import escape_unprintable, is_client_upload
from chalicelib.files.types import FILE_TYPES

MAX_SUBJECT_CHARACTERS = 99
"""SNS allows less than 100: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
MAX_SMS_SEPTETS = 160
MAX_SMS_UNITS = 70
"""In one text message of the GSM alphabet, and of UTF-16 for any other; longer ones are sent and
billed as several: https://docs.aws.amazon.com/sms-voice/latest/userguide/sms-limitations-character.html
"""
MAX_VALUE_CHARACTERS = 300
"""Of a name or reason in an e-mail."""
_ENDING_CHARACTERS = 12
"""Kept of a name that is too long: it ends in what the file claims to be."""

_GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = "^{}\\[~]|€"
"""Characters of one and of two septets: 3GPP TS 23.038, 6.2.1."""
_GSM = frozenset(_GSM_BASIC + _GSM_EXTENSION)

_PROCESSED = ("processed", "A file was processed.")
_REJECTED = ("rejected", "A file was rejected.")
_FAILED = {
    "processing_failed": (
        "not processed",
        "A file could not be processed because of an AWS or internal error.",
    ),
    "infected": (
        "infected",
        "A file contains malware. It was not processed and cannot be downloaded.",
    ),
    "not_scanned": (
        "not scanned",
        "A file could not be scanned for malware. It was not processed and cannot be downloaded.",
    ),
}
"""What happened, in a word and in a sentence, by failure code; others mean that it was rejected."""
_RECOGNITION = {
    "RUNNING": ("processed", "A file was processed. Its text is being recognized."),
    "DONE": ("text recognized", "The text of a file was recognized."),
    "FAILED": (
        "text not recognized",
        "A file was processed, but its text could not be recognized.",
    ),
}
"""The same by the status of character recognition."""

_LINK_PARTS = r"""(?x)
    (?<=[/\\])[/\\]                      # of //host and \\host
  | (?<=[^\W\d_]):(?=\S)                 # of scheme:
  | [.\u3002\uff0e\uff61](?=[^\W\d_])    # of host.domain, but not of report.pdf
    (?!(?i:aac|avi|avif|bmp|csv|docx?|eml|epub|flac|gif|heic|heif|html?|ics|jpe?g|json|log|m4a|mkv
      |mp3|mp4|msg|od[pst]|ogg|pdf|png|pptx?|rtf|svg|tiff?|tsv|txt|vcf|wav|webm|webp|xlsx?|xml)\Z)
"""
"""What mail programs make links of. The endings are those of files, and no top-level domains, as
.zip, .mov and .md are: https://data.iana.org/TLD/tlds-alpha-by-domain.txt"""


def subject(topic_arn: str, record: Mapping[str, Any]) -> str:
    """What happened to which file in which stack; ASCII, as all editions of SNS's rules allow."""
    start = f"{_outcome(record)[0].capitalize()}: "
    end = f" ({topic_arn.rpartition(':')[2].removesuffix('-documents')})"
    return start + _short_name(record, MAX_SUBJECT_CHARACTERS - len(start + end)) + end


def email(record: Mapping[str, Any]) -> str:
    """The text of an e-mail: one sentence, then one line for each fact."""
    facts = (f"{name}: {_harmless(value)}" for name, value in _facts(record))
    return "\n".join([_outcome(record)[1], "", *facts, ""])


def sms(record: Mapping[str, Any]) -> str:
    """One text message: what happened to which file, and why if there is space."""
    start = f"{_outcome(record)[0].capitalize()}: "
    reason = _ascii(_failure(record).get("message", ""))
    name = _sms_name(record["fileName"])
    lengths = range(min(len(name), MAX_SMS_SEPTETS), -1, -1)
    texts = (start + _shorten(name, length) for length in lengths)
    text = next(text for text in texts if _is_one_sms(text))
    explained = f"{text} - {reason}"
    return explained if reason and _is_one_sms(explained) else text


def _outcome(record: Mapping[str, Any]) -> tuple[str, str]:
    if failure := record.get("failure"):
        return _FAILED.get(failure["code"], _REJECTED)
    return _RECOGNITION.get(record.get("text", {}).get("status"), _PROCESSED)


def _failure(record: Mapping[str, Any]) -> Mapping[str, str]:
    """Of the document or of the recognition of its text; empty where neither has failed."""
    found: Mapping[str, str] = record.get("failure") or record.get("text", {}).get("failure", {})
    return found


def _facts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "File", record["fileName"]
    if failure := _failure(record):
        yield "Reason", f"{failure['message']} ({failure['code']})"
    if file_type := record.get("fileType"):
        known = FILE_TYPES.get(file_type)
        yield "Type", known.label if known else file_type
    if (words := record.get("text", {}).get("wordCount")) is not None:
        yield "Recognized words", f"{words:,}"
    yield "Size", f"{record['fileSize']:,} bytes"
    yield "Uploaded", f"{record['uploadedAt'][:19].replace('T', ' ')} UTC"
    if owner := record.get("owner"):
        yield "Owner", owner
    yield "Document", record["documentId"]
    if not is_client_upload(record["objectKey"], record["documentId"]):
        yield "Object", record["objectKey"]


def _sms_name(name: str) -> str:
    """The harmless name, without accents if that lets the message be one of the GSM alphabet."""
    composed = _harmless(unicodedata.normalize("NFC", name))
    plain = _harmless(_without_accents(name))
    return plain if _is_gsm(plain) and not _is_gsm(composed) else composed


def _is_gsm(text: str) -> bool:
    return _GSM.issuperset(text)


def _is_one_sms(text: str) -> bool:
    if _is_gsm(text):
        return len(text) + sum(letter in _GSM_EXTENSION for letter in text) <= MAX_SMS_SEPTETS
    return len(text.encode("utf-16-le")) // 2 <= MAX_SMS_UNITS


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _short_name(record: Mapping[str, Any], characters: int) -> str:
    return _shorten(_ascii(record["fileName"]), characters)


def _ascii(text: str) -> str:
    """The harmless text with accents removed, and `?` for other characters outside ASCII."""
    return _harmless(_without_accents(text)).encode("ascii", "replace").decode("ascii")


def _harmless(text: str) -> str:
    """The text on one line, with brackets where a mail program would see a link."""
    line = " ".join(escape_unprintable(text).split())
    return _shorten(re.sub(_LINK_PARTS, r"[\g<0>]", line), MAX_VALUE_CHARACTERS)


def _shorten(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    return f"{text[: characters - _ENDING_CHARACTERS - 3]}...{text[-_ENDING_CHARACTERS:]}"
