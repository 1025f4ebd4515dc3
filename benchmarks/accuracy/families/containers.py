"""Archives and tables of records."""

from __future__ import annotations

from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.rules import EXACT, FLAG, TEXT, TIME

CONTAINERS = (
    Family(
        name="parquet",
        types=("application/vnd.apache.parquet",),
        extensions=("parquet",),
        module="records",
        readers=("pyarrow",),
        facts=dict.fromkeys(("rowCount", "columnCount"), EXACT),
    ),
    Family(
        name="zip",
        types=("application/zip",),
        extensions=("zip",),
        module="archive",
        readers=("zipinfo", "zipfile"),
        facts={"entryCount": EXACT, "claimedUnpackedSize": EXACT, "encrypted": FLAG},
    ),
    Family(
        name="tar",
        types=("application/x-tar",),
        extensions=("tar",),
        module="archive",
        readers=("tarfile",),
        facts={"entryCount": EXACT, "claimedUnpackedSize": EXACT},
    ),
    Family(
        name="gzip",
        types=("application/gzip",),
        extensions=("gz", "tgz"),
        module="archive",
        readers=("gzip", "exiftool"),
        facts={"claimedUnpackedSize": EXACT, "modifiedAt": TIME, "storedName": TEXT},
    ),
)
