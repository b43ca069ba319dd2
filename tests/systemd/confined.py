# SPDX-License-Identifier: Apache-2.0
"""A journal that systemd of the image keeps, read by a program confined as a unit's processes are.

Run in a mount namespace of its own (`unshare --mount`), as root: the unit, whether its further
groups are kept, and the words of the program. What the program prints is printed.

The filter of system calls is made of the unit's own lines; users, groups, capabilities, /proc and
writable memory are confined by what the unit says is on, which is asserted.
"""

import ctypes
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.flows.house import until
from tests.systemd.trixie import SYSTEM, UNITS, inside

MACHINE = "0123456789abcdef0123456789abcdef"
COREDUMP = "fc2e22bc6ee647b6b90729ab34a250b1"
"By lines of this id, too, the journal knows a unit; they may be written by who is not of it."
UID, GID = 963, 960
"As `sysusers.d/qalqan.conf` gives them to the page."
CONFINED: Final = {
    "CapabilityBoundingSet": [""], "NoNewPrivileges": ["yes"], "PrivateUsers": ["yes"],
    "ProtectProc": ["invisible"], "MemoryDenyWriteExecute": ["yes"],
    "SystemCallErrorNumber": ["EPERM"],
}  # fmt: skip
DUMPABLE, NO_NEW_PRIVS, MDWE, NO_EXEC_GAIN = 4, 38, 65, 1
NEWUSER = 0x10000000
ERRNO, ALLOW = 0x00050000, 0x7FFF0000
EPERM = 1
PATIENCE_S = 20
JOURNALD = "[Journal]\nAudit=no\nReadKMsg=no\nStorage=volatile\n"
LIBC = ctypes.CDLL(None, use_errno=True)


def settings(unit: str) -> dict[str, list[str]]:
    """Return what a unit says, by key."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", (UNITS / unit).read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def calls(lines: list[str]) -> set[str]:
    """Return the system calls that lines of `SystemCallFilter=` let through."""
    found = set(_calls("@default"))
    for line in lines:
        named = {call for word in line.lstrip("~").split() for call in _calls(word)}
        found = found - named if line.startswith("~") else found | named
    return found


def _calls(word: str) -> Iterator[str]:
    if not word.startswith("@"):
        yield word
        return
    for line in inside("systemd-analyze", "syscall-filter", "--no-pager", word).stdout.splitlines():
        if line.startswith("    ") and (name := line.strip()) and not name.startswith("#"):
            yield from _calls(name)


def journald() -> subprocess.Popen[bytes]:
    """Have systemd's own keep a journal in memory, in folders as on the appliance."""
    place = SYSTEM / "run" / "log" / "journal"
    for kind, options, where in (
        ("tmpfs", "mode=755", "run"), ("tmpfs", "mode=755", "var/log"),
        ("tmpfs", "mode=755", "etc/systemd"), ("proc", "hidepid=invisible", "proc"),
        ("sysfs", "ro", "sys"),
    ):  # fmt: skip
        _mount("-t", kind, "-o", options, kind, SYSTEM / where)
    _mount("--rbind", "/sys/fs/cgroup", SYSTEM / "sys" / "fs" / "cgroup")
    (SYSTEM / "run" / "machine-id").write_text(f"{MACHINE}\n")
    _mount("--bind", SYSTEM / "run" / "machine-id", SYSTEM / "etc" / "machine-id")
    (SYSTEM / "etc" / "systemd" / "journald.conf").write_text(JOURNALD)
    (SYSTEM / "run" / "systemd" / "journal").mkdir(parents=True)
    place.mkdir(parents=True)
    os.chown(place, 0, group())
    place.chmod(0o2755)
    return subprocess.Popen(["chroot", SYSTEM, "/usr/lib/systemd/systemd-journald"])


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def group() -> int:
    """Return the number of `systemd-journal` there."""
    groups = (SYSTEM / "etc" / "group").read_text()
    found = re.search(r"^systemd-journal:x:(\d+):", groups, re.MULTILINE)
    assert found
    return int(found[1])


def say(text: str, unit: str) -> None:
    """Write a line about a unit."""
    fields = {"MESSAGE": text, "UNIT": unit, "PRIORITY": "4",
              "MESSAGE_ID": COREDUMP, "COREDUMP_UNIT": unit}  # fmt: skip
    octets = "".join(f"{name}={value}\n" for name, value in fields.items()).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(octets, str(SYSTEM / "run" / "systemd" / "journal" / "socket"))


def confine(unit: dict[str, list[str]], allowed: set[str], groups: list[int]) -> None:
    """Take from this process what its unit would; there is no way back."""
    assert {key: unit[key] for key in CONFINED} == CONFINED
    os.chdir(SYSTEM)
    os.setgroups(groups)
    os.setgid(GID)
    os.setuid(UID)
    _done(LIBC.prctl(DUMPABLE, 1, 0, 0, 0))
    _done(LIBC.unshare(NEWUSER))  # who is in another root may not: that comes after
    Path("/proc/self/uid_map").write_text(f"{UID} {UID} 1")
    os.chroot(".")
    _done(LIBC.prctl(NO_NEW_PRIVS, 1, 0, 0, 0))
    LIBC.prctl(MDWE, NO_EXEC_GAIN, 0, 0, 0)  # where the kernel knows it
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    made = ctypes.c_void_p(seccomp.seccomp_init(ERRNO | EPERM))
    for name in sorted(allowed):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            _done(seccomp.seccomp_rule_add(made, ALLOW, number, 0))
    _done(seccomp.seccomp_load(made))


def _done(answer: int) -> None:
    if answer:
        raise OSError(ctypes.get_errno(), f"confining: {answer}")


def main(name: str, grouped: str, *words: str) -> None:
    """Keep a journal, and have a program read it."""
    unit = settings(name)
    allowed = calls(unit["SystemCallFilter"])
    groups = [group()] if grouped == "yes" and unit["SupplementaryGroups"] else []
    kept = journald()
    try:
        until(lambda: _heard("a line of core", "qalqan-core.service"), "a line is in the journal")
        say("a line of none of ours", "other.service")
        child = os.fork()
        if not child:
            confine(unit, allowed, groups)
            os.execvp(words[0], words)  # noqa: S606 - a program of theirs, no shell
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    finally:
        kept.terminate()
        kept.wait(PATIENCE_S)


def _heard(text: str, unit: str) -> bool:
    """Write a line, if the journal is open; whether it has been read there."""
    with suppress(OSError):
        say(text, unit)
    return text in inside("journalctl", "--quiet", "--no-pager", "--output=cat").stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
