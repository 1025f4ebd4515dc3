"""What the result of a malware scan means for a record.

Standard library only. Results and S3 events arrive in any order: the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from chalicelib.documents import FOREVER, FailureCode, Status
from chalicelib.scan_results import INFECTED, ScanResult, kept_refusal, kept_result

Record = Mapping[str, Any]


class Reaction(Enum):
    """What a scan result means for a record."""

    KEEP = "it is, or may be, of a version that the record does not describe"
    PROCESS = "the file may be processed"
    FAIL = "the document is FAILED"
    CONFIRM = "the file was processed before it was scanned"
    REPEAT = "the document is FAILED for this reason already"
    NONE = "it changes nothing"


def reaction_to(result: ScanResult, record: Record | None) -> Reaction:
    """What a result means for the record as it is: the same in whatever order results arrive."""
    if record is None or record.get("eTag") != result.e_tag:
        return _reaction_to_unknown(result, record or {})
    code = record.get("failure", {}).get("code")
    is_same = result.failure is not None and result.failure.code == code
    if is_same and (result.status == INFECTED or _is_kept(result, record)):
        return Reaction.REPEAT
    if result.status == INFECTED:
        return Reaction.FAIL
    return _reaction_without_threat(result, record, code)


def _reaction_without_threat(result: ScanResult, record: Record, code: str | None) -> Reaction:
    if code == FailureCode.INFECTED:
        return Reaction.NONE
    if "removedAt" in record:
        return _reaction_to_next(result, record)
    if result.failure is None:
        return _reaction_to_clean(record, code)
    return _reaction_to_none(result, record)


def _reaction_to_clean(record: Record, code: str | None) -> Reaction:
    if _is_unprocessed(record) or code == FailureCode.NOT_SCANNED:
        return Reaction.PROCESS
    return Reaction.NONE if "scannedAt" in record else Reaction.CONFIRM


def _reaction_to_none(result: ScanResult, record: Record) -> Reaction:
    """A scan that could not be done changes nothing that is known from another one."""
    is_open = _is_unprocessed(record) and "scannedAt" not in record
    return Reaction.FAIL if is_open else _reaction_to_next(result, record)


def _reaction_to_next(result: ScanResult, record: Record) -> Reaction:
    """It may be of the next version, with the same bytes, which inherits what a scan has found."""
    is_inherited = result.failure is None and "scannedAt" in record
    return Reaction.NONE if is_inherited or _is_kept(result, record) else Reaction.KEEP


def _is_unprocessed(record: Record) -> bool:
    code = record.get("failure", {}).get("code")
    return bool(record["status"] == Status.SCANNING or code == FailureCode.PROCESSING_FAILED)


def _reaction_to_unknown(result: ScanResult, record: Record) -> Reaction:
    """NONE for what the record has already, and for a document that was deleted permanently."""
    is_deleted = record.get("deletedUntil") == FOREVER
    return Reaction.NONE if is_deleted or _is_kept(result, record) else Reaction.KEEP


def _is_kept(result: ScanResult, record: Record) -> bool:
    find = kept_result if result.rank else kept_refusal
    kept = find(record.get("scanResults", []), result.bucket, result.key, result.e_tag)
    return kept is not None and kept.precedence >= result.precedence
