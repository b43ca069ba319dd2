# SPDX-License-Identifier: Apache-2.0
"""A small system that updates itself as RAUC does: Debian's kernel, busybox, and our `bootctl`.

What RAUC does in order: the other slot is marked bad, its boot and system partition are written and
have reached the medium, it is put first. Behind each step its number is written to the data
partition, with a flush of its own, so that a replay knows what had been acknowledged.
"""

import base64
import gzip
import io
import json
import lzma
import stat
from pathlib import Path

from tests.update import rig

PYTHON = "usr/lib/python3.13"
LOADED = ("virtio_blk", "fat", "nls_cp437", "nls_ascii", "vfat")
"Modules, in the order they need each other."

STEPS = ("start", "B marked bad", "boot written", "system written", "B put first", "B confirmed")
"What is acknowledged behind each mark, by its number."

INIT = """#!/busybox sh
busybox mount -t devtmpfs none /dev
busybox mount -t proc none /proc
busybox mount -t sysfs none /sys
say() { busybox echo "guest: $*" >/dev/console; }
for module in @LOADED@; do busybox insmod /modules/$module.ko || say "$module does not load"; done
slot=$(busybox sed -n 's/.*rauc.slot=\\([AB]\\).*/\\1/p' /proc/cmdline)
hand=$(busybox sed -n 's/.*hand=\\([a-z]*\\).*/\\1/p' /proc/cmdline)
[ -z "$hand" ] && access=ro || access=noatime
busybox echo 128 >/sys/block/vda/queue/max_sectors_kb  # more writes, more places to cut
busybox mount -t vfat -o $access /dev/vda1 /efi || say "no ESP"
say "slot $slot runs"
bootctl() { /usr/bin/python3.13 -I -S /hands/${hand:-ours}.py "$@" || say "bootctl $* failed"; }
mark() {
    busybox printf "STEP %d" "$1" |
        busybox dd of=/dev/vda6 bs=512 conv=notrunc,sync,fsync 2>/dev/null
    say "mark $1"
}
copy() { busybox dd if=/dev/vda6 of="$1" bs=1M skip="$2" count="$3" conv=fsync 2>/dev/null; }
if [ "$slot" = A ]; then
    bootctl set-state B bad
    mark 1
    copy /dev/vda3 1 @BOOT@
    mark 2
    copy /dev/vda5 $((1 + @BOOT@)) @SYSTEM@
    mark 3
    bootctl set-primary B
    mark 4
    [ -n "$hand" ] || busybox reboot -f
elif [ "$slot" = B ]; then
    bootctl set-state B good
    mark 5
fi
busybox umount /efi
say "end"
busybox poweroff -f
"""
OURS = """import sys
sys.path[:0] = ["/house", "/@PYTHON@", "/@PYTHON@/lib-dynload"]
from edge.update import bootctl
"""
COMPILE = """import sys
sys.path = [{python!r}, {python!r} + "/lib-dynload", {house!r}]
import edge.update.bootctl, base64, importlib.util, json, marshal, os
head = importlib.util.MAGIC_NUMBER + bytes(12)
made = {{}}
for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None) or ""
    if path.endswith(".py") and os.path.exists(path):
        with open(path, "rb") as source:
            code = compile(source.read(), path, "exec", dont_inherit=True)
        made[path] = base64.b64encode(head + marshal.dumps(code)).decode()
    elif path.endswith(".so"):
        with open(path, "rb") as library:
            made[path] = base64.b64encode(library.read()).decode()
print(json.dumps(made))
"""
DO = "raise SystemExit(bootctl.main())\n"
TRUNCATES = "bootctl.sectors.overwrite = lambda path, written: path.write_bytes(written)\n"
ONE_FILE = (
    "import pathlib\n"
    "def overwrite(path, written):\n"
    "    path.write_bytes(written)\n"
    "    (path.parent / 'env.1').write_bytes(b'')\n"
    "bootctl.sectors.overwrite = overwrite\n"
)
HASTY = (
    "import os\n"
    "def overwrite(path, written):\n"
    "    file = os.open(path, os.O_RDWR)\n"
    "    os.pwrite(file, written, 0)\n"
    "    os.close(file)\n"
    "bootctl.sectors.overwrite = overwrite\n"
)
HANDS = {"ours": "", "file": "", "truncates": TRUNCATES, "hasty": HASTY, "single": ONE_FILE}
"""Ours, and what the check has to find: `truncates` empties a file before it writes it, as
grub-editenv does; `hasty` writes both copies without waiting for the first; `single` empties its
only copy."""


