"""Text formats and mail."""

from __future__ import annotations

from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.rules import ADDRESS, DURATION, EXACT, FLAG, TEXT, TIME

_COUNTS = dict.fromkeys(("wordCount", "characterCount", "lineCount"), EXACT)
_MAIL = {
    **dict.fromkeys(("subject", "messageId", "to"), TEXT),
    "from": ADDRESS,
    **dict.fromkeys(("toCount", "ccCount", "attachmentCount"), EXACT),
    "sentAt": TIME,
}

TEXTS = (
    Family(
        name="html",
        types=("text/html",),
        extensions=("html", "htm", "xhtml"),
        module="markup",
        readers=("html5lib", "lxml-html"),
        facts={"title": TEXT, "hasScripts": FLAG},
    ),
    Family(
        name="xml",
        types=("application/xml",),
        extensions=("xml", "xsd", "xsl"),
        module="markup",
        readers=("lxml",),
        facts={
            **dict.fromkeys(("rootElement", "rootNamespace", "title"), TEXT),
            "elementCount": EXACT,
        },
    ),
    Family(
        name="csv",
        types=("text/csv",),
        extensions=("csv", "tsv"),
        module="text",
        readers=("wc", "csv"),
        facts={**_COUNTS, **dict.fromkeys(("delimiter", "columnCount", "rowCount"), EXACT)},
    ),
    Family(
        name="json",
        types=("application/json", "application/x-ndjson"),
        extensions=("json", "jsonl", "ndjson"),
        module="text",
        readers=("json",),
        facts=dict.fromkeys(("topLevel", "recordCount", "memberCount", "depth"), EXACT),
    ),
    Family(
        name="calendar",
        types=("text/calendar",),
        extensions=("ics",),
        module="records",
        readers=("icalendar",),
        facts={"title": TEXT, "eventCount": EXACT, "taskCount": EXACT},
    ),
    Family(
        name="contacts",
        types=("text/vcard",),
        extensions=("vcf",),
        module="records",
        readers=("vobject",),
        facts={"contactCount": EXACT},
    ),
    Family(
        name="subtitles",
        types=("application/x-subrip", "text/vtt"),
        extensions=("srt", "vtt"),
        module="records",
        readers=("pysubs2",),
        facts={"cueCount": EXACT, "durationMilliseconds": DURATION},
    ),
    Family(
        name="text",
        types=("text/",),
        extensions=("txt", "md"),
        module="text",
        readers=("wc", "file"),
        facts=_COUNTS,
    ),
    Family(
        name="mail",
        types=("message/rfc822",),
        extensions=("eml",),
        module="mail",
        readers=("email",),
        facts=_MAIL,
    ),
    Family(
        name="outlook",
        types=("application/vnd.ms-outlook",),
        extensions=("msg",),
        module="ole2",
        readers=("extract-msg",),
        facts=_MAIL,
    ),
)
