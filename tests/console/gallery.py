# SPDX-License-Identifier: Apache-2.0
"""The pictures of README.md: which there are, and of what page: `make pictures` takes them anew.

Beside them lies a fingerprint of what each was made of: templates, colours, texts in its language.
Where that is no longer as it was, a test asks for new ones.
"""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from edge.console.house import TEMPLATES
from edge.console.speech import speech_of
from edge.console.ways import STATIC
from edge.console.wording import WORDS

ROOT = Path(__file__).parents[2]
TAKEN = ROOT / "build" / "page" / "readme"
"Where the test run leaves them."
HUNG = Path(__file__).with_name("pictures")
"Where README.md shows them."
FINGERPRINTS = HUNG / "fingerprints.json"
MOST_OCTETS = 150_000
NAMED = re.compile(r"tests/console/pictures/([a-z0-9-]+\.png)")
AGAIN = "the page is no longer as in README.md: `make pictures`, look at them, and commit them"


class Picture(NamedTuple):
    """A picture, and what it was made of."""

    language: str
    size: tuple[int, int]
    templates: tuple[str, ...]


PICTURES = {
    "now.png": Picture("en", (1600, 1090), ("base", "now", "now_live")),
    "call.png": Picture("en", (1280, 1080), ("base", "call")),
    "spared.png": Picture("en", (1280, 800), ("base", "list")),
    "phone.png": Picture("kk", (360, 780), ("base", "now", "now_live")),
}


def fingerprint(picture: Picture) -> str:
    """Return what changes when the page would look otherwise."""
    speech = speech_of(picture.language)
    reader = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    made_of = [(STATIC / "page.css").read_text(encoding="utf-8")]
    for name in picture.templates:
        source = (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
        made_of.append(source)
        texts = reader.extract_translations(source)  # type: ignore[attr-defined]  # of the extension
        for _, _, text in texts:
            made_of.append(speech.say(text) if isinstance(text, str) else repr(text))
    made_of += [speech.word(kind, word) for kind, words in WORDS.items() for word in words]
    return hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]


def hang() -> None:
    """Take over what the test run has left."""
    HUNG.mkdir(exist_ok=True)
    for name in PICTURES:
        shutil.copyfile(TAKEN / name, HUNG / name)
        sys.stdout.write(f"{HUNG / name}: {(HUNG / name).stat().st_size:,} octets\n")
    found = {name: fingerprint(picture) for name, picture in PICTURES.items()}
    FINGERPRINTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    hang()
