"""The page, as a person reads it."""

from playwright.sync_api import BrowserContext, Page

SETTLED = "main:not([data-outcome=not-run]):not([data-outcome=checking])"
KEPT = "#offline:not([hidden])"


def digits_of(code: str) -> str:
    """What stands behind # in a code."""
    return code.partition("#")[2]


def scanned(phone: BrowserContext, address: str, digits: str | None) -> Page:
    """A new tab on what a camera read, with the outcome in it."""
    page = phone.new_page()
    page.goto(address if digits is None else f"{address}#{digits}")
    page.wait_for_selector(SETTLED)
    return page


def outcome(page: Page) -> str:
    """The stable word of what came out."""
    return page.locator("main").get_attribute("data-outcome") or ""


def verdicts(page: Page) -> list[str | None]:
    """What colour each language shows."""
    return [each.get_attribute("data-verdict") for each in page.locator("main section").all()]


def rows(page: Page, language: str) -> dict[str, str]:
    """What is proven, by its label."""
    part = page.locator(f"main section[lang={language}]")
    return dict(zip(part.locator("dt").all_inner_texts(), part.locator("dd").all_inner_texts(), strict=True))


def unproven(page: Page, language: str) -> list[str]:
    """What is not."""
    return page.locator(f"main section[lang={language}] li").all_inner_texts()


def text(page: Page) -> str:
    """All that the finding says."""
    return page.locator("main").inner_text()


def keep(page: Page) -> None:
    """Waits until the phone has all it needs without a network."""
    page.wait_for_selector(KEPT)
