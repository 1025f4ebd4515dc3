"""The local scanner: ClamAV's replies, the faults, and the test file that is never stored."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.local.guardduty import clamav
from infra.local.guardduty.clamav import ClamAvError, Clamscan, find_program, running_clamav
from infra.local.guardduty.eicar import THREAT, eicar, signature
from infra.local.guardduty.faults import Fault, Rule, Rules
from infra.local.guardduty.verdicts import (
    Result,
    ScannedObject,
    Verdict,
    build_detail,
    verdict_from_reply,
)
from infra.paths import ROOT


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("stream: OK", Verdict(Result.NO_THREATS_FOUND)),
        ("stdin: OK", Verdict(Result.NO_THREATS_FOUND)),
        ("stream: Win.Test-1 FOUND", Verdict(Result.THREATS_FOUND, ("Win.Test-1",))),
        ("stream: Mine.UNOFFICIAL FOUND", Verdict(Result.THREATS_FOUND, ("Mine",))),
        (
            "stream: Heuristics.Encrypted.Zip FOUND",
            Verdict(Result.UNSUPPORTED, reasons=("PASSWORD_PROTECTED",)),
        ),
        ("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", Verdict(Result.UNSUPPORTED)),
        ("INSTREAM size limit exceeded. ERROR", Verdict(Result.UNSUPPORTED)),
        ("stream: Can't allocate memory ERROR", Verdict(Result.FAILED)),
        ("", Verdict(Result.FAILED)),
    ],
)
def test_replies(reply: str, expected: Verdict) -> None:
    """Each kind of reply has its result; an unknown one is not a verdict."""
    assert expected == verdict_from_reply(reply)


def test_detail_of_a_threat() -> None:
    """The event has the object's version, and the threats' names."""
    scanned = ScannedObject("bucket", "a b.txt", "e", "v")
    assert {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {
            "bucketName": "bucket",
            "objectKey": "a b.txt",
            "eTag": "e",
            "versionId": "v",
            "s3Throttled": False,
        },
        "scanResultDetails": {
            "scanResultStatus": "THREATS_FOUND",
            "threats": [{"name": "Worm"}],
            "statusReasons": None,
        },
    } == build_detail(Verdict(Result.THREATS_FOUND, ("Worm",)), scanned)


def test_later_rules_win() -> None:
    """The latest rule that covers an object decides, and can be ended."""
    rules = Rules()
    everywhere, inside = Rule("b", "", Fault.DEAD), Rule("b", "in/", Fault.TWICE)
    rules.add(everywhere)
    rules.add(inside)
    assert inside == rules.of("b", "in/a")
    assert everywhere == rules.of("b", "a")
    assert Rule("other", "") == rules.of("other", "in/a")
    rules.add(Rule("b", "in/"))
    assert everywhere == rules.of("b", "in/a")


def test_no_file_contains_the_test_file() -> None:
    """Neither the project's files nor their bytecode contain what scanners report."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    paths = [ROOT / name for name in listed.split("\0") if name]
    paths += (ROOT / "infra").rglob("*.pyc")
    assert [] == [path for path in paths if path.is_file() and eicar() in path.read_bytes()]


def test_missing_clamav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ClamAV one line names what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(clamav, "PROGRAM_FOLDERS", ())
    with pytest.raises(
        ClamAvError, match=r"^SCAN=guardduty needs ClamAV.* apt-get install clamav-daemon .*$"
    ):
        running_clamav(tmp_path).__enter__()


def test_clamscan_finds_what_clamd_finds(tmp_path: Path) -> None:
    """The program without a daemon replies alike."""
    (tmp_path / "intake.ndb").write_text(signature())
    program = find_program("clamscan")
    assert program
    clamscan = Clamscan(program, tmp_path)
    assert Verdict(Result.THREATS_FOUND, (THREAT,)) == verdict_from_reply(clamscan.scan([eicar()]))
    assert Verdict(Result.NO_THREATS_FOUND) == verdict_from_reply(clamscan.scan([b"clean"]))


def test_clamscan_that_does_not_reply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and the scan fails as with a clamd that does not reply."""
    monkeypatch.setattr(clamav, "REPLY_SECONDS", 0.2)
    program = tmp_path / "clamscan"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(TimeoutError, match="clamscan does not reply"):
        Clamscan(str(program), tmp_path).scan([b"content"])


def test_clamd_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that ends at once is reported with its last line."""
    program = tmp_path / "clamd"
    program.write_text("#!/bin/sh\necho no signatures\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ClamAvError, match=r"^clamd did not start: no signatures$"):
        running_clamav(tmp_path / "folder").__enter__()
