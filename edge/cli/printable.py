# SPDX-License-Identifier: Apache-2.0
"""What the wire said, safe to show: escape sequences and line ends must not reach a terminal."""


def printable(heard: str) -> str:
    """Return `heard` with every unprintable character replaced, so that all see it was there."""
    if heard.isprintable():
        return heard
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in heard)
