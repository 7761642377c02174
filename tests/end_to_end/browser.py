"""A real browser, without a window and without the network, that says what a page did."""

import base64
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--disable-sync", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--window-size=1280,1000",
)  # fmt: skip


def find_programs() -> tuple[str, str]:
    """Chromium and its driver; the test is skipped where they are not."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if None in found:
        pytest.skip("no browser is here: install chromium and chromedriver (Debian: chromium, chromium-driver)")
    return found


def find_axe() -> str:
    """Script of the accessibility check; the test is skipped where it is not."""
    if "GANFLOW_AXE" not in os.environ:
        pytest.skip("no axe-core is given: set GANFLOW_AXE to its axe.min.js")
    return Path(os.environ["GANFLOW_AXE"]).read_text(encoding="utf-8")


class Browser(Chrome):
    """Chromium with a record of what pages ask for and complain of."""

    def __init__(self, profile: Path):
        program, driver = find_programs()
        options = ChromeOptions()
        options.binary_location = program
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        super().__init__(options, ChromeService(driver))

    def complaints(self) -> list[str]:
        """Errors and warnings of the console since they were last asked for."""
        return [entry["message"] for entry in self.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self) -> list[str]:
        """Addresses that were asked for since they were last asked for, without what pages hold, and the browser's own."""
        events = [json.loads(entry["message"])["message"] for entry in self.get_log("performance")]
        addresses = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [address for address in addresses if not address.startswith(("data:", "blob:", "chrome"))]

    def narrow(self, width: int) -> None:
        """Show pages as a device of that width does."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": True}
        self.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def darken(self) -> None:
        """Prefer dark colours."""
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})

    def barriers(self) -> list[str]:
        """What the accessibility check finds serious or critical."""
        self.execute_script(find_axe())
        found = self.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[arguments.length - 1])")
        return [
            f"{violation['id']}: {violation['nodes'][0]['html'][:200]}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
        ]

    def wait_for(self, script: str):
        """What a script returns, as soon as that is something."""
        while not (found := self.execute_script(script)):
            time.sleep(0.05)
        return found


def content(address: str) -> bytes:
    """Of a data: address."""
    return base64.b64decode(address.partition("base64,")[2])


def open_page(browser: Browser, file: Path) -> None:
    """Open a page of the project, and wait until its curves are drawn."""
    browser.get(file.as_uri())
    browser.wait_for("return document.querySelector('[data-figure] .main-svg') !== null")


def check(browser: Browser, file: Path) -> None:
    """What holds for every page."""
    open_page(browser, file)
    assert browser.complaints() == []
    assert browser.requests() == [file.as_uri()]
    assert browser.execute_script("return [...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert browser.barriers() == []
    browser.darken()
    assert browser.barriers() == []
    browser.narrow(400)
    open_page(browser, file)
    # as far as the page goes to the right; tables scroll within themselves
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 400
