"""Checks of the process at import."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import ModuleType

import botocore
import pytest


@pytest.mark.parametrize("version", ["1.34.162", "1.35.1"])
def test_an_sdk_without_conditional_writes_is_rejected(
    import_in: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """The message names the version and the least one."""
    monkeypatch.setattr(botocore, "__version__", version)
    with pytest.raises(ImportError, match=f"botocore {version} is too old: .* 1.35.2 or later"):
        import_in("eu-west-1", "app")


def test_the_first_sdk_with_conditional_writes_is_accepted(
    import_in: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upload URLs can sign If-None-Match."""
    monkeypatch.setattr(botocore, "__version__", "1.35.2")
    assert "app" == import_in("eu-west-1", "app").__name__


def test_garbage_is_collected_once_all_is_imported(
    import_in: Callable[[str, str], ModuleType],
) -> None:
    """Apart from what was imported, which stays."""
    import_in("eu-west-1", "app")
    assert gc.isenabled()
    assert gc.get_freeze_count() > 50_000
