"""How `make accuracy` compares facts; the reference readers are not needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.accuracy import classification, comparison, intake, report, texts
from benchmarks.accuracy.classification import Classified
from benchmarks.accuracy.comparison import Compared, Outcome, outcome_of
from benchmarks.accuracy.families import FAMILIES, family_of_name, family_of_type
from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.intake import Recorded
from benchmarks.accuracy.rules import (
    ADDRESS,
    BIT_RATE,
    CODEC,
    DURATION,
    EXACT,
    FLAG,
    POINTS,
    TAG,
    TEXT,
    TIME,
    WORDS,
    YEAR,
    Rule,
    Value,
)
from chalicelib.files.metadata import NAMES
from chalicelib.files.types import SUPPORTED_TYPES

READERS = Path(report.__file__).parent / "readers"


@pytest.mark.parametrize(
    ("rule", "ours", "theirs"),
    [
        (EXACT, 3, 3),
        (TEXT, "Annual  report", " Annual\nreport "),
        (TEXT, "x" * 1_024, "x" * 2_000),
        (TIME, "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00"),
        (TIME, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.750000+00:00"),
        (TIME, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00"),
        (WORDS, 1_040, 1_000),
        (DURATION, 60_500, 60_000),
        (DURATION, 150, 110),
        (POINTS, 595, 596),
        (BIT_RATE, 129, 128),
        (YEAR, "1998", "1998-05-01"),
        (YEAR, "unknown", "unknown"),
        (TAG, "Ada", "Ada;Grace"),
        (TAG, "Ada", "Ada / Grace"),
        (CODEC, "avc1", "h264"),
        (CODEC, "V_VP9", "vp9"),
        (CODEC, "sowt", "pcm_s16le"),
        (ADDRESS, '"Ada Lovelace" <ada@example.com>', "Ada Lovelace <ada@example.com>"),
    ],
)
def test_same(rule: Rule, ours: Value, theirs: Value) -> None:
    """What differs by notation or within the tolerance is the same."""
    assert rule.same(ours, theirs)


@pytest.mark.parametrize(
    ("rule", "ours", "theirs"),
    [
        (EXACT, 3, 4),
        (EXACT, 1, True),
        (TEXT, "Annual report", "Annual report 2026"),
        (TIME, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+01:00"),
        (TIME, "2026-01-31T12:00:00", "2026-01-31T13:00:00Z"),
        (TIME, "2026-01-31T12:00:00Z", "yesterday"),
        (WORDS, 1_060, 1_000),
        (DURATION, 61_000, 60_000),
        (DURATION, 170, 110),
        (POINTS, 595, 597),
        (BIT_RATE, 160, 128),
        (YEAR, "1998", "1999-05-01"),
        (TAG, "Grace", "Ada;Grace"),
        (CODEC, "hvc1", "h264"),
        (ADDRESS, "Ada <ada@example.com>", "Ada <ada@example.org>"),
    ],
)
def test_different(rule: Rule, ours: Value, theirs: Value) -> None:
    """Values that a reader of the record would distinguish are not the same."""
    assert not rule.same(ours, theirs)


@pytest.mark.parametrize(
    ("expected", "rule", "ours", "theirs"),
    [
        (None, EXACT, None, {}),
        (Outcome.AGREE, EXACT, 3, {"qpdf": 3}),
        (Outcome.AGREE, EXACT, 3, {"pdfinfo": 4, "qpdf": 3}),
        (Outcome.DISAGREE, EXACT, 3, {"pdfinfo": 4, "qpdf": 4}),
        (Outcome.DISPUTED, EXACT, 3, {"pdfinfo": 4, "qpdf": 5}),
        (Outcome.MISSING, EXACT, None, {"qpdf": 3}),
        (Outcome.EXTRA, EXACT, 3, {}),
        (Outcome.DISAGREE, EXACT, 0, {"qpdf": 3}),
        (Outcome.AGREE, FLAG, True, {"pdfdetach": False, "qpdf": True}),
        (Outcome.DISAGREE, FLAG, False, {"pdfdetach": False, "qpdf": True}),
        (Outcome.DISAGREE, FLAG, True, {"pdfdetach": False}),
        (Outcome.MISSING, FLAG, None, {"qpdf": True}),
        (None, FLAG, None, {"qpdf": False}),
        (Outcome.EXTRA, FLAG, True, {}),
    ],
)
def test_outcome(
    expected: Outcome | None, rule: Rule, ours: Value | None, theirs: dict[str, Value]
) -> None:
    """One reference suffices to agree; a flag is true if one reference finds something."""
    assert expected is outcome_of(rule, ours, theirs)


def test_compared() -> None:
    """Each fact of the family that Intake or a reference has is compared."""
    recorded = _recorded({"pageCount": 2, "title": "Report"})
    answer: dict[str, dict[str, Value]] = {
        "pdfinfo": {"pageCount": 3, "author": "Ada", "unheardOf": 1}
    }

    found = list(comparison.compared(recorded, FAMILIES[0], answer))

    assert [("title", Outcome.EXTRA), ("author", Outcome.MISSING)] == [
        (each.fact, each.outcome) for each in found[:2]
    ]
    assert ("pageCount", Outcome.DISAGREE) == (found[2].fact, found[2].outcome)
    assert {"pdfinfo": 3} == found[2].theirs


def test_compared_with_nothing() -> None:
    """What no reference reads is extra; a file that Intake rejects has no facts."""
    pdf = FAMILIES[0]

    alone = list(comparison.compared(_recorded({"pageCount": 2}), pdf, {}))

    assert [Outcome.EXTRA] == [each.outcome for each in alone]
    assert [] == list(comparison.compared(_recorded({}), pdf, {"qpdf": {"pageCount": 2}}))


def test_false_rejection() -> None:
    """Two references that read a rejected file contradict the rejection, one does not."""
    rejected = _recorded({}, failure="unreadable")
    one = {"qpdf": {"pageCount": 2}}
    two = {**one, "pdfinfo": {"pageCount": 2}}

    found = comparison.refused(rejected, FAMILIES[0], two)

    assert found is not None
    assert ("qpdf", "pdfinfo") == found.readers
    assert comparison.refused(rejected, FAMILIES[0], one) is None
    assert comparison.refused(_recorded({"pageCount": 2}), FAMILIES[0], two) is None
    assert comparison.refused(_recorded({}, failure="too_large"), FAMILIES[0], two) is None


def test_no_evidence() -> None:
    """A reader that finds nothing in a file is not counted."""
    rejected = _recorded({}, failure="encrypted")
    answer: dict[str, dict[str, Value]] = {
        "qpdf": {"hasForms": False, "wordCount": 0},
        "pdfinfo": {"pageCount": 2},
    }

    assert comparison.refused(rejected, FAMILIES[0], answer) is None


def test_files(tmp_path: Path) -> None:
    """Files of fuzzers and empty ones are left out."""
    for name in ("b.pdf", "a.pdf", "crash-123.pdf", "x.fuzzed"):
        (tmp_path / name).write_bytes(b"%PDF-")
    (tmp_path / "empty.pdf").touch()

    assert ["a.pdf", "b.pdf"] == [path.name for path in intake.files([tmp_path])]


def test_only_reader() -> None:
    """In a family with one reader, that one suffices."""
    mail = next(family for family in FAMILIES if family.name == "mail")

    assert comparison.refused(
        _recorded({}, failure="unreadable"), mail, {"email": {"subject": "Hello"}}
    )


def test_classification_by_file() -> None:
    """An entry with files covers the named fact of those files only."""
    entry = _classified(files=frozenset({"a" * 12}))
    other = Compared("pdf", "createdAt", _recorded({}, sha256="b" * 64), Outcome.DISAGREE, 1, {})

    assert "It is wrong." == classification.reason_for(_disagreement(), [entry])
    assert classification.reason_for(other, [entry]) is None
    assert classification.reason_for(_disagreement(fact="title"), [entry]) is None


def test_classification_by_rule() -> None:
    """The values of all references have to match the pattern."""
    entry = _classified(theirs=r"\D+")

    assert classification.reason_for(_disagreement({"one": "a", "two": "b"}), [entry])
    assert classification.reason_for(_disagreement({"one": "a", "two": "2"}), [entry]) is None


@pytest.mark.parametrize(
    "text",
    [
        'family = "pdf"\nfacts = ["title"]\nreason = "Because."',
        'family = "pdf"\nfacts = ["title"]\ntypes = ["application/pdf"]',
        'family = "pdf"\nfacts = ["title"]\nreason = "Because."\nfile = ["aaaaaaaaaaaa"]',
    ],
    ids=["no condition", "no reason", "unknown key"],
)
def test_invalid_classification(text: str, tmp_path: Path) -> None:
    """An entry needs a reason and a condition, and no other keys."""
    path = tmp_path / "classified.toml"
    path.write_text(f"[[classified]]\n{text}\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"classified\.toml"):
        classification.load(path)


def test_classified_file() -> None:
    """Each entry names a fact of a family."""
    facts = {family.name: family.facts for family in FAMILIES}

    for entry in classification.load():
        assert entry.facts <= facts[entry.family].keys(), entry


def test_lines() -> None:
    """Agreement is counted before and after classification."""
    found = [_disagreement() for _ in range(2)]
    found += [Compared("pdf", "createdAt", _recorded({}), Outcome.AGREE, 1, {}) for _ in range(8)]
    found += [Compared("pdf", "createdAt", _recorded({}), Outcome.MISSING, None, {"x": 1})]

    line = report.lines(found, [])[0]
    classified = report.lines(found, [_classified(files=frozenset({"a" * 12}))])[0]

    assert (10, 0.8, 0.8, False) == (
        line.count, line.agreement, line.classified_agreement, line.is_good
    )  # fmt: skip
    assert (10, 0.8, 1.0, True) == (
        classified.count,
        classified.agreement,
        classified.classified_agreement,
        classified.is_good,
    )


def test_text_table() -> None:
    """Percentages are rounded down; facts that only one side has are marked."""
    found = [
        Compared("pdf", "title", _recorded({}), Outcome.EXTRA, "Report", {}),
        Compared("pdf", "author", _recorded({}), Outcome.MISSING, None, {"qpdf": "Ada"}),
        *(Compared("pdf", "pageCount", _recorded({}), Outcome.AGREE, 1, {}) for _ in range(2_999)),
        Compared("pdf", "pageCount", _recorded({}), Outcome.DISAGREE, 1, {"qpdf": 2}),
    ]

    printed = report.text_table(report.lines(found, [])).splitlines()

    assert ["pdf", "title", "0", "0", "no", "reference"] == printed[1].split()[:6]
    assert ["pdf", "author", "0", "0", "not", "recorded"] == printed[2].split()[:6]
    assert ["pdf", "pageCount", "3000", "2999", "99.9"] == printed[3].split()[:5]


def test_markdown() -> None:
    """Facts that agree in all files share a row."""
    found = [
        *(
            Compared("pdf", fact, _recorded({}), Outcome.AGREE, 1, {})
            for fact in ("title", "pageCount")
        ),
        _disagreement(),
    ]

    printed = report.markdown(report.lines(found, []), 1_234, date(2026, 1, 31)).splitlines()

    assert "1,234 real files, 31 January 2026." == printed[0]
    assert "| pdf | `title`, `pageCount` | 2 | 100.0 | 0 | 100.0 | 0 | 0 |" == printed[4]
    assert "| pdf | `createdAt` | 1 | 0.0 | 0 | 0.0 | 0 | 0 |" == printed[5]


def test_details() -> None:
    """Every difference is listed with both values, the file and its hash."""
    found = [_disagreement({"pdfinfo": "2026"})]
    refusals = [comparison.Refused("pdf", _recorded({}, failure="unreadable"), ("qpdf", "x"))]

    printed = report.details("pdf", found, refusals, report.lines(found, []))

    assert (
        "DISAGREE createdAt  intake=1  pdfinfo='2026'  [aaaaaaaaaaaa application/pdf] a.pdf"
        in printed
    )
    assert "REFUSED unreadable (application/pdf)" in printed
    assert "read by qpdf, x" in printed


@pytest.mark.parametrize(
    ("name", "file_type"),
    [
        ("excel-97", "application/vnd.ms-excel"),
        ("spreadsheet", "application/vnd.ms-excel.sheet.macroenabled.12"),
        ("svg", "image/svg+xml"),
        ("image", "image/jpeg"),
        ("csv", "text/csv"),
        ("text", "text/markdown"),
    ],
)
def test_family_of_type(name: str, file_type: str) -> None:
    """The first row that stands for a type has it."""
    family = family_of_type(file_type)

    assert family is not None
    assert name == family.name


def test_every_type_has_a_family() -> None:
    """No type is left out of the comparison."""
    assert [] == sorted(each for each in SUPPORTED_TYPES if family_of_type(each) is None)


def test_family_of_name() -> None:
    """The extension decides where Intake does not recognize the type."""
    family = family_of_name("REPORT.PDF")

    assert family is not None
    assert "pdf" == family.name
    assert family_of_name("report") is None


def test_facts_are_metadata() -> None:
    """Every fact of a family of supported types is a name that Intake records."""
    names = {name for values in NAMES.values() for name in values}
    supported = {family.name for each in SUPPORTED_TYPES if (family := family_of_type(each))}

    for family in FAMILIES:
        if family.name in supported:
            assert family.facts.keys() <= names, family.name


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_readers_exist(family: Family) -> None:
    """Each row names readers of its module."""
    source = (READERS / f"{family.module}.py").read_text(encoding="utf-8")

    for reader in family.readers:
        assert f'"{reader}": ' in source.rpartition("READERS = ")[2]


def _recorded(metadata: dict[str, Value], failure: str = "", sha256: str = "a" * 64) -> Recorded:
    return Recorded(Path("a.pdf"), sha256, "application/pdf", metadata, failure)


def _disagreement(theirs: dict[str, Value] | None = None, fact: str = "createdAt") -> Compared:
    return Compared("pdf", fact, _recorded({}), Outcome.DISAGREE, 1, theirs or {"one": 2})


def _classified(files: frozenset[str] = frozenset(), theirs: str = ".*") -> Classified:
    facts = frozenset({"createdAt"})
    return Classified("pdf", facts, "It is wrong.", files, frozenset(), ".*", theirs)


@pytest.mark.parametrize(
    ("ours", "theirs", "f1"),
    [
        ("one two", "Two, one.", 1.0),
        ("\ufb01nd", "find", 1.0),
        ("one two", "one three", 0.5),
        ("one one", "one", 2 / 3),
        ("\u4e2d\u6587", "\u4e2d \u6587", 1.0),
        ("one", "two", 0.0),
        ("", "two", 0.0),
    ],
)
def test_f1(ours: str, theirs: str, f1: float) -> None:
    """Words count, however often each is there; order, case and punctuation do not."""
    assert f1 == pytest.approx(texts.f1(texts.tokens(ours), texts.tokens(theirs)))


def test_text_is_compared_with_the_most_similar() -> None:
    """The reference with the highest similarity counts; without a text there is none."""
    family = family_of_type("application/pdf")
    assert family is not None
    recorded = replace(_recorded({"pageCount": 1}), text="one two")
    answer: dict[str, dict[str, Value]] = {
        "a": {"text": "one"},
        "b": {"text": "one two"},
        "c": {"text": ""},
    }
    found = texts.compared(recorded, family, answer)

    assert found is not None
    assert ("b", 1.0) == (found.reader, found.f1)
    assert texts.compared(recorded, family, {"c": {"text": " "}}) is None
    cut = replace(recorded, is_text_cut=True)
    assert texts.compared(cut, family, answer) is None


def test_text_tables() -> None:
    """A line has the median, the share of good ones and the worst of a family."""
    found = [
        texts.Similarity("rtf", _recorded({}), f1, "striprtf") for f1 in (0.5, 0.9999, 1.0, 1.0)
    ]

    assert "| rtf | 4 | 0.999 | 75.0 % | 0.500 |" in texts.markdown(found)
    assert "TEXT 0.500 (striprtf)" in texts.details(found, "rtf")
    assert not texts.details(found, "pdf")
