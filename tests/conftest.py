"""The stack that the tests share: deployed once a run to a local AWS with IAM on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.chalice_project import copy_project
from infra.client import Client
from infra.deploy import deploy
from infra.local_aws import local_aws
from infra.stage import Account, Stage
from tests.stack import Stack


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """An account on a local AWS that notes every call made to it."""
    with local_aws(settings={"CLOUDTRAIL_RECORDING": "1"}) as account:
        yield account


@pytest.fixture(scope="session")
def stack(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A deployed stage; tests keep out of each other's way by the keys that they use."""
    project: Path = tmp_path_factory.mktemp("deployed") / "project"
    stage = Stage("test", account, copy_project(project))
    return Stack(stage, deploy(stage))


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
