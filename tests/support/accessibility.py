"""Accessibility of the web UI: each view is checked with axe and photographed."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.web_ui import DESKTOP, PHONE

SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""Folder for screenshots of all views, for manual review."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

LAYOUT = """
`${innerWidth}-${matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"}`
"""
"""The width and color scheme of a page."""


class ViewChecker:
    """Checks views with axe and takes screenshots of them."""

    def __init__(self, page: Page, folder: Path) -> None:
        """Start without violations.

        Args:
            page: page to check.
            folder: destination of the screenshots, unless SCREENSHOTS is set.
        """
        self.page = page
        self.folder = Path(SCREENSHOTS) if SCREENSHOTS else folder
        self.violations: list[str] = []

    def check(self, view: str) -> None:
        """Record violations of accessibility rules and take a screenshot."""
        self.page.evaluate("Promise.all(document.getAnimations().filter((animation) =>"
                           " animation.effect.getTiming().iterations === 1)"
                           ".map((animation) => animation.finished))")  # fmt: skip
        self.page.screenshot(path=self.folder / f"{view}-{self.page.evaluate(LAYOUT)}.png")
        for violation in Axe().run(self.page).response["violations"]:
            nodes = [node["html"][:200] for node in violation["nodes"]]
            self.violations.append(f"{view}: {violation['id']}: {violation['help']}: {nodes}")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        if self.page.evaluate(wide):
            self.violations.append(f"{view}: scrolls horizontally")

    def check_in_all_layouts(self, view: str) -> None:
        """Check a view at both sizes, in both color schemes."""
        for size, scheme in product((PHONE, DESKTOP), SCHEMES):
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=scheme)
            self.check(view)
