"""A real browser for the page tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.browser import ARGUMENTS, CHROMIUM
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Its event loop ends with the module, so that later tests of this process can run their own."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Debian's chromium is not installed; packaging/test.sh installs it as root")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()