class Archive:
    """A cpio archive (newc), as the kernel unpacks it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._out = io.BytesIO()
        self._seen: set[str] = set()

    def add(self, name: str, octets: bytes, mode: int = stat.S_IFREG | 0o755) -> None:
        """Add a file; folders above it come by themselves."""
        for above in reversed(Path(name).parents[:-1]):
            if str(above) not in self._seen:
                self._seen.add(str(above))
                self._put(str(above), b"", stat.S_IFDIR | 0o755)
        self._put(name, octets, mode)

    def folder(self, name: str) -> None:
        """Add an empty folder."""
        self._seen.add(name)
        self._put(name, b"", stat.S_IFDIR | 0o755)

    def whole(self) -> bytes:
        """Return the archive, compressed."""
        self._put("TRAILER!!!", b"", 0)
        return gzip.compress(self._out.getvalue(), 6, mtime=0)

    def _put(self, name: str, octets: bytes, mode: int) -> None:
        fields = (0, mode, 0, 0, 1, 0, len(octets), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self._out.write(head + bytes(-len(head) % 4) + octets + bytes(-len(octets) % 4))


def kernel() -> bytes:
    """Return Debian's kernel for machines of a cloud."""
    return next((rig.TOOLS / "boot").glob("vmlinuz-*")).read_bytes()


def initrd(boot_mib: int, system_mib: int) -> bytes:
    """Return the system, which copies so much of the data partition to the other slot."""
    made = Archive()
    for name in ("dev", "proc", "sys", "efi"):
        made.folder(name)
    init = INIT.replace("@LOADED@", " ".join(LOADED)).replace("@BOOT@", str(boot_mib))
    made.add("init", init.replace("@SYSTEM@", str(system_mib)).encode())
    made.add("busybox", (rig.TOOLS / "usr/bin/busybox").read_bytes())
    made.add("bin/busybox", b"/busybox", stat.S_IFLNK | 0o777)
    modules = next((rig.TOOLS / "usr/lib/modules").iterdir())
    for name in LOADED:
        packed = next(modules.rglob(f"{name}.ko.xz")).read_bytes()
        made.add(f"modules/{name}.ko", lzma.decompress(packed))
    _add_python(made)
    for name, change in HANDS.items():
        text = OURS.replace("@PYTHON@", PYTHON) + change + DO
        made.add(f"hands/{name}.py", text.encode())
    return made.whole()


def _add_python(made: Archive) -> None:
    made.add("usr/bin/python3.13", (rig.TOOLS / "usr/bin/python3.13").read_bytes())
    made.add("lib64/ld-linux-x86-64.so.2", (rig.LIBRARIES / "ld-linux-x86-64.so.2").read_bytes())
    for name in ("libc.so.6", "libm.so.6", "libz.so.1", "libexpat.so.1"):
        made.add(f"usr/lib/x86_64-linux-gnu/{name}", (rig.LIBRARIES / name).read_bytes())
    for name, octets in compiled().items():
        made.add(name, octets)


def compiled() -> dict[str, bytes]:
    """Return all that `bootctl` imports, compiled by the Python that runs it there."""
    house = {"edge": rig.ROOT / "edge", PYTHON: rig.TOOLS / PYTHON}
    script = COMPILE.format(python=str(house[PYTHON]), house=str(rig.ROOT))
    told = json.loads(rig.run(rig.tool("python3.13", "-I", "-S", "-c", script)))
    names = {}
    for source, octets in told.items():
        top, folder = next((t, f) for t, f in house.items() if Path(source).is_relative_to(f))
        inside = Path(top) / Path(source).relative_to(folder)
        inside = inside.with_suffix(".pyc") if inside.suffix == ".py" else inside
        names[str("house" / inside if top == "edge" else inside)] = base64.b64decode(octets)
    return names
