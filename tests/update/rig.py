# SPDX-License-Identifier: Apache-2.0
"""A PC without a box: firmware, GRUB and disks of Debian 13, run by QEMU without a kernel's help.

The programs come from packages laid out in `build/boot-tools` once, and start by their own loader:
nothing is installed, mounted or entered. Needs root and mmdebstrap for that one time.
"""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "build" / "boot-tools"
PACKAGES = (
    "busybox-static", "dosfstools", "fdisk", "grub-common", "grub-efi-amd64-bin",
    "libpython3.13-stdlib", "linux-image-cloud-amd64", "mtools", "ovmf", "python3-minimal",
    "qemu-system-x86",
)  # fmt: skip
MODULES = (
    "part_gpt fat ext2 loadenv test echo linux normal configfile search search_label serial "
    "terminal reboot halt regexp true sleep chain ls"
)
"What BOOTX64.EFI is made with; the image takes it from here."
PARTITIONS = ("esp", "boot_a", "boot_b", "system_a", "system_b", "data")
MIB = 1 << 20
SECTOR = 512
FIRST = MIB
"Where the first partition begins, in octets."
LIBRARIES = TOOLS / "usr/lib/x86_64-linux-gnu"
SURROUNDINGS = os.environ | {
    "MTOOLS_SKIP_CHECK": "1", "QEMU_MODULE_DIR": str(LIBRARIES / "qemu"),
}  # fmt: skip


def make_tools() -> None:
    """Lay the programs out unless they are there; one at a time of those who ask."""
    if os.geteuid() != 0 and not TOOLS.exists():
        raise PermissionError(f"root is needed to make {TOOLS}")
    TOOLS.parent.mkdir(exist_ok=True)
    with TOOLS.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (TOOLS / "usr/bin/qemu-system-x86_64").exists():
            return
        part = TOOLS.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        run(["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(PACKAGES)}",
             "trixie", str(part)])  # fmt: skip
        part.rename(TOOLS)


def run(command: Sequence[str], said: bytes = b"") -> bytes:
    """Run a program to its end, with this on its standard input; return what it said."""
    done = subprocess.run(command, capture_output=True, check=False, input=said, env=SURROUNDINGS)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr.decode()}"
    return done.stdout


def tool(name: str, *words: object) -> list[str]:
    """Return the command that starts a program of the folder."""
    found = next(TOOLS / part / name for part in ("usr/bin", "usr/sbin")
                 if (TOOLS / part / name).exists())  # fmt: skip
    loader = [str(LIBRARIES / "ld-linux-x86-64.so.2"), "--library-path", str(LIBRARIES)]
    return [*loader, str(found), *map(str, words)]


def m(command: str, *words: object) -> bytes:
    """Run a command of mtools."""
    return run(tool("mtools", "-c", command, *words))


def files(place: str, *names: str) -> dict[str, bytes]:
    """Read files of a FAT (`disk@@offset`); one that is not there is empty."""
    got = {}
    for name in names:
        done = subprocess.run(tool("mtools", "-c", "mtype", "-i", place, f"::{name}"),
                              capture_output=True, check=False)  # fmt: skip
        got[name] = done.stdout
    return got


def standalone(config: str, folder: Path) -> bytes:
    """Return BOOTX64.EFI with a configuration in it."""
    (folder / "embedded.cfg").write_text(config)
    made = folder / "BOOTX64.EFI"
    run(tool("grub-mkstandalone", "-O", "x86_64-efi", "-d", TOOLS / "usr/lib/grub/x86_64-efi",
             "-o", made, f"--modules={MODULES}", "--install-modules=", "--fonts=", "--themes=",
             "--locales=", f"boot/grub/grub.cfg={folder / 'embedded.cfg'}"))  # fmt: skip
    return made.read_bytes()


def fat(size: int, tree: Path, label: str) -> bytes:
    """Return a FAT file system with the files of a folder in it."""
    image = tree.with_suffix(".fat")
    image.unlink(missing_ok=True)
    kind = "32" if size >= 64 * MIB else "16" if size >= 16 * MIB else "12"
    run(tool("mkfs.fat", "-F", kind, "-i", "51414C51", "-n", label, "-C", image, size // 1024))
    inside = sorted(map(str, tree.iterdir()))
    if inside:
        m("mcopy", "-s", "-i", image, *inside, "::")
    octets = image.read_bytes()
    image.unlink()
    return octets


def disk(path: Path, contents: Mapping[str, bytes], sizes: Mapping[str, int]) -> dict[str, int]:
    """Make a disk of the six partitions; return where each begins, in octets."""
    places, at, lines = {}, FIRST, ["label: gpt"]
    for name in PARTITIONS:
        size = sizes[name]
        kind = "U" if name == "esp" else "L"
        lines.append(f"start={at // SECTOR}, size={size // SECTOR}, type={kind}, name={name}")
        places[name] = at
        at += size
    with path.open("wb") as file:
        file.truncate(at + MIB)
    run(tool("sfdisk", "--quiet", path), "\n".join(lines).encode())
    with path.open("r+b") as file:
        for name, octets in contents.items():
            assert len(octets) <= sizes[name]
            file.seek(places[name])
            file.write(octets)
    return places


@contextmanager
def qemu(*words: object, firmware: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a machine, its serial line on the pipe; it ends with the block."""
    command = [
        "-nodefaults", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
        "-smp", "1", "-m", "512", "-display", "none", "-serial", "stdio",
        "-L", TOOLS / "usr/share/qemu", "-L", TOOLS / "usr/share/seabios",
    ]  # fmt: skip
    if firmware is not None:
        shutil.copy(TOOLS / "usr/share/OVMF/OVMF_VARS_4M.fd", firmware)
        code = TOOLS / "usr/share/OVMF/OVMF_CODE_4M.fd"
        command += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
        command += ["-drive", f"if=pflash,format=raw,file={firmware}"]
    process = subprocess.Popen(
        tool("qemu-system-x86_64", *command, *words), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        env=SURROUNDINGS,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def said(process: subprocess.Popen[bytes], patience_s: float) -> str:
    """Return all that the serial line says until the machine is off."""
    try:
        out, _ = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
    return out.decode(errors="replace")


def listing(place: str) -> set[str]:
    """Return the names in the root folder of a FAT; none if it is damaged."""
    done = subprocess.run(
        tool("mtools", "-c", "mdir", "-b", "-i", place, "::"), capture_output=True, check=False
    )
    return {line.removeprefix("::/") for line in done.stdout.decode(errors="replace").split("\n")}
