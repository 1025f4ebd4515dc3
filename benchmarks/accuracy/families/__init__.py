"""The families of files: one row each, with the readers and the facts that they establish.

To add one, add a row, and a module in `readers/` if none of them reads the format.
"""

from __future__ import annotations

from benchmarks.accuracy.families.containers import CONTAINERS
from benchmarks.accuracy.families.documents import DOCUMENTS
from benchmarks.accuracy.families.family import Family
from benchmarks.accuracy.families.media import MEDIA
from benchmarks.accuracy.families.texts import TEXTS

FAMILIES = (*DOCUMENTS, *MEDIA, *TEXTS, *CONTAINERS)
"""In order: the first family that has a type or an extension is the file's."""


def family_of_type(file_type: str | None) -> Family | None:
    """The family of a MIME type that Intake records."""
    return next(
        (
            family
            for family in FAMILIES
            for prefix in family.types
            if file_type is not None
            and (file_type == prefix or (prefix[-1] in "/." and file_type.startswith(prefix)))
        ),
        None,
    )


def family_of_name(name: str) -> Family | None:
    """The family of a file's extension."""
    extension = name.rpartition(".")[2].lower()
    return next((family for family in FAMILIES if extension in family.extensions), None)
