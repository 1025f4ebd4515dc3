"""The stack that the tests share: deployed once a run to a local AWS with IAM on."""

from __future__ import annotations

import fcntl
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

from infra.browser import browser_at, chromium_path
from infra.chalice_project import copy_project
from infra.client import Client
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.stage import Account, Stage
from tests.stack import Stack
from tests.test_settings import GOOD


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """An account on a local AWS that notes every call made to it."""
    with local_aws(settings={"CLOUDTRAIL_RECORDING": "1"}) as account:
        yield account


@pytest.fixture(scope="session")
def stack(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployed stage; tests keep out of each other's way by the keys that they use."""
    project: Path = tmp_path_factory.mktemp("deployed") / "project"
    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent  # of all workers' folders
    with first_of(run / "first-deployment"):
        stage = Stage("test", account, copy_project(project))
        return Stack(stage, deploy(stage))


@contextmanager
def first_of(path: Path) -> Iterator[None]:
    """Let one process run the block and the others wait for it; once it was run, all at once.

    The first deployment builds the zip, the others find it: three at once would build three.
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
    """A member of the group that sees everything."""
    return stack.sign_in("operator", "operators")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all who use the page; each has a context of their own."""
    path = chromium_path()
    assert path, "tests/page.py skips where there is none"
    with browser_at(path) as browser:
        yield browser


@pytest.fixture
def app_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """app.py as a function in this region of AWS imports it."""

    def import_in(region: str) -> ModuleType:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
        credentials = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
        # The last is what Chalice adds to the environment.
        region_of = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EXECUTION_ENV": ""}
        for name, value in {**GOOD, **credentials, **region_of}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "app", raising=False)
        return importlib.import_module("app")

    return import_in
