# SPDX-License-Identifier: Apache-2.0
"""A browser at the box itself, with nothing but Python: comes in by a code and reads *Box*.

It runs on the box, so it stands alone. Argument: the code. Prints what is read, as text.
"""

import re
import sys
from html import unescape
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

PAGE = "http://127.0.0.1:8443"
PATIENCE_S = 120


def main(code: str) -> None:
    """Become the first engineer, and say what the page of the box says."""
    browser = build_opener(HTTPCookieProcessor())

    def read(path: str, sent: dict[str, str] | None = None) -> str:
        data = urlencode(sent).encode() if sent else None
        headers = {"Origin": PAGE, "Accept-Language": "en"}
        asked = Request(PAGE + path, data, headers)  # noqa: S310 - http
        with browser.open(asked, timeout=PATIENCE_S) as answer:
            text: str = answer.read().decode()
        return text

    token = re.search(r'name="token" value="([^"]*)"', read("/first"))
    chosen = "an engineer at the rig"
    read("/first", {
        "token": token[1] if token else "", "code": code, "name": "engineer-1",
        "password": chosen, "again": chosen,
    })  # fmt: skip
    words = unescape(re.sub(r"<[^>]*>", " ", read("/box")))
    sys.stdout.write(" ".join(words.split()) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
