"""Fixtures: a stack shared by the tests, deployed once per worker to a local AWS with IAM."""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

from infra.api_client import Client
from infra.aws.stage import Account
from infra.local.browser import browser_at, chromium_path
from infra.local.server import local_aws
from tests.support.deployed import deployed
from tests.support.stack import Stack
from tests.unit.test_settings import GOOD

BUILT_ON_RUNTIME = (
    "app",
    "chalicelib.runtime",
    "chalicelib.processing",
    "chalicelib.reporting",
    "chalicelib.api.http",
    "chalicelib.api.access",
    "chalicelib.api.document_routes",
    "chalicelib.api.openapi_routes",
    "chalicelib.api.part_routes",
    "chalicelib.api.upload_routes",
    "chalicelib.api.user_routes",
    "chalicelib.web.routes",
)
"""The modules that read the environment at import."""


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """An account on a local AWS that records every call."""
    with local_aws(settings={"CLOUDTRAIL_RECORDING": "1"}) as account:
        yield account


@pytest.fixture(scope="session")
def stack(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployed stage; tests use distinct keys, so that they do not interfere."""
    project: Path = tmp_path_factory.mktemp("deployed") / "project"
    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent  # the parent of all workers' folders
    with first_of(run / "first-deployment"):
        return deployed(account, "test", project)


@pytest.fixture(scope="session")
def text_stack(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployed stage that keeps texts, beside the one with every feature off."""
    return deployed(account, "text", tmp_path_factory.mktemp("text") / "project", TEXT="on")


@pytest.fixture(scope="session")
def ocr_stack(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployed stage that has Textract read text, forms and tables, and publishes results."""
    project = tmp_path_factory.mktemp("ocr") / "project"
    settings = {"TEXT": "on", "OCR": "analysis", "OCR_MAX_PAGES": "2", "NOTIFICATIONS": "on"}
    return deployed(account, "ocr", project, **settings)


@pytest.fixture(scope="session")
def scan_stack(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployed stage that scans uploads for malware, and has every other feature on."""
    project = tmp_path_factory.mktemp("scan") / "project"
    settings = {"SCAN": "guardduty", "TEXT": "on", "OCR": "text", "NOTIFICATIONS": "on"}
    return deployed(account, "scan", project, **settings)


@contextmanager
def first_of(path: Path) -> Iterator[None]:
    """Run the block in one process first; the others wait, then run it concurrently.

    The first deployment builds the zip, and the others reuse it.
    """
    done = path.with_suffix(".done")
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            fcntl.flock(lock, fcntl.LOCK_UN)
        yield
        done.touch()


@pytest.fixture(scope="session")
def ada(stack: Stack) -> Client:
    """An ordinary user."""
    return stack.sign_in("ada")


@pytest.fixture(scope="session")
def bo(stack: Stack) -> Client:
    """Another ordinary user."""
    return stack.sign_in("bo")


@pytest.fixture(scope="session")
def operator(stack: Stack) -> Client:
    """A member of the operators group."""
    return stack.sign_in("operator", "operators")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; each test uses its own context."""
    path = chromium_path()
    assert path, "browser tests are skipped if Chromium is not installed"
    with browser_at(path) as browser:
        yield browser


@pytest.fixture
def import_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], ModuleType]]:
    """Import app.py as a Lambda function in an AWS region does, and return one of its modules."""

    def import_module(region: str, name: str) -> ModuleType:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        credentials = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        # Chalice adds AWS_EXECUTION_ENV.
        region_of = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EXECUTION_ENV": ""}
        for variable, value in {**GOOD, **credentials, **region_of}.items():
            monkeypatch.setenv(variable, value)
        for module in BUILT_ON_RUNTIME:
            monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.import_module("app")
        return sys.modules[name]

    yield import_module
    gc.enable()  # an import that failed has left it off
