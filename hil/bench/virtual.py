# SPDX-License-Identifier: Apache-2.0
"""A box that is a virtual machine: QEMU in software, with the cables of a real one.

    this machine's loopback  ◄── management      switches ──► tap `qlq-sw`
    sockets of this machine  ◄── USB serial      mirror   ──► tap `qlq-mirror`

A guest reaches the loopback as 10.0.2.2. The image is that of `make image PROFILE=hil`.

When the box starts anew, by itself or by its watchdog, QEMU ends and another one goes on with the
disk. QEMU 7.2 restarts with all code in its cache that ran before; where the firmware's stack comes
to lie on a page of such code, each write to it takes so long that the firmware never ends.
"""

import json
import shutil
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import NamedTuple

from edge import clock
from hil.bench.box import FREEZE, NotSeen, Ports, Refused
from hil.bench.console import Console, OnConsole, read_pipe
from hil.bench.qmp import Qmp
from image.board import X86_64
from image.run import SMALL_CARD, Drive, command, copy, prepare, put

RESETS = frozenset({"guest-reset", "host-qmp-system-reset"})
"Why a QEMU ends that another one follows; a watchdog's bite is the first."
LOOK_S = 0.05
OFF_S = 120.0
"It has shut down so long after it was asked to; after that the plug is pulled."
GIVEN_BACK_S = 10.0
_BY_ID = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_{}-if00-port0"
PORTS = Ports(
    "enp0s16", "enp0s17", "enp0s18", _BY_ID.format("probe"), _BY_ID.format("exchange")
)  # fmt: skip


class Taps(NamedTuple):
    """Interfaces of this machine that are the other ends of its cables."""

    switches: str = "qlq-sw"
    mirror: str = "qlq-mirror"


TAPS = Taps()


