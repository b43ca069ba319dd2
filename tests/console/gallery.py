# SPDX-License-Identifier: Apache-2.0
"""The pictures of README.md: which there are, and of what page: `make pictures` takes them anew.

Beside them lies a fingerprint of each: of the words, the tags and their classes that were on the
page when it was taken, and of the colours. Where a page has others, a test asks for new pictures;
a template that is only written otherwise needs none.
"""

import hashlib
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from typing_extensions import override

from edge.console.ways import STATIC
from tests.console.scene import CALLER

ROOT = Path(__file__).parents[2]
TAKEN = ROOT / "build" / "page" / "readme"
"Where the test run leaves them."
HUNG = Path(__file__).with_name("pictures")
"Where README.md shows them."
FINGERPRINTS = "fingerprints.json"
MOST_OCTETS = 150_000
NAMED = re.compile(r"tests/console/pictures/([a-z0-9-]+\.png)")
AGAIN = "the page is no longer as in README.md: `make pictures`, look at them, and commit them"
UNSEEN = frozenset({"head", "script", "svg"})
"Bars stand where the clock puts them; nothing else in a drawing of ours changes by itself."


class Picture(NamedTuple):
    """A picture, and of what."""

    path: str
    "Of the page; `{record}` is the call that was stopped last."
    language: str
    size: tuple[int, int]


PICTURES = {
    "now.png": Picture("/", "en", (1600, 1090)),
    "call.png": Picture("/call?id={record}", "en", (1280, 1080)),
    "spared.png": Picture(f"/list?number=%2B{CALLER}", "en", (1280, 800)),
    "phone.png": Picture("/", "kk", (360, 780)),
}


class Outline(HTMLParser):
    """What is seen of a page: words, tags and their classes; digits only as such."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.seen: list[str] = []
        self._within: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag, unless it is within what is not seen."""
        if tag in UNSEEN:
            self._within.append(tag)
        elif not self._within:
            self.seen.append(f"<{tag} {dict(attrs).get('class', '')}>")

    @override
    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        if self._within and tag == self._within[-1]:
            self._within.pop()

    @override
    def handle_data(self, data: str) -> None:
        """Take words."""
        if not self._within and (words := " ".join(data.split())):
            self.seen.append(re.sub(r"until \S.*", "until", re.sub(r"\d+", "0", words)))


def fingerprint(html: str) -> str:
    """Return what changes when a page looks otherwise."""
    outline = Outline()
    outline.feed(html)
    colours = (STATIC / "page.css").read_text(encoding="utf-8")
    return hashlib.sha256("\n".join([colours, *outline.seen]).encode()).hexdigest()[:16]


def hang(taken: Path, hung: Path) -> None:
    """Take over what the test run has left, fingerprints included."""
    hung.mkdir(exist_ok=True)
    found = {}
    for name in PICTURES:
        shutil.copyfile(taken / name, hung / name)
        found[name] = (taken / name).with_suffix(".fingerprint").read_text(encoding="ascii")
        sys.stdout.write(f"{hung / name}: {(hung / name).stat().st_size:,} octets\n")
    text = json.dumps(found, indent=1) + "\n"
    (hung / FINGERPRINTS).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    hang(TAKEN, HUNG)
