# SPDX-License-Identifier: Apache-2.0
"""What `image/boot/grub.cfg` does, said again in Python and independently of `edge.update.bootenv`.

`test_grub.py` compares it with a real GRUB; `cuts.py` asks it at each cut point.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

HEAD = b"# GRUB Environment Block\n"
WORDS = ("seq", "primary", "a", "b", "last", "tries_a", "tries_b", "end")
LEFT = {"3": "2", "2": "1", "1": "0"}


@dataclass
class Disk:
    """The files GRUB looks at; what is not there is empty."""

    env: list[bytes]
    markers: dict[str, bytes] = field(default_factory=dict)
    kernels: dict[str, bool] = field(default_factory=lambda: {"A": True, "B": True})


def load_env(octets: bytes) -> dict[str, str]:
    """As GRUB's `load_env`, a character at a time."""
    found: dict[str, str] = {}
    if not octets.startswith(HEAD):
        return found
    text = octets.decode("latin-1")
    at = len(HEAD)
    while at < len(text):
        if text[at] != "#":
            name, equal, _ = text[at:].partition("=")
            if not equal:
                break
            at += len(name) + 1
            value = ""
            while at < len(text) and text[at] != "\n":
                at += text[at] == "\\"
                value += text[at : at + 1]
                at += 1
            found[name.partition("\0")[0]] = value.partition("\0")[0]
        while at < len(text) and text[at] != "\n":
            at += 1
        at += 1
    return found


def whole(found: Mapping[str, str]) -> bool:
    seq, primary, a, b, last, tries_a, tries_b, end = (found.get(word, "") for word in WORDS)
    return (
        re.fullmatch("[1-9][0-9]{7}", seq) is not None
        and primary in ("A", "B")
        and {a, b} <= {"good", "new", "bad"}
        and last in ("A", "B")
        and re.fullmatch("[0-3][0-3]", tries_a + tries_b) is not None
        and len(tries_a) == 1
        and end == f"{seq}.{primary}.{a}.{b}.{last}"
    )


def counts(disk: Disk) -> tuple[int | None, dict[str, str]]:
    """Return which copy counts, and its words."""
    first, second = (load_env(octets) for octets in disk.env)
    if whole(first) and whole(second):
        newer = age(second) > age(first)
        return (1, second) if newer else (0, first)
    if whole(second):
        return 1, second
    return (0, first) if whole(first) else (None, {})


def age(env: Mapping[str, str]) -> tuple[int, str]:
    """Return what is more in the copy that counts."""
    left = {"0": "3", "1": "2", "2": "1", "3": "0"}
    return int(env["seq"]), left[env["tries_a"]] + left[env["tries_b"]]


def slots(disk: Disk) -> tuple[list[str], list[str]]:
    """Return the slots that may be started, and the last resort, each in order."""
    copy, env = counts(disk)
    if copy is None:
        return [], by_markers(disk)
    wanted = "AB" if env["primary"] == "A" else "BA"
    resort = "AB" if env["last"] == "A" else "BA"
    return [slot for slot in wanted if ready(env, slot)], list(resort)


def ready(env: Mapping[str, str], slot: str) -> bool:
    state, tries = env[slot.lower()], env[f"tries_{slot.lower()}"]
    return state == "good" or (state == "new" and tries != "0")


def by_markers(disk: Disk) -> list[str]:
    said = {slot: load_env(disk.markers.get(slot, b"")) for slot in "AB"}
    ages = {
        slot: int(marker["build"])
        for slot, marker in said.items()
        if re.fullmatch("[1-9][0-9]{0,9}", marker.get("build", ""))
        and marker.get("confirmed") == "1"
    }
    return sorted("AB", key=lambda slot: (-ages.get(slot, 0), slot))


def start(disk: Disk) -> str | None:
    """Return the slot that is started; count its try down on the disk."""
    copy, env = counts(disk)
    first, resort = slots(disk)
    if copy is not None:
        keep_markers(disk, env)
    for slot in first:
        spent = env[slot.lower()] != "new" or spend(disk, slot)
        if spent and disk.kernels[slot]:
            return slot
    return next((slot for slot in resort if disk.kernels[slot]), None)


def spend(disk: Disk, slot: str) -> bool:
    """Count down in the copy that counts, and in its twin; say whether one of them has it."""
    copy, env = counts(disk)
    assert copy is not None
    word = f"tries_{slot.lower()}"
    left, spent = LEFT[env[word]], False
    for at in (copy, 1 - copy):
        said = load_env(disk.env[at])
        if whole(said) and said["seq"] == env["seq"]:
            disk.env[at] = save_env(disk.env[at], word, left)
            spent = spent or load_env(disk.env[at])[word] == left
    return spent


def save_env(octets: bytes, word: str, value: str) -> bytes:
    """As GRUB's `save_env` with a value as long as the old one: the first line that fits.

    It refuses a block that does not end in a line and its padding.
    """
    if not octets.rstrip(b"#").endswith(b"\n"):
        return octets
    return re.sub(rb"(?m)^(%s=)[^\n]*" % word.encode(), rb"\g<1>" + value.encode(), octets, count=1)


def keep_markers(disk: Disk, env: Mapping[str, str]) -> None:
    for slot, marker in disk.markers.items():
        said = load_env(marker)
        good = "1" if env[slot.lower()] == "good" else "0"
        valid = re.fullmatch("[1-9][0-9]{0,9}", said.get("build", ""))
        if valid and said.get("confirmed") in ("0", "1") and said["confirmed"] != good:
            disk.markers[slot] = save_env(marker, "confirmed", good)