class VirtualBox(OnConsole):
    """One that is off until it is started; `close` it at the end."""

    def __init__(self, folder: Path, image: Path, taps: Taps | None = TAPS) -> None:
        """Take a folder for its disk, and an image of the profile `hil`.

        Args:
            folder: Where `box.img` is, or will be.
            image: What is flashed.
            taps: The far ends of its cables; None if nothing is plugged in.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.disk = folder / "box.img"
        self.image = image
        self.ports = PORTS
        self.console = Console()
        self._taps = taps
        self._lines = Path(mkdtemp(prefix="qlq-"))  # a socket's path must be short
        self.probe = self._lines / "probe"
        "Socket of the E1 probe's serial line, while it runs; what is not read in time fills it up."
        self.exchange = self._lines / "exchange"
        "Socket of the serial line that is an exchange's command port."
        self._process: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        self._changing = Lock()
        "Held by who takes one QEMU's place with another, or with none."
        self._clock_s: int | None = None
        self._rtc: tuple[int, float] | None = None
        "Where its clock stood, and when that was."
        self._begun_s = 0.0
        self._unplugged = False
        self._pulled: set[str] = set()

    # While it is off ----------------------------------------------------------

    def flash(self) -> None:
        """Write the image to a disk as large as a small card."""
        prepare(self.image, self.disk, SMALL_CARD)
        self.disk.with_suffix(".vars").unlink(missing_ok=True)

    def put(self, name: str, octets: bytes) -> None:
        """Write a file to the ESP."""
        put(self.disk, "esp", name, octets)

    def set_clock(self, unix_s: int) -> None:
        """Have its clock stand there at the next start."""
        self._clock_s = unix_s

    def keep(self, name: str = "kept") -> None:
        """Keep its disk as it is, while it is off, to come back to."""
        copy(self.disk, self.disk.with_name(f"{name}.img"))

    def come_back(self, name: str = "kept") -> bool:
        """Have the disk that was kept again; returns whether there is one."""
        kept = self.disk.with_name(f"{name}.img")
        if kept.exists():
            copy(kept, self.disk)
        return kept.exists()

    # Power --------------------------------------------------------------------

    def start(self) -> None:
        """Switch it on."""
        if self.is_on():
            raise Refused("it is on already")
        self.power_cut()  # of one that has ended by itself
        self._begun_s = now_s = clock.monotonic_s()
        self._rtc = None if self._clock_s is None else (self._clock_s, now_s)
        self._clock_s = None
        self._unplugged = False
        self._pulled.clear()
        with self._changing:
            self._run()
        self.console.plug(self._read, self._write)

    def _run(self) -> None:
        """Have a QEMU that goes on where the one before it ended; its cables are as they were."""
        self._qmp = qmp = Qmp()
        self._process = subprocess.Popen(
            self._words(qmp), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0, pass_fds=(qmp.theirs.fileno(),),
        )  # fmt: skip
        qmp.handed_over()
        with suppress(Refused):  # one that did not start says why on its console
            qmp.do("query-status")  # from now on it tells why it ends
            for name in self._pulled:
                qmp.do("set_link", name=name, up=False)
            if self._unplugged:
                qmp.do("device_del", id="probe")

    def _read(self) -> bytes | None:
        process = self._process
        if process is None or process.stdout is None:
            return None
        octets = read_pipe(process.stdout.fileno())
        return b"" if octets is None and self._goes_on(process) else octets

    def _write(self, octets: bytes) -> None:
        process = self._process
        if process and process.stdin:
            with suppress(OSError):  # it ends at this moment
                process.stdin.write(octets)

    def _goes_on(self, ended: "subprocess.Popen[bytes]") -> bool:
        """Return whether another QEMU took the place of one that has ended: the box restarts.

        Said by who reads the console alone: nobody reads of what is closed here.
        """
        with self._changing:
            if self._process is not ended or not self._qmp:
                return False  # its plug was pulled
            ended.wait()
            if self._qmp.why() not in RESETS:
                return False
            self._let_go(ended)
            self._run()
        return True

    def _let_go(self, process: "subprocess.Popen[bytes]") -> None:
        for pipe in (process.stdin, process.stdout, self._qmp):
            if pipe:
                pipe.close()

    def off(self) -> None:
        """Have it shut down; the plug is pulled if it does not."""
        if process := self._process:
            with suppress(NotSeen, OSError, subprocess.TimeoutExpired):
                self.tell("systemctl poweroff")
                process.wait(OFF_S)
            self.power_cut()

    def power_cut(self) -> None:
        """Pull the plug; what is in its own memory is lost. May be said twice."""
        with self._changing:
            process, self._process = self._process, None
        if not process:
            return
        process.kill()
        process.wait()
        self.console.unplug()
        self._let_go(process)

    def is_on(self) -> bool:
        """Return whether it is switched on; one that starts anew is."""
        while (process := self._process) and process.poll() is not None:
            if not self.console.hears():
                return False
            time.sleep(LOOK_S)  # noqa: TID251 - who reads the console finds out why it has ended
        return process is not None

    def seconds(self) -> float:
        """Return the time since it was switched on."""
        return clock.monotonic_s() - self._begun_s

    def close(self) -> None:
        """Pull the plug, and take its sockets away."""
        self.power_cut()
        shutil.rmtree(self._lines, ignore_errors=True)

    # Console ------------------------------------------------------------------

    def tell(self, line: str) -> None:
        """Type a line."""
        self.console.tell(line)

    # Cables -------------------------------------------------------------------

    def cut_network(self, cut: bool) -> None:  # noqa: FBT001 - `cut_network(True)` is the word
        """Pull the cable of its management port, or plug it in."""
        self._pull("management", pulled=cut)

    def pull_mirror(self, pulled: bool) -> None:  # noqa: FBT001 - as above
        """Pull the cable of its mirror port, or plug it in."""
        self._pull("mirror", pulled=pulled)

    def _pull(self, name: str, *, pulled: bool) -> None:
        self.qmp("set_link", name=name, up=not pulled)
        (self._pulled.add if pulled else self._pulled.discard)(name)

    def unplug_probe(self, unplugged: bool) -> None:  # noqa: FBT001 - as above
        """Pull the plug of the E1 probe, or put it in."""
        if unplugged is self._unplugged:
            return
        self._unplugged = unplugged
        if unplugged:
            self.qmp("device_del", id="probe")
        else:
            self._plug_probe()

    def _plug_probe(self) -> None:
        """QEMU gives the line of a device that was pulled back a moment later."""
        end_s = clock.monotonic_s() + GIVEN_BACK_S
        while True:
            try:
                self.qmp("device_add", driver="usb-serial", **_usb("probe", 1))
            except Refused as refusal:
                if "in use" not in str(refusal) or clock.monotonic_s() > end_s:
                    raise
            else:
                return

    def hang(self) -> None:
        """Have its first program stand still: it feeds the watchdog no more."""
        self.ask(FREEZE)

    def reset(self) -> None:
        """Push its reset button: what is in its own memory is lost, and it starts again."""
        self._begun_s = clock.monotonic_s()
        self.qmp("system_reset")

    def qmp(self, command: str, **arguments: object) -> object:
        """Tell QEMU something. Raises `Refused`, also if the box is off."""
        if not self._qmp or not self._process:
            raise Refused(f"{command}: it is off")
        return self._qmp.do(command, **arguments)

    def _words(self, qmp: Qmp) -> list[str]:
        variables = self.disk.with_suffix(".vars")
        words = [*command(X86_64, Drive(self.disk), variables, ()), "-no-reboot", *qmp.words]
        if self._rtc:
            stood_s, at_s = self._rtc
            now = datetime.fromtimestamp(int(stood_s + clock.monotonic_s() - at_s), UTC)
            begin = now.strftime("%Y-%m-%dT%H:%M:%S")
            words += ["-rtc", f"base={begin},clock=vm"]
        words += _card("management", 16, "user")
        for slot, name, tap in zip((17, 18), Taps._fields, self._taps or (), strict=False):
            words += _card(name, slot, f"tap,ifname={tap},script=no,downscript=no")
        words += ["-device", "qemu-xhci,id=usb,addr=0x14"]
        for port, path in enumerate((self.probe, self.exchange), 1):
            name = path.name
            path.unlink(missing_ok=True)
            words += ["-chardev", f"socket,id=line-{name},path={path},server=on,wait=off"]
            words += ["-device", json.dumps({"driver": "usb-serial", **_usb(name, port)})]
        return words


def _card(name: str, slot: int, far_end: str) -> list[str]:
    """Return the words for a network card in a slot of its own, so that its name is always one."""
    device = f"virtio-net-pci,id={name},netdev=net-{name},addr={slot:#x}"
    return ["-netdev", f"{far_end},id=net-{name}", "-device", device]


def _usb(name: str, port: int) -> dict[str, str | bool]:
    return {
        "id": name, "chardev": f"line-{name}", "bus": "usb.0", "port": str(port), "serial": name,
        "always-plugged": True,
    }  # fmt: skip
