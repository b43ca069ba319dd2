# SPDX-License-Identifier: Apache-2.0
"""Runs other programs, alone or inside a root that was made for it; says what it does."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge import clock

SHOWN = 4000
"Characters of what a failed program said."


class BuildError(Exception):
    """The image cannot be built; the sentence says what to do."""


class Progress:
    """Says on standard error how far it is; standard output is for the result."""

    def __init__(self) -> None:
        """Begin to count."""
        self._begun_s = clock.monotonic_s()

    def say(self, line: str) -> None:
        """Say a line."""
        sys.stderr.write(f"image: {self.seconds():6.1f} s  {line}\n")
        sys.stderr.flush()

    def seconds(self) -> float:
        """Return the time since the beginning."""
        return clock.monotonic_s() - self._begun_s


def run(command: Sequence[str | Path], *, environ: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it wrote.

    Raises:
        BuildError: It failed.
    """
    words = [str(word) for word in command]
    whole = {**os.environ, "LC_ALL": "C.UTF-8", **(environ or {})}
    done = subprocess.run(  # noqa: S603 - the builder runs programs
        words, capture_output=True, text=True, check=False, env=whole
    )
    if done.returncode:
        said = (done.stderr or done.stdout)[-SHOWN:].strip()
        raise BuildError(f"{shlex.join(words)[:200]}: code {done.returncode}\n{said}")
    return done.stdout


class Inside:
    """A root with programs in it, and folders of this machine that they see at the same paths."""

    def __init__(self, root: Path, *seen: Path) -> None:
        """Show the folders `seen` inside, at the same paths."""
        self._root = root
        self._seen = seen

    def run(
        self, command: Sequence[str | Path], *, environ: Mapping[str, str] | None = None
    ) -> str:
        """Run a program of that root and return what it wrote; what is mounted ends with it.

        Raises:
            BuildError: It failed.
        """
        root, script = shlex.quote(str(self._root)), ["set -e"]
        script += [f"mount -t proc proc {root}/proc", f"mount --bind /dev {root}/dev"]
        for folder in self._seen:
            place = shlex.quote(str(self._root / folder.relative_to("/")))
            script += [f"mkdir -p {place}", f"mount --bind {shlex.quote(str(folder))} {place}"]
        inner = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **(environ or {})}
        words = ["env", "-i", *(f"{name}={value}" for name, value in inner.items())]
        words += [str(word) for word in command]
        script.append(f"exec chroot {root} {shlex.join(words)}")
        alone = ["unshare", "--mount", "--propagation", "private"]
        return run([*alone, "sh", "-c", "\n".join(script)])
