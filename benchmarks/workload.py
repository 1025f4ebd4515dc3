"""Documents with a known truth: what is put under a key, and what its record must say."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from infra.local.samples import pdf, png
from tests.support.files import BINARY, encrypted_pdf

LARGEST_FILE_BYTES = 20_000
"""The limit of the stage, small so that files beyond it cost nothing."""

PROCESSED = "PROCESSED"
TROUBLED = "FAILED processing_failed"


@dataclass(frozen=True)
class Version:
    """Bytes that are put, and what must become of them."""

    content: bytes
    declared_type: str
    outcome: str
    """As `outcome_for` returns it."""
    words: int = 0

    @property
    def e_tag(self) -> str:
        """As S3 makes it of what is put in one part."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


class Fate(Enum):
    """What becomes of a key after its last version."""

    KEPT = auto()
    REMOVED = auto()
    """The object is deleted from the bucket, which sends Intake no event."""
    DELETED = auto()
    """The document is deleted through the API, once it has a record."""


@dataclass(frozen=True)
class Scenario:
    """All that happens to one key."""

    key: str
    versions: tuple[Version, ...]
    """Put one after the other."""
    fate: Fate

    def is_truth(self, record: Mapping[str, Any] | None) -> bool:
        """Whether a record matches the newest version and its expected outcome.

        Of an object that was removed, any version's record is true, as is none: its events may be
        under way before or after that. Of a document that was deleted, none is.
        """
        if self.fate is Fate.DELETED:
            return record is None
        if self.fate is Fate.REMOVED:
            return record is None or any(
                outcome_for(record) == TROUBLED or record_matches(record, version)
                for version in self.versions
                if record["eTag"] == version.e_tag
            )
        return record is not None and record_matches(record, self.versions[-1])


def outcome_for(record: Mapping[str, Any]) -> str:
    """A record's status, with its failure code."""
    code = record.get("failure", {}).get("code")
    return f"{record['status']} {code}" if code else str(record["status"])


def record_matches(record: Mapping[str, Any], version: Version) -> bool:
    """Whether a record has a version's eTag, size, outcome and word count."""
    expected = (version.e_tag, len(version.content), version.outcome, version.words)
    words = record.get("metadata", {}).get("wordCount", 0)
    return expected == (record["eTag"], record["fileSize"], outcome_for(record), words)


def scenarios(count: int, seed: int) -> list[Scenario]:
    """As many documents as asked for, and for every twenty one more of each other fate."""
    dice = random.Random(seed)
    fates = [Fate.KEPT] * count + [Fate.REMOVED, Fate.DELETED] * (count // 20)
    made = [_scenario(dice, number, fate) for number, fate in enumerate(fates)]
    dice.shuffle(made)
    return made


def name_of(number: int) -> str:
    """What no other document has in its key: ASCII, as it is in URLs and in JSON."""
    return f"document-{number:06}"


def _scenario(dice: random.Random, number: int, fate: Fate) -> Scenario:
    suffix = dice.choice([".txt", " with spaces.txt", "+plus.pdf", "-مرحبا.bin", ""])
    versions = [_version(dice, number)]
    while len(versions) < 4 and dice.random() < 0.2:
        is_repeated = dice.random() < 0.2
        versions.append(dice.choice(versions) if is_repeated else _version(dice, number))
    return Scenario(f"soak/{name_of(number)}{suffix}", tuple(versions), fate)


def _version(dice: random.Random, number: int) -> Version:
    make = dice.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
    return make(dice, number)


def _text(dice: random.Random, number: int) -> Version:
    words = dice.randint(1, 40)
    text = " ".join([str(number), *["word"] * (words - 1)])
    return Version(text.encode(), "text/plain", PROCESSED, words)


def _pdf(dice: random.Random, _number: int) -> Version:
    pages, words = dice.randint(1, 3), dice.randint(1, 40)
    return Version(pdf(pages, words), "application/pdf", PROCESSED, pages * words)


def _picture(dice: random.Random, _number: int) -> Version:
    return Version(png(dice.randint(1, 99), dice.randint(1, 99)), "image/png", PROCESSED)


def _empty(_dice: random.Random, _number: int) -> Version:
    return Version(b"", "text/plain", "FAILED empty")


def _too_large(_dice: random.Random, number: int) -> Version:
    content = str(number).encode().ljust(LARGEST_FILE_BYTES + 1)
    return Version(content, "text/plain", "FAILED too_large")


def _not_allowed(_dice: random.Random, number: int) -> Version:
    content = BINARY + str(number).encode()
    return Version(content, "application/octet-stream", "FAILED type_not_allowed")


def _mismatch(dice: random.Random, _number: int) -> Version:
    content = png(dice.randint(1, 99), dice.randint(1, 99))
    return Version(content, "application/pdf", "FAILED type_mismatch")


def _unreadable(_dice: random.Random, number: int) -> Version:
    content = b"%PDF-1.4\n" + BINARY + str(number).encode()
    return Version(content, "application/pdf", "FAILED unreadable")


def _encrypted(_dice: random.Random, _number: int) -> Version:
    return Version(encrypted_pdf("secret"), "application/pdf", "FAILED encrypted")


_KINDS: Mapping[Callable[[random.Random, int], Version], int] = {
    _text: 50,
    _pdf: 15,
    _picture: 15,
    _empty: 4,
    _too_large: 4,
    _not_allowed: 4,
    _mismatch: 4,
    _unreadable: 3,
    _encrypted: 1,
}
"""With how often each comes of a hundred."""
