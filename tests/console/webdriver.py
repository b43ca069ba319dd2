# SPDX-License-Identifier: Apache-2.0
"""A real Chromium, driven by what every browser speaks: WebDriver, which is JSON over HTTP."""

import base64
import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

TOO_LONG_S = 120
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"By this name a found element is told (WebDriver 12.2)."


class Chromium:
    """One window."""

    def __init__(self, port: int, width: int, height: int, language: str) -> None:
        self._port = port
        phone = {
            "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2, "touch": True}
        }
        options: dict[str, Any] = {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--hide-scrollbars", f"--window-size={width},{height}",
            ],
            "prefs": {"intl.accept_languages": language},
        }  # fmt: skip
        if width < 500:
            options["mobileEmulation"] = phone
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{made['sessionId']}"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)) as line:
            octets = json.dumps(body).encode() if body is not None else None
            line.request(method, path, octets, {"Content-Type": "application/json"})
            answer = line.getresponse()
            value = json.loads(answer.read())["value"]
        assert answer.status == 200, value
        return value

    def tell(self, what: str, **body: Any) -> Any:
        return self._ask("POST", f"{self._session}/{what}", body)

    def open(self, url: str) -> None:
        self.tell("url", url=url)

    def run(self, script: str, *args: Any) -> Any:
        return self.tell("execute/sync", script=script, args=list(args))

    def until(self, script: str) -> None:
        """Return as soon as the script returns what is true; fail if it never does."""
        again = f"""
            const ready = arguments[0], done = () => {{ {script} }};
            const ask = () => done() ? ready(true) : setTimeout(ask, 50);
            ask();
        """
        self.tell("timeouts", script=20_000)
        self.tell("execute/async", script=again, args=[])

    def find(self, css: str) -> str:
        self.tell("timeouts", implicit=20_000)
        return self.tell("element", using="css selector", value=css)[ELEMENT]

    def click(self, css: str) -> None:
        self.tell(f"element/{self.find(css)}/click")

    def type(self, css: str, text: str) -> None:
        self.tell(f"element/{self.find(css)}/value", text=text)

    def press(self, *keys: str) -> None:
        """Press keys on the keyboard, one after another."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.tell("actions", actions=[{"type": "key", "id": "keys", "actions": steps}])

    def words(self, css: str = "body") -> str:
        return self._ask("GET", f"{self._session}/element/{self.find(css)}/text")

    def errors(self) -> list[str]:
        """What the console of the browser complains of since this was last asked."""
        found = self.tell("se/log", type="browser")
        return [one["message"] for one in found if one["level"] in {"SEVERE", "WARNING"}]

    def shoot(self, path: Path, size: tuple[int, int] | None = None) -> None:
        """Take a picture of the page as it is seen, down to its end, or of as much of it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        clip: dict[str, Any] = {}
        if size:
            clip["clip"] = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        taken = self.tell(
            "goog/cdp/execute", cmd="Page.captureScreenshot",
            params={"captureBeyondViewport": True, "format": "png", **clip},
        )  # fmt: skip
        path.write_bytes(base64.b64decode(taken["data"]))

    def close(self) -> None:
        self._ask("DELETE", self._session)


@contextmanager
def driver(folder: Path) -> Iterator[int]:
    """Run chromedriver; its port."""
    environ = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}
    command = ["chromedriver", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            assert process.stdout
            said = (re.search(r"started successfully on port (\d+)", one) for one in process.stdout)
            found = next((one for one in said if one), None)
            assert found, "chromedriver did not start"
            yield int(found[1])
        finally:
            process.terminate()
