"""Real files from other projects, where this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.aws.stage import ROOT

CORPORA = Path(os.environ.get("INTAKE_CORPORA", ROOT.parent / "shared" / "corpora"))
"""A folder of files with `types.tsv`: file, tab, MIME type that the extension stands for."""


def known_types() -> dict[Path, str]:
    """The type of each file; skips the test where there are none."""
    table = CORPORA / "types.tsv"
    if not table.is_file():
        pytest.skip(f"there are no real files in {CORPORA} (INTAKE_CORPORA names another folder)")
    lines = table.read_text(encoding="utf-8").splitlines()[1:]
    return {CORPORA / name: kind for name, _, kind in (line.partition("\t") for line in lines)}
