"""A real browser, a phone's worth of screen, and the service it looks at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

from tests.browser.site import Site, running_site
from tests.embedded import DatabaseFactory

PROGRAMS = ("chromium", "google-chrome")
ANOTHER_HOST = "register.example"
"""Leads to this machine too; not a loopback name, so that a browser takes it as unsafe without TLS."""
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; a test without one fails, for nothing else tries the page."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail("Chromium is missing here, and the page is tried by nothing else: apt-get install chromium")
    arguments = [f"--host-resolver-rules=MAP {ANOTHER_HOST} 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone that was never here."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True, locale="zh-CN")
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def site(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service, for a module whose tests leave its keys alone."""
    with running_site(database_factory, tmp_path_factory.mktemp("site")) as running:
        yield running
    database_factory.drop()


@pytest.fixture
def own_site(database: DatabaseFactory, tmp_path: Path) -> Iterator[Site]:
    """The service, for a test that changes its keys."""
    with running_site(database, tmp_path) as running:
        yield running
