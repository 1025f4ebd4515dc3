"""Compares the facts that Intake records with those of the references. Pure: no file is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.intake import Recorded
from benchmarks.accuracy.rules import Rule, Value

_REFUSED = frozenset({"unreadable", "encrypted", "type_mismatch", "type_not_allowed"})
"""Codes of a rejection that a reader which reads the file contradicts."""

_WITNESSES = 2
"""References that have to read a file for its rejection to be false."""


class Outcome(Enum):
    """Of one fact of one file."""

    AGREE = "agree"
    DISAGREE = "disagree"
    DISPUTED = "disputed"
    """The references contradict one another, and Intake all of them."""
    MISSING = "missing"
    """A reference has it, Intake does not."""
    EXTRA = "extra"
    """Intake has it and no reference, which may not be installed."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One fact of one file."""

    family: str
    fact: str
    recorded: Recorded
    outcome: Outcome
    ours: Value | None
    theirs: Mapping[str, Value]
    """By reader."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that Intake rejects although references read it."""

    family: str
    recorded: Recorded
    readers: tuple[str, ...]


def compared(
    recorded: Recorded, family: Family, answer: Mapping[str, Mapping[str, Value]]
) -> Iterator[Compared]:
    """Each fact that Intake or a reference has."""
    if not recorded.metadata:
        return
    for fact, rule in family.facts.items():
        ours = recorded.metadata.get(fact)
        theirs = {name: facts[fact] for name, facts in answer.items() if fact in facts}
        if outcome := outcome_of(rule, ours, theirs):
            yield Compared(family.name, fact, recorded, outcome, ours, theirs)


def outcome_of(rule: Rule, ours: Value | None, theirs: Mapping[str, Value]) -> Outcome | None:
    """How the values relate; None if nobody has one.

    Intake agrees if it agrees with one reference; references that contradict one another do not
    prove it wrong. A flag is true if one finds what it is about; false counts as absent.
    """
    if rule.is_flag:
        return _flag_outcome(ours, any(theirs.values()) if theirs else None)
    if ours is None:
        return Outcome.MISSING if theirs else None
    if not theirs:
        return Outcome.EXTRA
    if any(rule.same(ours, value) for value in theirs.values()):
        return Outcome.AGREE
    first, *others = theirs.values()
    are_same = all(rule.same(first, other) or rule.same(other, first) for other in others)
    return Outcome.DISAGREE if are_same else Outcome.DISPUTED


def _flag_outcome(ours: Value | None, theirs: bool | None) -> Outcome | None:
    if ours is None:
        return Outcome.MISSING if theirs else None
    if theirs is None:
        return Outcome.EXTRA if ours else None
    return Outcome.AGREE if ours == theirs else Outcome.DISAGREE


def refused(
    recorded: Recorded, family: Family, answer: Mapping[str, Mapping[str, Value]]
) -> Refused | None:
    """The rejection, if two references, or the only one, find something in the file."""
    needed = min(_WITNESSES, len(family.readers))
    witnesses = tuple(name for name, facts in answer.items() if any(facts.values()))
    if recorded.failure not in _REFUSED or len(witnesses) < needed:
        return None
    return Refused(family.name, recorded, witnesses)
