# SPDX-License-Identifier: Apache-2.0
"""A real Asterisk 16 on this machine: Debian 11 in a folder, as many of it as a test wants.

Debian 12 has none. The folder is made once, and kept in `build/`. Needs root and mmdebstrap.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[1]
SYSTEM = ROOT / "build" / "asterisk-root"
PATIENCE_S = 60.0

PLACES = """
[directories]
astetcdir => {inside}
astmoddir => /usr/lib/asterisk/modules
astvarlibdir => {inside}
astdbdir => {inside}
astkeydir => {inside}
astdatadir => /usr/share/asterisk
astagidir => {inside}
astspooldir => {inside}
astrundir => {inside}
astlogdir => {inside}

[options]
documentation_language = en_US
"""
MODULES = """
[modules]
autoload = no
load = res_timing_timerfd.so
load = res_sorcery_config.so
load = res_sorcery_memory.so
load = res_sorcery_astdb.so
load = res_pjproject.so
load = res_pjsip.so
load = res_pjsip_session.so
load = res_pjsip_sdp_rtp.so
load = res_pjsip_caller_id.so
load = res_pjsip_rfc3326.so
load = res_pjsip_endpoint_identifier_ip.so
load = res_pjsip_endpoint_identifier_user.so
load = res_pjsip_pubsub.so
load = res_rtp_asterisk.so
load = chan_pjsip.so
load = func_channel.so
load = func_callerid.so
load = pbx_config.so
load = app_dial.so
load = bridge_simple.so
load = codec_alaw.so
load = codec_ulaw.so
"""
FILES = {
    "logger.conf": "[logfiles]\nsaid => notice,warning,error\n",
    "modules.conf": MODULES,
    "rtp.conf": "[general]\nrtpstart = 20000\nrtpend = 29999\n",
}
"What a test need not give."


class Asterisk:
    """One that runs."""

    def __init__(self, folder: Path, prefix: Sequence[str]) -> None:
        """Begin; `until_ready` waits for it."""
        self.folder = folder
        self.process = subprocess.Popen(
            [*prefix, *self._program(), "-f"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._prefix = prefix

    def ask(self, words: str) -> str:
        """Return what its console says to a command."""
        command = [*self._prefix, *self._program(), "-rx", words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout

    def said(self) -> str:
        """Return what it has logged: notices, warnings, errors."""
        log = self.folder / "said"
        return log.read_text(errors="replace") if log.exists() else ""

    def until_ready(self) -> None:
        """Wait until all its modules are loaded."""
        end = time.monotonic() + PATIENCE_S  # noqa: TID251 - until another program is ready
        while time.monotonic() < end:  # noqa: TID251 - as above
            assert self.process.poll() is None, self.said()[-4000:]
            if (self.folder / "asterisk.ctl").exists() and "booted" in self._booted():
                return
            time.sleep(0.02)  # noqa: TID251 - as above
        raise TimeoutError(self.said()[-4000:])

    def kill(self) -> None:
        """Kill it as a power cut does; may be said twice."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _booted(self) -> str:
        return self.ask("core waitfullybooted")

    def _program(self) -> list[str]:
        inside = self.folder.relative_to(SYSTEM)
        return ["chroot", str(SYSTEM), "/usr/sbin/asterisk", "-C", f"/{inside}/asterisk.conf"]


def make_system() -> None:
    """Make the folder with Debian 11 and Asterisk in it, if it is not there; half a minute."""
    SYSTEM.parent.mkdir(exist_ok=True)
    with SYSTEM.with_name(f"{SYSTEM.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if SYSTEM.exists():
            return
        draft = SYSTEM.with_name(f"{SYSTEM.name}.{os.getpid()}")
        made = ["mmdebstrap", "--variant=minbase", "--include=asterisk", "bullseye", str(draft)]
        try:
            subprocess.run(made, check=True, capture_output=True)
            draft.rename(SYSTEM)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def asterisk(files: Mapping[str, str], prefix: Sequence[str] = ()) -> Iterator[Asterisk]:
    """Run one with these configuration files until the block is left.

    `prefix` is what its command begins with: `netns.Host.inside`, to run it on another machine.
    """
    make_system()
    folder = Path(mkdtemp(prefix="asterisk-", dir=SYSTEM / "tmp"))
    try:
        places = PLACES.format(inside=f"/{folder.relative_to(SYSTEM)}")
        texts = {**FILES, "asterisk.conf": places, **files}
        for name, text in texts.items():
            (folder / name).write_text(text)
        one = Asterisk(folder, prefix)
        try:
            one.until_ready()
            yield one
        finally:
            one.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port of loopback that nobody listens on, neither TCP nor UDP."""
    for _ in range(100):
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            port = int(stream.getsockname()[1])
            with suppress(OSError):
                datagrams.bind(("127.0.0.1", port))
                return port
    raise OSError("no port is free")
