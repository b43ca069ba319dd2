# SPDX-License-Identifier: Apache-2.0
"""Who stands before the box, and whose the files are that are written for them."""

import os
import pwd
from pathlib import Path

from edge.errors import InputError


def who(person: str = "") -> str:
    """Return whom the machine knows us as; through sudo, both.

    A person whom the page knows, and for whom it asks, comes first: `aigul by qalqan-page`.
    """
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    behind = os.environ.get("SUDO_USER", "") if uid == 0 else ""
    known = f"{behind} as {name}" if behind and behind != name else name
    return f"{person} by {known}" if person else known


def act_as_owner(state: Path) -> None:
    """Write as the owner of the state folder would: files of root were lost to the processes.

    Raises `InputError` where there is no folder yet.
    """
    try:
        owner = state.stat()
    except OSError as refusal:
        raise InputError(f"{state}: {refusal.strerror}; this box never ran") from refusal
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
