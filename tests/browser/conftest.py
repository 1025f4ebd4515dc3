"""Fixtures of the web UI's tests: a new user, on a phone and on a desktop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.stack import Stack
from tests.support.web_ui import LAYOUTS, Layout, Visit, new_user, visit_web_ui


@pytest.fixture(params=list(LAYOUTS))
def layout(request: pytest.FixtureRequest) -> Layout:
    """Each size and color scheme that the tests run in; test_views.py has all combinations."""
    return LAYOUTS[request.param]


@pytest.fixture
def user(stack: Stack) -> str:
    """The name of a new user without documents."""
    return new_user(stack)


@pytest.fixture
def visit(browser: Browser, stack: Stack, user: str, layout: Layout) -> Iterator[Visit]:
    """The new user, signed in, in each layout."""
    with visit_web_ui(browser, stack, stack.api_url, **layout) as visit:
        yield visit.sign_in(user)
