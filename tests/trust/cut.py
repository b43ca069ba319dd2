# SPDX-License-Identifier: Apache-2.0
"""Kills a process before each of its file operations in turn, as a power cut would."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

WATCHED = {"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate"}
"Audit events of what changes a folder; each is raised before it happens."
CUT = 9


def cut_before(number: int, folder: Path, act: Callable[[], object]) -> bool:
    """Do something in a child that is killed before its nth file operation below `folder`.

    Returns whether it was: False once there are not so many.
    """
    child = os.fork()
    if not child:
        left = number

        def watch(event: str, args: tuple[object, ...]) -> None:
            nonlocal left
            if event in WATCHED and str(args[0]).startswith(str(folder)):
                left -= 1
                if left < 0:
                    os._exit(CUT)

        code = 1
        try:
            sys.addaudithook(watch)
            act()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, CUT}
    return code == CUT


def everywhere(make: Callable[[int], tuple[Path, Callable[[], object]]]) -> Iterator[int]:
    """Cut what `make` gives at every instant; yields the number of each cut, to be looked at."""
    number = 0
    while True:
        folder, act = make(number)
        if not cut_before(number, folder, act):
            return
        yield number
        number += 1
