# SPDX-License-Identifier: MIT
"""A headless Chromium, driven as W3C WebDriver says, with nothing but the standard library.

    with Browser() as browser:
        browser.open(path)
        browser.type("symbol", "malloc")
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE_SECONDS = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PROGRAM = next((found for found in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if found), None)
DRIVER = shutil.which("chromedriver")


def is_there() -> bool:
    """There is a browser, and what drives it."""
    return bool(PROGRAM and DRIVER)


class Browser:
    """A browser with one window. WIDTH: as on a phone; SCRIPTS: it runs what pages bring."""

    def __init__(self, width: int = 0, scripts: bool = True):
        self.profile = tempfile.mkdtemp(prefix="bindsim-browser-")
        self.driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.session = ""
        try:
            self.base = f"http://127.0.0.1:{self._port()}"
            self.session = "/session/" + self._call("POST", "/session", self._wishes(width, scripts))["sessionId"]
        except BaseException:
            self.close()
            raise

    def _port(self) -> str:
        for line in self.driver.stdout:
            match = re.search(r"started successfully on port (\d+)", line)
            if match:
                return match[1]
        raise RuntimeError("chromedriver does not start")

    def _wishes(self, width: int, scripts: bool) -> dict:
        options = {"binary": PROGRAM, "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                               "--window-size=1200,900", f"--user-data-dir={self.profile}"]}
        if width:
            options["mobileEmulation"] = {"deviceMetrics": {"width": width, "height": 740, "pixelRatio": 1}}
        if not scripts:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        return {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options,
                                                 "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}}

    def _call(self, method: str, path: str, body: dict | None = None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()[:600]}") from error

    def ask(self, path: str, **body):
        return self._call("POST", self.session + path, body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        try:
            if self.session:
                self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    # ---- pages

    def open(self, path: Path, fragment: str = "") -> None:
        # Another fragment of the same page is no load. What was asked for before is of no interest.
        self.ask("/url", url="about:blank")
        self.complaints()
        self.requests()
        self.ask("/url", url=path.as_uri() + fragment)

    def run(self, script: str, *arguments):
        return self.ask("/execute/sync", script=script, args=list(arguments))

    def element(self, selector: str) -> str:
        return "/element/" + self.ask("/element", using="css selector", value=selector)[ELEMENT]

    def click(self, selector: str) -> None:
        self.ask(self.element(selector) + "/click")

    def type(self, selector: str, text: str) -> None:
        """Types TEXT instead of what is there."""
        element = self.element(selector)
        self.ask(element + "/clear")
        self.ask(element + "/value", text=text)

    def text(self, selector: str) -> str:
        return self._call("GET", self.session + self.element(selector) + "/text")

    def wait_for(self, script: str, *arguments):
        """What SCRIPT returns as soon as that is something."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise TimeoutError(script)
            time.sleep(0.05)

    def dark(self, is_dark: bool) -> None:
        self.ask("/goog/cdp/execute", cmd="Emulation.setEmulatedMedia",
                 params={"features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})

    def complaints(self) -> list[str]:
        """What stands in the console since the last call."""
        return [entry["message"] for entry in self.ask("/se/log", type="browser")]

    def requests(self) -> list[str]:
        """What was asked for since the last call, from wherever."""
        messages = [json.loads(entry["message"])["message"] for entry in self.ask("/se/log", type="performance")]
        return [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]
