# SPDX-License-Identifier: Apache-2.0
"""Nothing that steers a terminal gets through."""

import pytest

from edge.cli.printable import printable


@pytest.mark.parametrize(
    ("heard", "shown"),
    [
        ("Әсел Қалқан №1", "Әсел Қалқан №1"),
        ("", ""),
        ("\x1b[2Jx\r\n", "\ufffd[2Jx\ufffd\ufffd"),
        ("a\u202eb", "a\ufffdb"),
        ("a\x00b\x9bc", "a\ufffdb\ufffdc"),
    ],
)
def test_printable(heard: str, shown: str) -> None:
    assert printable(heard) == shown
