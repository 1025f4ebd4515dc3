"""Compares the text that Intake extracts with that of the references. Pure: no file is read."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.accuracy.families import FAMILIES
from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.intake import Recorded
from benchmarks.accuracy.rules import Value

FACT = "text"
"""What a reader calls the text of a file."""

_GOOD = 0.95

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
"""A word; of Chinese, Japanese and Korean a character, since spaces in them are layout."""

HEADINGS = ("family", "files", "median F1", f"F1 >= {_GOOD}", "worst F1")


@dataclass(frozen=True, slots=True)
class Similarity:
    """Of the text of one file to that of the most similar reference."""

    family: str
    recorded: Recorded
    f1: float
    reader: str


def tokens(text: str) -> Counter[str]:
    """The words of a text, independent of case, ligatures and punctuation."""
    return Counter(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def f1(ours: Counter[str], theirs: Counter[str]) -> float:
    """The harmonic mean of precision and recall of the words, in any order."""
    both = (ours & theirs).total()
    return 2 * both / (ours.total() + theirs.total()) if both else 0.0


def compared(
    recorded: Recorded, family: Family, answer: Mapping[str, Mapping[str, Value]]
) -> Similarity | None:
    """The similarity; None if there is no text to compare."""
    theirs = {
        name: found for name, facts in answer.items() if (found := tokens(str(facts.get(FACT, ""))))
    }
    if not recorded.metadata or recorded.is_text_cut or not theirs:
        return None
    ours = tokens(recorded.text or "")
    best = max(theirs, key=lambda name: f1(ours, theirs[name]))
    return Similarity(family.name, recorded, f1(ours, theirs[best]), best)


def text_table(found: Sequence[Similarity]) -> str:
    """One line for each family."""
    return "\n".join("  ".join(cell.rjust(13) for cell in row) for row in _rows(found))


def markdown(found: Sequence[Similarity]) -> str:
    """The table for docs/metadata.md."""
    headings, *rows = _rows(found)
    lines = [headings, ("---", *["---:"] * (len(headings) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(found: Sequence[Similarity]) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    for family in FAMILIES:
        values = [each.f1 for each in found if each.family == family.name]
        if values:
            good = sum(value >= _GOOD for value in values) / len(values)
            shares = (statistics.median(values), good, min(values))
            median, part, worst = (f"{int(1_000 * share) / 1_000:.3f}" for share in shares)
            yield family.name, f"{len(values):,}", median, f"{100 * float(part):.1f} %", worst


def details(found: Iterable[Similarity], family: str) -> str:
    """The files of a family, the least similar first."""
    of_family = sorted((each for each in found if each.family == family), key=lambda each: each.f1)
    return "".join(
        f"TEXT {each.f1:.3f} ({each.reader})  [{each.recorded.sha256[:12]}] {each.recorded.path}\n"
        for each in of_family
        if each.f1 < _GOOD
    )
