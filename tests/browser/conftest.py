"""A headless Chromium, driven as a person would drive it."""

import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Chrome]:
    """A browser that is started once; see `browser`."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        message = "there is no browser; on Debian: apt-get install chromium chromium-driver"
        if request.config.getoption("--require-browser"):
            pytest.fail(message)
        pytest.skip(message)
    options = ChromeOptions()
    options.binary_location = program
    # The sandbox does not start for root, nor in most containers; what is shown here is our own.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def browser(chromium: Chrome) -> Iterator[Chrome]:
    """A window of 1000 x 2000 pixels, light, with scripts; the test fails where a page writes to the console."""
    show(chromium)
    kinds: tuple[Literal["browser", "performance"], ...] = ("browser", "performance")
    for kind in kinds:
        messages(chromium, kind)  # those of other tests
    yield chromium
    assert messages(chromium, "browser") == []


def messages(browser: Chrome, kind: Literal["browser", "performance"]) -> list[str]:
    """What was written since it was asked last: by pages to the console, or by the browser of its doings, as JSON."""
    return [entry["message"] for entry in browser.execute("getLog", {"type": kind})["value"]]


def show(
    browser: Chrome, *, width: int = 1000, scheme: str = "light", medium: str = "screen", scripts: bool = True
) -> None:
    """Say how pages are shown from now on."""
    size = {"width": width, "height": 2000, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": features})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
